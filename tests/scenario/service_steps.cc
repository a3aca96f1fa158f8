// What befalls the service, and what is expected of it.
#include <map>

#include "scenario/world.h"

namespace syncline::scenario {

namespace {

using ServiceAct = void (*)(World& world, const Subject& subject, Arguments& arguments);

// "value" or ["value", count], null for a tombstone; null for all: there is no such dataset. Complete, tombstones too.
void holds(World& world, const Subject& subject, Arguments& arguments) {
  Json expected = arguments.next("records");
  const auto more = arguments.details().number("and_more", 0);
  const ServiceDataset now = world.service().read(identity_id(subject.identity), subject.dataset);
  if (expected.is_null()) {
    if (now.exists) throw Mismatch("the dataset exists");
    return;
  }
  if (!now.exists) throw Mismatch("the dataset does not exist");
  Json found = Json::object();
  std::int64_t others = 0;
  for (const auto& [key, record] : now.records) {
    const auto wanted = expected.find(key);
    if (wanted == expected.end() && others < more) {
      ++others;
    } else if (wanted != expected.end() && wanted->is_array()) {
      found[key] = Json::array({to_json(record.value), record.count});
    } else {
      found[key] = to_json(record.value);
    }
  }
  for (auto& [key, wanted] : expected.items()) {
    if (wanted.is_array() && wanted.size() == 2) {
      wanted[0] = to_json(value_of(wanted[0]));
    } else {
      wanted = to_json(value_of(wanted));
    }
  }
  check_same("holds", expected, found);
  if (others != more) throw Mismatch("holds " + std::to_string(others) + " more records, not " + std::to_string(more));
}

void count(World& world, const Subject& subject, Arguments& arguments) {
  const std::int64_t expected = arguments.number("count");
  const std::int64_t found = world.service().read(identity_id(subject.identity), subject.dataset).count;
  if (expected != found) throw Mismatch("expected " + std::to_string(expected) + ", found " + std::to_string(found));
}

void delete_dataset(World& world, const Subject& subject, Arguments& /*arguments*/) {
  world.service().delete_dataset(identity_id(subject.identity), subject.dataset);
}

void restart(World& world, const Subject& /*subject*/, Arguments& /*arguments*/) {
  world.service().restart();
}

void kill(World& world, const Subject& /*subject*/, Arguments& /*arguments*/) {
  world.service().kill();
}

void save(World& world, const Subject& /*subject*/, Arguments& arguments) {
  world.service().save(arguments.word("name"));
}

void restore(World& world, const Subject& /*subject*/, Arguments& arguments) {
  world.service().restore(arguments.word("name"));
}

void admin_restore(World& world, const Subject& /*subject*/, Arguments& arguments) {
  world.service().admin_restore(arguments.word("name"));
}

// Sets the service's clock forward or back; the devices' stay.
void clock(World& world, const Subject& /*subject*/, Arguments& arguments) {
  auto& service_clock = world.service().clock();
  service_clock.set_wall(service_clock.wall() + std::chrono::seconds{arguments.number("seconds")});
}

void page_size(World& world, const Subject& /*subject*/, Arguments& arguments) {
  world.service().set_page_size(static_cast<int>(arguments.number("records")));
}

void trigger(World& world, const Subject& /*subject*/, Arguments& arguments) {
  Fields& details = arguments.details();
  Trigger trigger;
  if (const Json* set = details.find("set")) {
    for (const auto& [key, value] : set->items()) trigger.set[key] = text_of(value);
  }
  if (const Json* drop = details.find("drop")) {
    for (const Json& key : *drop) trigger.drop.insert(text_of(key));
  }
  const bool nothing = trigger.set.empty() && trigger.drop.empty();
  world.service().set_trigger(nothing ? std::nullopt : std::optional(std::move(trigger)));
}

}  // namespace

bool act_on_service(World& world, const Subject& subject, const std::string& verb, Arguments& arguments) {
  static const std::map<std::string, ServiceAct> acts{{"holds", holds},
                                                      {"count", count},
                                                      {"delete_dataset", delete_dataset},
                                                      {"kill", kill},
                                                      {"restart", restart},
                                                      {"save", save},
                                                      {"clock", clock},
                                                      {"restore", restore},
                                                      {"page_size", page_size},
                                                      {"trigger", trigger},
                                                      {"admin_restore", admin_restore}};
  const auto act = acts.find(verb);
  if (act == acts.end()) return false;
  act->second(world, subject, arguments);
  return true;
}

}  // namespace syncline::scenario

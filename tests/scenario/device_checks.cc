// What is expected of a device. Every list is complete: what is not named must not be there.
#include <map>

#include "scenario/world.h"

namespace syncline::scenario {

namespace {

using Check = void (*)(Device& device, const std::string& dataset, Arguments& arguments);

template <typename T>
T must(Result<T> result) {
  if (!result) throw Mismatch("can't be read: " + result.error().message);
  return std::move(*result);
}

std::string state_name(RecordState state) {
  switch (state) {
    case RecordState::kClean:
      return "clean";
    case RecordState::kPending:
      return "pending";
    case RecordState::kConflicted:
      return "conflicted";
  }
  return "unknown";
}

// "value" or ["value", "state"].
void holds(Device& device, const std::string& dataset, Arguments& arguments) {
  Json expected = arguments.next("records");
  const auto more = arguments.details().number("and_more", 0);
  Json found = Json::object();
  std::int64_t others = 0;
  for (const Record& record : must(device.dataset(dataset).records())) {
    if (must(device.dataset(dataset).get(record.key)) != record.value) {
      throw Mismatch("get and records disagree about " + record.key);
    }
    const auto wanted = expected.find(record.key);
    if (wanted == expected.end() && others < more) {
      ++others;
    } else if (wanted != expected.end() && wanted->is_array()) {
      found[record.key] = Json::array({record.value, state_name(record.state)});
    } else {
      found[record.key] = record.value;
    }
  }
  for (auto& [key, wanted] : expected.items()) {
    if (wanted.is_array() && wanted.size() == 2) {
      wanted[0] = text_of(wanted[0]);
    } else {
      wanted = text_of(wanted);
    }
  }
  check_same("holds", expected, found);
  if (others != more) throw Mismatch("holds " + std::to_string(others) + " more records, not " + std::to_string(more));
}

// One key, whatever its length: a value, or null for none.
void gets(Device& device, const std::string& dataset, Arguments& arguments) {
  const std::string key = arguments.text("key");
  const Json expected = to_json(value_of(arguments.next("value")));
  const Json found = to_json(must(device.dataset(dataset).get(key)));
  if (expected != found) throw Mismatch("expected " + shown(expected) + ", found " + shown(found));
}

// {"key": base count}: what is to be pushed, and on which version it was written.
void pending(Device& device, const std::string& dataset, Arguments& arguments) {
  const Json expected = arguments.next("pending keys with their base counts");
  Json found = Json::object();
  for (const PendingChange& change : must(device.dataset(dataset).pending_changes())) {
    found[change.key] = change.base_count.value;
  }
  check_same("pending", expected, found);
}

Json by_key(const Json& list) {
  Json object = Json::object();
  for (const Json& each : list) {
    if (!each.is_array() || each.size() != 4) throw BadScenario("not [key, base, local, remote]: " + shown(each));
    object[std::to_string(object.size() + 1)] = each;
  }
  return object;
}

void conflicts(Device& device, const std::string& dataset, Arguments& arguments) {
  const Json expected = by_key(arguments.next("list of [key, base, local, remote]"));
  Json found = Json::array();
  for (const Conflict& conflict : must(device.dataset(dataset).conflicts())) found.push_back(as_asked(conflict));
  check_same("conflicts", expected, by_key(found));
}

// Each question is to be expected once, by a step of this kind.
void asked(Device& device, const std::string& dataset, Arguments& arguments) {
  const Json expected = by_key(arguments.next("list of [key, base, local, remote]"));
  check_same("asked", expected, by_key(device.take_asked(dataset)));
}

void info(Device& device, const std::string& dataset, Arguments& arguments) {
  const DatasetInfo now = must(device.dataset(dataset).info());
  const Json all{{"records", now.records},
                 {"bytes", now.bytes},
                 {"pending", now.pending},
                 {"conflicts", now.conflicts},
                 {"sync_count", now.sync_count.value}};
  const Json expected = arguments.next("numbers");
  Json found = Json::object();
  for (const auto& [name, wanted] : expected.items()) {
    if (!all.contains(name)) throw BadScenario("unknown field \"" + name + "\"");
    found[name] = all.at(name);
  }
  if (found.empty()) throw BadScenario("it names no number");
  check_same("info", expected, found);
}

}  // namespace

bool check_device(Device& device, const std::string& dataset, const std::string& verb, Arguments& arguments) {
  static const std::map<std::string, Check> checks{{"holds", holds},         {"gets", gets},   {"pending", pending},
                                                   {"conflicts", conflicts}, {"asked", asked}, {"info", info}};
  const auto check = checks.find(verb);
  if (check == checks.end()) return false;
  check->second(device, dataset, arguments);
  return true;
}

}  // namespace syncline::scenario

// What a device does, and what befalls it.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "scenario/world.h"

namespace syncline::scenario {

namespace {

struct Scene {
  World& world;
  Device& device;
  const std::string& dataset;
};
using Act = void (*)(Scene& scene, Arguments& arguments);

// A call that succeeds, or fails as the details say: {"fails": "limit_exceeded"}.
void check_call(const Result<void>& result, Arguments& arguments) {
  const std::string wanted = arguments.details().word("fails", "");
  const std::string found = result ? "" : std::string(to_string(result.error().code));
  if (wanted == found) return;
  const std::string text = result ? "a success" : found + " (" + result.error().message + ")";
  throw Mismatch("expected " + (wanted.empty() ? "a success" : wanted) + ", found " + text);
}

Answer read_answer(const Json& json) {
  static const std::set<std::string> names{"none", "keep_local", "keep_remote", "newest", "later", "remove", "throw"};
  Answer answer;
  if (json.is_string()) {
    answer.name = json.get<std::string>();
  } else {
    Fields fields(json);
    if (const Json* value = fields.find("use")) {
      answer.name = "use";
      answer.value = text_of(*value);
    } else {
      answer.name = fields.word("answer", "");
    }
    if (const Json* first = fields.find("first")) answer.first = *first;
    fields.done();
  }
  if (answer.name != "use" && !names.contains(answer.name)) throw BadScenario("unknown answer " + shown(json));
  return answer;
}

// --- the app's calls ----------------------------------------------------------------------------------------------

void put(Scene& scene, Arguments& arguments) {
  const std::string key = arguments.text("key");
  const std::string value = arguments.text("value");
  check_call(scene.device.dataset(scene.dataset).put(key, value), arguments);
}

void remove(Scene& scene, Arguments& arguments) {
  const std::string key = arguments.text("key");
  check_call(scene.device.dataset(scene.dataset).remove(key), arguments);
}

void put_all(Scene& scene, Arguments& arguments) {
  std::vector<Change> changes;
  for (const Json& pair : arguments.next("list of [key, value]")) {
    if (!pair.is_array() || pair.size() != 2) throw BadScenario("not [key, value]: " + shown(pair));
    changes.push_back(Change{.key = text_of(pair.at(0)), .value = value_of(pair.at(1))});
  }
  check_call(scene.device.dataset(scene.dataset).put_all(changes), arguments);
}

// PREFIX0001 to PREFIXnnnn, in one transaction.
void fill(Scene& scene, Arguments& arguments) {
  const std::string prefix = arguments.text("prefix");
  const std::int64_t count = arguments.number("count");
  const auto value = value_of(arguments.next("value"));
  std::vector<Change> changes;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::string digits = std::to_string(i);
    changes.push_back(
        Change{.key = prefix + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits, .value = value});
  }
  check_call(scene.device.dataset(scene.dataset).put_all(changes), arguments);
}

void delete_dataset(Scene& scene, Arguments& arguments) {
  check_call(scene.device.dataset(scene.dataset).delete_dataset(), arguments);
}

void resolve(Scene& scene, Arguments& arguments) {
  const std::string key = arguments.text("key");
  const Answer answer = read_answer(arguments.next("answer"));
  // An answer to an earlier picture: there the remote side was another version.
  const Json* remote = arguments.details().find("shown_remote");
  Dataset& dataset = scene.device.dataset(scene.dataset);
  const auto open = dataset.conflicts();
  if (!open) throw Mismatch("the conflicts can't be listed: " + open.error().message);
  for (Conflict conflict : *open) {
    if (conflict.key != key) continue;
    if (remote != nullptr) conflict.remote = Version{.value = value_of(*remote)};
    return check_call(dataset.resolve(conflict, resolution_of(answer, conflict)), arguments);
  }
  throw Mismatch("there is no open conflict for " + key);
}

void on_conflict(Scene& scene, Arguments& arguments) {
  scene.device.set_answer(scene.dataset, read_answer(arguments.next("answer")));
}

// --- syncs --------------------------------------------------------------------------------------------------------

std::string outcome_of(const SyncRun& run) {
  if (run.killed) return "killed";
  if (!*run.outcome) return std::string(to_string(run.outcome->error().code));
  return (*run.outcome)->outcome == SyncOutcome::kSuccess ? "success" : "conflicts";
}

void check_run(const SyncRun& run, Arguments& arguments) {
  Fields& details = arguments.details();
  Json expected{{"outcome", details.word("outcome", "success")}};
  const std::string message = !run.killed && !*run.outcome ? " (" + run.outcome->error().message + ")" : "";
  Json found{{"outcome", outcome_of(run)}};
  const SyncReport report = run.killed ? SyncReport{} : run.outcome->value_or(SyncReport{});
  const std::pair<const char*, std::size_t> numbers[] = {
      {"pulled", report.pulled},     {"pushed", report.pushed},
      {"resolved", report.resolved}, {"conflicts", report.conflicts},
      {"requests", report.requests}, {"sync_count", static_cast<std::size_t>(report.sync_count.value)}};
  for (const auto& [name, number] : numbers) {
    if (const Json* wanted = details.find(name)) {
      if (expected.at("outcome") != "success" && expected.at("outcome") != "conflicts") {
        throw BadScenario("a sync that fails reports nothing to compare \"" + std::string(name) + "\" with");
      }
      expected[name] = *wanted;
      found[name] = number;
    }
  }
  check_same("sync" + message, expected, found);
}

void sync(Scene& scene, Arguments& arguments) {
  scene.device.begin_sync(scene.dataset);
  check_run(*scene.device.end_sync(), arguments);
}

void begin_sync(Scene& scene, Arguments& /*arguments*/) {
  scene.device.begin_sync(scene.dataset);
}

void end_sync(Scene& scene, Arguments& arguments) {
  check_run(*scene.device.end_sync(), arguments);
}

// --- life and network ---------------------------------------------------------------------------------------------

void restart(Scene& scene, Arguments& arguments) {
  Fields& details = arguments.details();
  auto& options = scene.device.options();
  options.identity = details.word("identity", options.identity);
  identity_id(options.identity);
  options.attempts = static_cast<int>(details.number("attempts", options.attempts));
  const std::string durability = details.word("durability", options.survive_power_cut ? "full" : "process");
  if (durability != "full" && durability != "process") throw BadScenario("unknown durability \"" + durability + "\"");
  options.survive_power_cut = durability == "full";
  scene.device.restart();
}

void kill(Scene& scene, Arguments& /*arguments*/) {
  scene.device.kill();
}

void clock(Scene& scene, Arguments& arguments) {
  const std::chrono::seconds ahead{arguments.number("seconds ahead of the service")};
  scene.device.clock().set_wall(scene.world.service().clock().wall() + ahead);
}

void fault(Scene& scene, Arguments& arguments) {
  scene.device.add_fault(read_fault(arguments));
}

void clear_faults(Scene& scene, Arguments& /*arguments*/) {
  scene.device.clear_faults();
}

void release(Scene& scene, Arguments& /*arguments*/) {
  scene.device.release();
}

void deliver(Scene& scene, Arguments& /*arguments*/) {
  scene.device.deliver();
}

void during(Scene& scene, Arguments& arguments) {
  const std::string request = arguments.word("request");
  Fields& details = arguments.details();
  Hook hook{.selection = Selection(request, details.number("skip", 0), 1), .before = nullptr, .after = nullptr};
  if (const Json* steps = details.find("before")) hook.before = *steps;
  if (const Json* steps = details.find("after")) hook.after = *steps;
  if (hook.before.is_null() && hook.after.is_null()) throw BadScenario("it has neither \"before\" nor \"after\"");
  scene.device.add_hook(std::move(hook));
}

}  // namespace

bool act_on_device(World& world, Device& device, const std::string& dataset, const std::string& verb,
                   Arguments& arguments) {
  static const std::map<std::string, Act> acts{{"put", put},
                                               {"remove", remove},
                                               {"put_all", put_all},
                                               {"fill", fill},
                                               {"delete_dataset", delete_dataset},
                                               {"resolve", resolve},
                                               {"on_conflict", on_conflict},
                                               {"sync", sync},
                                               {"begin_sync", begin_sync},
                                               {"end_sync", end_sync},
                                               {"restart", restart},
                                               {"kill", kill},
                                               {"clock", clock},
                                               {"fault", fault},
                                               {"clear_faults", clear_faults},
                                               {"release", release},
                                               {"deliver", deliver},
                                               {"during", during}};
  const auto act = acts.find(verb);
  if (act == acts.end()) return false;
  Scene scene{world, device, dataset};
  act->second(scene, arguments);
  return true;
}

}  // namespace syncline::scenario

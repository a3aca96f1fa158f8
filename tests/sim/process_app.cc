// What the app does on a device, and what it is shown; each told to the ledger.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/process.h"

namespace syncline::sim {

namespace {

constexpr std::size_t kLongValue = 1'500;   // longer than the service leaves unpacked
constexpr std::size_t kHugeValue = 52'000;  // longer than a stream's record may be

std::string value_of(const Step& step, std::size_t index) {
  const std::string own = std::string(kUniqueMark) + std::to_string(step.id) + "." + std::to_string(index);
  switch (static_cast<Value>(step.kind)) {
    case Value::kOwn:
      return own + " \xe2\x9c\x93";
    case Value::kOwnLong:
      return own + " " + std::string(kLongValue, 'x');
    case Value::kOwnHuge:
      return own + " " + std::string(kHugeValue, 'x');
    case Value::kEmpty:
      return "";
    case Value::kSame:
      return "same";
  }
  return own;
}

std::string key_of(const Step& step, std::size_t further = 0) {
  return kKeys[(static_cast<std::size_t>(step.key) + further) % kKeys.size()];
}

// The disk may keep what it said it could not write.
bool in_doubt(const Error& error) {
  return error.code == ErrorCode::kStorage || error.code == ErrorCode::kStorageFull ||
         error.code == ErrorCode::kStorageBusy || error.code == ErrorCode::kCorrupt ||
         error.code == ErrorCode::kInternal;
}

std::string outcome(const Result<void>& result) {
  return result ? "" : " fails: " + std::string(to_string(result.error().code));
}

}  // namespace

// --- writes -------------------------------------------------------------------------------------------------------

std::int64_t Process::since(const std::string& dataset) const {
  std::int64_t first = WriteLedger::kUnknownBase;
  for (const auto& each : device_.runs) {
    const auto run = each.lock();
    if (run && run->completions == 0 && run->dataset == dataset) first = std::min(first, run->began);
  }
  return first;
}

// Writing what the other side of a waiting conflict holds takes that version, which may have been replaced by then.
std::int64_t Process::seen_since(const std::string& dataset, const Change& change) {
  if (is_unique(change.value)) return WriteLedger::kUnknownBase;
  const auto waiting = datasets_.at(dataset).conflicts();
  if (!waiting) return WriteLedger::kUnknownBase;
  for (const Conflict& conflict : *waiting) {
    if (conflict.key != change.key || conflict.remote.value != change.value) continue;
    return context_.writes.committed_at(dataset, change.key, conflict.remote.count.value);
  }
  return WriteLedger::kUnknownBase;
}

// The version that the device knew when it wrote.
std::int64_t Process::base_of(const std::string& dataset, const std::string& key) {
  if (dead()) return WriteLedger::kUnknownBase;
  const auto record = datasets_.at(dataset).record(key);
  if (!record || !*record) return WriteLedger::kUnknownBase;
  return (*record)->sync_count.value;
}

void Process::note_write(const std::string& dataset, const Change& change, const Result<void>& result,
                         std::int64_t began) {
  const auto where = place(dataset, change.key);
  if (result) return context_.writes.wrote(where, change.value, base_of(dataset, change.key), began);
  if (in_doubt(result.error()) || dead()) context_.writes.perhaps_wrote(where, change.value);
}

// The process may die in here, so that a success is not told.
void Process::write(const std::string& dataset, const std::vector<Change>& changes) {
  context_.disk.run_as(process_);
  Dataset& data = datasets_.at(dataset);
  auto began = since(dataset);
  const auto absent = [&] {
    const auto before = data.get(changes.front().key);
    return !before || !*before;
  };
  // A removal of what is absent is a success that writes nothing, and where the disk does not tell it may be one.
  if (changes.size() == 1 && !changes.front().value && absent()) return;
  for (const Change& change : changes) began = std::min(began, seen_since(dataset, change));
  Result<void> result;
  if (changes.size() > 1) {
    result = data.put_all(changes);
  } else {
    result = changes.front().value ? data.put(changes.front().key, *changes.front().value)
                                   : data.remove(changes.front().key);
  }
  std::string keys;
  for (const Change& change : changes) {
    note_write(dataset, change, result, began);
    keys += " " + change.key + (change.value ? "=" + change.value->substr(0, 8) : " removed");
  }
  context_.say(name() + "/" + dataset + keys + outcome(result));
  for (const Change& change : changes) {
    std::erase_if(device_.torn_batches[dataset], [&](const Change& torn) { return torn.key == change.key; });
  }
  if (changes.size() > 1 && !result && dead()) device_.torn_batches[dataset] = changes;
}

void Process::put(const Step& step) {
  if (dataset(label(step.dataset)) == nullptr) return;
  write(label(step.dataset), {Change{.key = key_of(step), .value = value_of(step, 0)}});
  after_call();
  tick();
}

void Process::remove(const Step& step) {
  if (dataset(label(step.dataset)) == nullptr) return;
  write(label(step.dataset), {Change{.key = key_of(step), .value = std::nullopt}});
  after_call();
  tick();
}

void Process::put_all(const Step& step) {
  if (dataset(label(step.dataset)) == nullptr) return;
  Step own = step;
  own.kind = static_cast<int>(Value::kOwn);
  std::vector<Change> changes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(step.number); ++i) {
    const bool removed = ((step.kind >> i) & 1) != 0;
    const auto present = datasets_.at(label(step.dataset)).get(key_of(step, i));
    if (removed && (!present || !*present)) continue;  // would write nothing
    changes.push_back(
        Change{.key = key_of(step, i), .value = removed ? std::nullopt : std::optional(value_of(own, i))});
  }
  if (!changes.empty() && !dead()) write(label(step.dataset), changes);
  after_call();
  tick();
}

// D3: what a batch that did not return has left is all of it or nothing.
void Process::check_batch(const std::string& dataset) {
  const auto changes = device_.torn_batches.at(dataset);
  device_.torn_batches.erase(dataset);
  Dataset* const data = this->dataset(dataset);
  if (data == nullptr) return;
  context_.disk.run_as(process_);
  std::size_t found = 0;
  std::size_t unique = 0;
  for (const Change& change : changes) {
    if (!is_unique(change.value)) continue;
    ++unique;
    const auto value = data->get(change.key);
    if (!value || dead()) return after_call();
    found += *value == change.value ? 1U : 0U;
  }
  context_.verdict.require(
      found == 0 || found == unique, "D3",
      name() + ": " + std::to_string(found) + " of the " + std::to_string(unique) + " writes of a batch are there");
}

void Process::delete_dataset(const Step& step) {
  const auto dataset = label(step.dataset);
  Dataset* const data = this->dataset(dataset);
  if (data == nullptr) return;
  context_.disk.run_as(process_);
  const auto result = data->delete_dataset();
  auto& moment = device_.deleted[dataset];
  if (result && !dead()) {
    context_.writes.deleted(device_.index, dataset);
    moment = context_.writes.moment();
  } else {
    context_.writes.perhaps_deleted(device_.index, dataset);
    moment = WriteLedger::kUnknownBase;  // a commit that could not be synced may still be found by the next start
  }
  context_.say(name() + "/" + dataset + " deleted" + outcome(result));
  after_call();
  tick();
}

// --- conflicts ----------------------------------------------------------------------------------------------------

std::string Process::own_value() {
  return std::string(kUniqueMark) + name() + std::to_string(++device_.values);
}

void Process::connect(const std::string& dataset) {
  ConflictHandler handler;
  if (device_.answer != Answer::kNone) {
    handler = [this, dataset, of = process_](const Conflict& conflict) {
      if (context_.disk.killed(of)) return Resolution::later();
      return decide(dataset, conflict);
    };
  }
  datasets_.at(dataset).set_conflict_handler(std::move(handler));
}

void Process::use_answer() {
  for (const auto& [dataset, data] : std::map(datasets_)) connect(dataset);
}

Resolution Process::decide(const std::string& dataset, const Conflict& conflict) {
  context_.say(name() + "/" + dataset + " is asked about " + conflict.key + ": " +
               (conflict.local ? conflict.local->substr(0, 8) : "removed") + " or " +
               (conflict.remote.value ? conflict.remote.value->substr(0, 8) : "removed") + "@" +
               std::to_string(conflict.remote.count.value));
  context_.writes.shown(device_.index, dataset, conflict);
  const auto resolution = answer(dataset, conflict);
  const auto choice = resolution.choice();
  context_.writes.chose(place(dataset, conflict.key), conflict, choice,
                        choice == Resolution::Choice::kValue ? std::optional(resolution.value()) : std::nullopt);
  return resolution;
}

Resolution Process::answer(const std::string& dataset, const Conflict& conflict) {
  switch (device_.answer) {
    case Answer::kLocal:
      return Resolution::keep_local();
    case Answer::kRemote:
      return Resolution::keep_remote();
    case Answer::kNone:
    case Answer::kNewest:
      return conflict_policy::newest(conflict);
    case Answer::kLater:
      return Resolution::later();
    case Answer::kRemove:
      return Resolution::remove();
    case Answer::kUse:
      return Resolution::use(own_value());
    case Answer::kThrow:
      throw std::runtime_error("simulated: the app's handler throws");
    case Answer::kWriteSame:
      write(dataset, {Change{.key = conflict.key, .value = own_value()}});
      return Resolution::keep_local();
    case Answer::kWriteOther:
      write(dataset, {Change{.key = conflict.key == kKeys[4] ? kKeys[5] : kKeys[4], .value = own_value()}});
      return Resolution::keep_remote();
  }
  return Resolution::later();
}

void Process::resolve(const Step& step) {
  const auto dataset = label(step.dataset);
  Dataset* const data = this->dataset(dataset);
  if (data == nullptr) return;
  context_.disk.run_as(process_);
  const auto open = data->conflicts();
  if (!open || open->empty() || dead()) return after_call();
  const Conflict& conflict = open->front();
  context_.writes.shown(device_.index, dataset, conflict);
  const auto kept = std::exchange(device_.answer, static_cast<Answer>(step.kind));
  const auto resolution = answer(dataset, conflict);
  device_.answer = kept;
  const auto where = place(dataset, conflict.key);
  const bool third = resolution.choice() == Resolution::Choice::kValue;
  const auto result = data->resolve(conflict, resolution);
  context_.writes.chose(where, conflict, resolution.choice(), third ? std::optional(resolution.value()) : std::nullopt);
  if (result && third) context_.writes.wrote(where, resolution.value(), conflict.remote.count.value, since(dataset));
  context_.say(name() + "/" + dataset + " settles " + conflict.key + outcome(result));
  after_call();
  tick();
}

// --- what the store holds -----------------------------------------------------------------------------------------

void Process::check_all() {
  for (int i = 0; i < context_.plan.datasets; ++i) check(label(i));
}

void Process::check(const std::string& dataset) {
  Dataset* const data = this->dataset(dataset);
  if (data == nullptr) return;
  context_.disk.run_as(process_);
  const auto pending = data->pending_changes();
  if (!pending || dead()) return after_call();
  context_.writes.check(device_.index, dataset, *pending);
  // A dataset that is deleted here keeps its sync count until the service has heard of it.
  if (!context_.held.ever_restored() && !device_.deleted.contains(dataset)) check_count(dataset, *pending);
  after_call();
}

// D9: every version up to the sync count is in a base, or waits in a conflict.
void Process::check_count(const std::string& dataset, const std::vector<PendingChange>& pending) {
  Dataset& data = datasets_.at(dataset);
  const auto info = data.info();
  const auto records = data.records();
  const auto conflicts = data.conflicts();
  const auto held = context_.held.held().find(dataset);
  if (!info || !records || !conflicts || dead() || held == context_.held.held().end()) return;
  std::map<std::string, std::int64_t> known;
  for (const Record& record : *records) known[record.key] = record.sync_count.value;
  for (const auto& change : pending) known[change.key] = change.base_count.value;
  for (const auto& conflict : *conflicts) known[conflict.key] = conflict.remote.count.value;
  for (const auto& [key, version] : held->second.records) {
    if (version.count > info->sync_count.value) continue;
    const auto found = known.find(key);
    const bool unseen = found == known.end() ? version.value.has_value() : found->second < version.count;
    context_.verdict.require(!unseen, "D9",
                             name() + "/" + dataset + " is at " + std::to_string(info->sync_count.value) +
                                 ", but does not know " + key + "@" + std::to_string(version.count));
  }
}

}  // namespace syncline::sim

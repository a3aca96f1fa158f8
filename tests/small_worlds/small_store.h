// The rules of src/store in a few bytes, for one dataset: bases, journal, sends, conflicts, staging. No disk, so that a
// million of them can be explored; small_store_test.cc holds it to the real one, call by call. [one thread]
#pragma once

#include <vector>

#include "small_worlds/values.h"
#include "syncline/records.h"

namespace syncline::small {

struct Sent {
  Byte value = kNoValue;
  Byte revision = 0;
  Byte base_count = 0;
};

struct Entry {
  Held base = {};
  Byte base_revision = 0;
  bool pending = false;
  Byte pending_value = kNoValue;
  Byte revision = 0;  // of the pending change
  Held conflict = {};
  Held staged = {};
  std::vector<Sent> sent = {};

  [[nodiscard]] Byte visible() const { return pending ? pending_value : (base.known ? base.value : kNoValue); }
  [[nodiscard]] Byte last_revision() const { return pending ? revision : base_revision; }
};

// What became of one key in a pull.
struct Taken {
  std::size_t key = 0;
  PlanAction action = PlanAction::kIgnore;
};

struct SmallStore {
  DatasetPhase phase = DatasetPhase::kActive;
  Byte sync_count = 0;
  Byte newest = 0;     // the greatest count that the service told of
  Byte deletions = 0;  // stands for the generation: a session's lease ends with the next one
  std::array<Entry, kKeys> keys = {};

  [[nodiscard]] SyncStart start() const;
  // False: nothing changed.
  bool write(std::size_t key, Byte value);
  void stage(const std::vector<RemoteRecord>& records, bool first);
  std::vector<Taken> apply_pull(PullKind kind, SyncCount count, bool with_staged,
                                const std::vector<RemoteRecord>& records);
  std::vector<OutgoingChange> prepare_push(bool listed);
  // Says whether nothing came in between.
  bool acknowledge(const std::vector<OutgoingChange>& changes, const std::vector<RemoteRecord>& records,
                   SyncCount listed);
  // `value` counts for Choice::kValue only. The key must be in conflict.
  void resolve(std::size_t key, Resolution::Choice choice, Byte value);
  void begin_deletion();
  void finish_deletion();
  [[nodiscard]] std::size_t open_conflicts() const;
  void add_to(Digest& digest) const;

 private:
  void set_base(Entry& entry, const Held& version, Byte revision);
  void drop_base(Entry& entry);
  Taken take(std::size_t key, PullKind kind, const Held* incoming);
  void carry_out(Entry& entry, PlanAction action, const Held* incoming);
};

}  // namespace syncline::small

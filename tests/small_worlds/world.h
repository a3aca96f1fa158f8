// A small world: two devices of one identity (the real engine over a small store), one service, and what may still go
// wrong. A state of it is a value: copied, hashed, gone on from in every direction. [one thread]
//
// Checked in every state: D1 D4 D5 D6 D7 D9 D11 D13. By settling, from every state in which no session runs: D12.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "small_worlds/small_service.h"
#include "small_worlds/small_store.h"

namespace syncline::small {

// How much may happen in a world, over its whole life.
struct Budget {
  Byte writes = 2;     // of each device
  Byte syncs = 2;      // of each device
  Byte faults = 1;     // all together
  Byte deletions = 0;  // of the dataset, here or by somebody else
  Byte restores = 0;   // of the service from a backup: its latest commit is undone
  Byte page_size = 2;
  bool shared_start = false;  // both devices begin with one record that A wrote
  bool b_is_silent = false;   // one device alone: nothing may ever be asked
  bool keeps = false;         // what others delete may be kept
  bool lenient = false;       // the service's session tokens don't end with the dataset
};

enum class What : std::uint8_t {
  kWrite,       // detail: the key, + kRemoval
  kStart,       // synchronize(); detail: 1: what is kept of the last list is too old
  kStep,        // the session's command is carried out; detail: an Outcome
  kKill,        // the session is gone, the store stays
  kDeliver,     // a push that was on its way arrives; detail: which
  kErase,       // somebody deletes the dataset at the service
  kDeleteHere,  // the device deletes it
  kRestore,
};
inline constexpr Byte kRemoval = 100;

enum class Outcome : std::uint8_t {
  kFine,
  kLostBefore,  // the request never arrives
  kLostAfter,   // it took effect, its answer is lost
  kLate,        // its answer is given up; it arrives later
  kTwice,       // it arrives, and once more later
  kRefused,     // 409, and nothing took effect
  kShort,       // the answer of a push leaves a record out
  // AskConflicts; AskDeletion: kKeepLocal, else the deletion is accepted
  kKeepLocal,
  kKeepRemote,
  kUseNew,
  kLater,
};

struct Action {
  What what = What::kStart;
  Byte device = 0;
  Byte detail = 0;
  bool operator==(const Action&) const = default;
};
std::string describe(const Action& action);

// One sync of one device.
struct Session {
  engine::DatasetSession engine = {};
  std::optional<engine::Command> command = {};
  std::vector<OutgoingChange> sent = {};
  std::uint64_t told = 0;  // digest of all events: stands for the engine's state
  Byte deletions = 0;      // of the store when it began
  bool listed = false;     // a list of its own stands behind what it pushes
  bool in_doubt = false;   // its push brought a restored service up to the count that it had seen, and it was told
};

class World {
 public:
  explicit World(const Budget& budget);

  // All that can happen next.
  [[nodiscard]] std::vector<Action> actions() const;
  // Empty: nothing was violated.
  std::string apply(const Action& action);
  [[nodiscard]] bool quiet() const { return !devices_[0].session && !devices_[1].session; }
  // Ends the faults, delivers what is late, and lets each device sync three times. Empty: all came together (D12).
  [[nodiscard]] std::string settle() const;
  [[nodiscard]] std::uint64_t digest() const;

 private:
  static constexpr std::size_t kRevisions = 64;

  // The last thing that a device's app said about a key.
  struct Word {
    Byte value = kNoValue;
    Byte removed = kNoValue;
  };
  struct Device {
    SmallStore store = {};
    std::optional<Session> session = {};
    Byte writes_left = 0;
    Byte syncs_left = 0;
    Byte values = 0;
    bool last_sync_failed = false;
    std::string token = {};  // of the latest list, in the process's memory
    Byte token_deletions = 0;
    std::array<Word, kKeys> words = {};
    // D4: how often each write may still become a version: once, and once more each time the app insists on it.
    std::array<std::array<Byte, kRevisions>, kKeys> spent = {};
    std::array<std::array<Byte, kRevisions>, kKeys> insisted = {};
  };

  [[nodiscard]] Byte new_value(Byte device);
  void write(Byte device, std::size_t key, bool removal);
  [[nodiscard]] bool keeps_token(Byte device) const;
  void start(Byte device, bool with_token);
  void step(Byte device, Outcome outcome);
  void kill(Byte device);
  void end_session(Byte device);
  void tell(Byte device, engine::Event event);
  void restore();

  // What a command comes to: the next event.
  engine::Event run(Byte device, const engine::ListRecords& command, Outcome outcome);
  engine::Event run(Byte device, const engine::StagePage& command, Outcome outcome);
  engine::Event run(Byte device, const engine::ApplyPull& command, Outcome outcome);
  engine::Event run(Byte device, const engine::AskDeletion& command, Outcome outcome);
  engine::Event run(Byte device, const engine::AskConflicts& command, Outcome outcome);
  engine::Event run(Byte device, const engine::PreparePush& command, Outcome outcome);
  engine::Event run(Byte device, const engine::PushRecords& command, Outcome outcome);
  engine::Event run(Byte device, const engine::AcknowledgePush& command, Outcome outcome);
  engine::Event run(Byte device, const engine::DeleteRemotely& command, Outcome outcome);
  engine::Event run(Byte device, const engine::FinishDeletion& command, Outcome outcome);
  engine::Event run(Byte device, const engine::Finish& command, Outcome outcome);

  // `answered`: the device hears of the count.
  bool commit(const Push& push, bool answered);
  void answer_conflict(Byte device, std::size_t key, Outcome outcome);
  // A deletion takes the counts and the words about a dataset along; a restore takes back what was committed.
  [[nodiscard]] bool words_count() const { return budget_.deletions == 0 && budget_.restores == 0; }
  void complain(const std::string& what);
  void check_asked_rightly(Byte device, std::size_t key);
  void check_not_missed(Byte device, const std::array<Entry, kKeys>& before, const engine::ApplyPull& pull);
  void check_sync_counts();
  void check_words();
  [[nodiscard]] std::string check_together() const;
  void append_writes(std::vector<Action>& actions, Byte device) const;
  void append_steps(std::vector<Action>& actions, Byte device) const;
  void sync(Byte device);

  Budget budget_;  // what is constant of it, and the faults that are left
  Byte deletions_left_ = 0;
  Byte restores_left_ = 0;
  SmallService service_ = {};
  std::optional<SmallService> before_last_commit_ = {};
  std::array<Device, kDevices> devices_ = {};
  std::vector<Push> late_ = {};
  std::uint64_t committed_ = 0;              // values, a bit each
  std::uint64_t insisted_values_ = 0;        // those that an app chose to write over another version
  std::array<Byte, kDevices> ahead_ = {};    // the count that a session may have seen before a restore
  std::array<bool, kDevices> blinded_ = {};  // by a restore: new counts came up to those that it had seen
  std::string complaint_ = {};
};

}  // namespace syncline::small

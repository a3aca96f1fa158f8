// A history before it is played: who there is, and the steps, faults included. Made from a seed and a profile; a shrunk
// one has fewer steps and is otherwise the same. [one thread]
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::sim {

enum class Act : std::uint8_t {
  kPut,        // key, kind: which value (Value), process
  kRemove,     // key
  kPutAll,     // number: how many keys, from `key` on; kind: bits, 1 = this one is removed
  kSync,       // begins one; time goes on while it runs
  kResolve,    // the first open conflict; kind: Answer
  kHandler,    // kind: Answer, of the app from now on
  kDelete,     // the local dataset, and the service's with the next sync
  kRestart,    // the client is shut down and opened again
  kKill,       // number: the process dies at that file operation from now on; kind: before, after or torn; 0: now
  kPowerCut,   // all processes of the device die; what was not synced may be lost or torn
  kDiskFault,  // number: as of that file operation; kind: an error once, an error for some time, disk full for a while
  kNetFault,   // kind: Fault; key: operation; number: what the fault wants to know
  kPartition,  // number: milliseconds
  kClock,      // number: milliseconds by which the device's wall clock is wrong from now on
  kCredentials,  // kind: Signing, for `number` milliseconds
  kDescribe,     // the app asks the service about the dataset, or for all of them
  kServiceKill,  // as kKill
  kServicePowerCut,
  kServiceFault,  // as kDiskFault
  kBackup,
  kRestore,  // the service's files are those of the last backup
  kWait,     // nothing but its milliseconds
  kSwitch,   // the process starts anew, as identity `number`; kind 1: as whichever was the last here
  kIntrude,  // somebody without the right to do so calls the service; kind: Intrusion; key: an operation

  // --- of the profile "accounts"
  kSignIn,     // number: who, 0 a guest; kind: GuestData; key: Manner
  kSignOut,    // kind: Leave
  kSyncAll,    // all datasets at once, those that the service has as well
  kSubscribe,  // to all datasets; the device is registered first
  kPush,       // a push message; kind: Hint
  kFlush,
  kMergeUsers,    // the developer makes one of the persons 2 and 3; kind: of whom
  kConnectivity,  // the system tells of the network; kind: Connectivity::State
  kFront,         // kind 0: the app comes to the front, 1: it leaves it

  // --- of the profile "deliveries"; kSubscribe too: the device, to one dataset
  kReceiverFault,  // key: Receiver; kind: a NetFault for its next request, or one of the two below; number: as
                   // kNetFault
  kStream,         // the developer sets the pool's stream; kind 0: enabled, else disabled
  kReplay,         // the operator sends all dead letters again
};
inline constexpr int kActs = static_cast<int>(Act::kReplay) + 1;

enum class Value : std::uint8_t {
  kOwn,
  kOwnLong,
  kEmpty,
  kSame,
  kOwnHuge,  // a stream's record of it is an object
};

// How the app answers a conflict.
enum class Answer : std::uint8_t {
  kNone,  // there is no handler
  kLocal,
  kRemote,
  kNewest,
  kLater,
  kRemove,
  kUse,
  kThrow,
  kWriteSame,   // writes the key itself, then keeps what was shown as local
  kWriteOther,  // writes another key, then takes the remote version
};
inline constexpr int kAnswers = static_cast<int>(Answer::kWriteOther) + 1;

enum class NetFault : std::uint8_t {
  kDropRequest,
  kLoseRequest,  // dropped, and the caller waits for its time-out
  kDropAnswer,
  kLoseAnswer,
  kDuplicate,     // seen twice, the second time `number` milliseconds later
  kDelayRequest,  // seen `number` milliseconds later, perhaps after the caller's time-out
  kDelayAnswer,
  kTruncate,      // the answer ends after a part of its bytes
  kShorten,       // so does its body, and its length says so
  kRefuseBefore,  // another answer; the service never saw the request
  kRefuseAfter,   // another answer, after the service did what was asked
};
inline constexpr int kNetFaults = static_cast<int>(NetFault::kRefuseAfter) + 1;
inline constexpr int kCutOffReceiver = kNetFaults;       // for `number` milliseconds
inline constexpr int kForgetEndpoints = kNetFaults + 1;  // SNS does
inline constexpr int kReceiverFaults = kNetFaults + 2;

enum class Signing : std::uint8_t { kRight, kWrong, kExpired, kFailing, kSlow };

// What is wrong with a call that must get nothing (S4).
enum class Intrusion : std::uint8_t {
  kUnsigned,
  kWrongSecret,
  kUnknownKey,
  kTampered,  // signed for another dataset
  kOld,       // signed an hour ago
  kOtherPool,
};
inline constexpr int kIntrusions = static_cast<int>(Intrusion::kOtherPool) + 1;

// How the app's login callback answers.
enum class Manner : std::uint8_t { kAtOnce, kLate, kNever, kFails, kThrows, kGarbage };
inline constexpr int kManners = static_cast<int>(Manner::kGarbage) + 1;

enum class Leave : std::uint8_t { kKeep, kWipeThis, kWipeAll };

// What a push message holds (D20).
enum class Hint : std::uint8_t {
  kNewest,  // what the service would say now
  kStale,   // an older count
  kAhead,   // a count that the service never gave out
  kForeign,
  kOtherPool,
  kTruncated,
  kNone,
};
inline constexpr int kHints = static_cast<int>(Hint::kNone) + 1;

struct Step {
  std::int64_t id = 0;    // unique in its plan; decides the values it writes
  std::int64_t wait = 0;  // milliseconds before it
  Act act = Act::kWait;
  int device = 0;
  int process = 0;
  int dataset = 0;
  int key = 0;
  int kind = 0;
  std::int64_t number = 0;
};

struct DevicePlan {
  bool survives_power_cut = true;  // Durability::kFull
  bool from_template = true;       // else its first start makes the store
  int attempts = 1;
  Answer answer = Answer::kNewest;
  bool automatic = false;      // syncs by itself
  bool keeps_deleted = false;  // what others delete it uploads again
};

struct Plan {
  std::uint64_t seed = 0;
  std::string profile;
  int datasets = 1;
  int processes = 1;  // on each device's store
  int identities = 1;
  int records = 0;              // the service's quota for a dataset while there are faults; 0: as always
  int page_size = 0;            // lists come in pages of so many records; 0: in one
  int credentials_seconds = 0;  // how long temporary credentials last; 0: there are none
  std::vector<DevicePlan> devices;
  std::vector<Step> steps;
  std::string violated;  // what this history did when it was found; empty: nothing
};

inline constexpr std::array kDatasetNames{"game", "settings", "a.b:c-1"};
inline constexpr std::array kIdentities{"us-east-1:00000000-0000-4000-8000-000000000001",
                                        "us-east-1:00000000-0000-4000-8000-000000000002"};
inline constexpr std::array kKeys{"k1", "k2", "level/%:+ &=?", "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87 \xf0\x9f\x8e\xb2",
                                  "k5", "k6"};

// The profile that is played by accounts.h; all others by world.h. Its Plan::identities are persons: 1 has an account
// at a login provider, 2 and 3 at the app's own backend; 0 is a guest.
inline constexpr std::string_view kAccounts = "accounts";
inline constexpr int kMostPersons = 3;
// The profile whose service tells others of its writes: deliveries.h.
inline constexpr std::string_view kDeliveries = "deliveries";

// An identity's dataset, as ledgers and traces call it: "game", "game@2".
std::string label_of(int identity, int dataset);
std::string label_of(std::string_view identity, std::string_view dataset);
struct Named {
  int identity = 0;
  std::string dataset;
};
Named read_label(const std::string& label);

// "" if there is no such profile.
std::string about_profile(std::string_view name);
std::vector<std::string> profile_names();
Plan make_plan(std::uint64_t seed, std::string_view profile);

std::string_view to_string(Act act);

// As JSON, for --replay.
std::string write_plan(const Plan& plan);
// Throws std::runtime_error, naming what is wrong.
Plan read_plan(const std::string& text);

}  // namespace syncline::sim

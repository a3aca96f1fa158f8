// Every write that an app was told of, and what became of it (D1, D4, D6, D7). A value that was written once is
// followed by its text; the few that are not unique ("", "same", a removal) by what the service held since. [one
// thread]
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/verdict.h"
#include "syncline/records.h"

namespace syncline::sim {

struct OverwrittenVersion {
  std::optional<std::string> value;
  std::int64_t count = 0;
  std::string by;
};

struct Commit {
  std::string dataset;
  std::string key;
  std::optional<std::string> value;
  std::int64_t count = 0;
  std::string by;
  std::optional<OverwrittenVersion> over;
  std::int64_t moment = 0;  // set by the ledger
};

// Written values that are the only ones of their text start so.
inline constexpr std::string_view kUniqueMark = "v";
inline bool is_unique(const std::optional<std::string>& value) {
  return value && value->starts_with(kUniqueMark);
}

// A key on a device.
struct Place {
  int device = 0;
  std::string dataset;
  std::string key;
  auto operator<=>(const Place&) const = default;
};

class WriteLedger {
 public:
  static constexpr std::int64_t kUnknownBase = std::numeric_limits<std::int64_t>::max();

  explicit WriteLedger(Verdict& verdict) : verdict_(verdict) {}

  // The order of everything that is told to the ledger.
  std::int64_t moment() { return ++moment_; }

  // --- what the app does
  // A call that returned success. `base`: the count of the version that it was written on. `since`: when the sync that
  // runs meanwhile began, else now.
  void wrote(const Place& place, const std::optional<std::string>& value, std::int64_t base, std::int64_t since);
  // A call that did not return, or that failed for the disk: it has happened or not.
  void perhaps_wrote(const Place& place, const std::optional<std::string>& value);
  void deleted(int device, const std::string& dataset);
  void perhaps_deleted(int device, const std::string& dataset);
  // The app was shown a conflict (D6) ...
  void shown(int device, const std::string& dataset, const Conflict& conflict);
  // ... and chose. `value` is what it wants instead of both, if it does.
  void chose(const Place& place, const Conflict& conflict, Resolution::Choice choice,
             const std::optional<std::string>& value);

  // --- what the service does
  void committed(const Commit& commit);
  void vanished(const std::string& dataset, const std::string& key);
  // When a version was; kUnknownBase if it never was.
  [[nodiscard]] std::int64_t committed_at(const std::string& dataset, const std::string& key, std::int64_t count) const;

  // --- what is found
  // D1, of one dataset on one device: `pending` is its journal.
  void check(int device, const std::string& dataset, const std::vector<PendingChange>& pending);
  // A power cut of a store with Durability::kProcess: what is lost must be the newest (D2).
  void lost_newest(int device, const std::map<std::string, std::vector<PendingChange>>& pending);
  // A power cut may take back what the service has answered: it would say it again.
  void power_cut(int device);
  // From here on the service's past is not what it was.
  void restored() { restored_ = true; }

 private:
  // What a device wants a key to hold.
  struct Intent {
    std::optional<std::string> value;
    std::int64_t moment = 0;
    std::int64_t since = 0;
    std::int64_t base = 0;
    bool dropped = false;  // the app let it go
  };
  struct Write {
    Place place;
    std::int64_t moment = 0;
    std::int64_t base = 0;
    int commits = 0;
    int allowed = 1;
    bool known = false;    // the device has seen that it is at the service
    bool deleted = false;  // with its dataset, since the last commit
  };
  // A value that the service held, and from when on.
  struct Held {
    std::int64_t moment = 0;
    std::optional<std::string> value;
  };
  using ServiceKey = std::pair<std::string, std::string>;

  [[nodiscard]] bool held_since(const Place& place, const std::optional<std::string>& value, std::int64_t since) const;
  [[nodiscard]] bool settled(const Place& place, const Intent& intent) const;
  void check_place(const Place& place, Intent& intent, const PendingChange* pending, bool& gone);
  void check_over(const Commit& commit, int device);

  Verdict& verdict_;
  std::int64_t moment_ = 0;
  bool restored_ = false;
  std::map<Place, Intent> intents_;
  std::map<std::string, Write> writes_;   // unique ones, by value
  std::map<Place, std::int64_t> doubts_;  // something may have happened to it, then
  std::map<ServiceKey, std::vector<Held>> history_;
  std::map<std::tuple<std::string, std::string, std::int64_t>, Commit> commits_;  // dataset, key, count
  std::set<std::tuple<Place, std::int64_t>> decided_;  // the app chose, with this version before its eyes
  std::set<int> forgetful_;                            // devices whose stores lost writes, as they may
};

}  // namespace syncline::sim

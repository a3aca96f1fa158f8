// Who wrote what for whom, and who became whom: no value may turn up with anybody else (D15), none may be lost on the
// way (D1), none may become two versions (D4). Only values that are unique are followed. [one thread]
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/verdict.h"
#include "syncline/records.h"

namespace syncline::sim {

// An identity, or the nobody of a device for a while; numbered as they appear.
using Who = int;

class IdentityLedger {
 public:
  explicit IdentityLedger(Verdict& verdict) : verdict_(verdict) {}

  // --- who there is
  Who of(const std::string& identity);
  Who new_nobody();
  // Identities in a text by their numbers: "game.I2".
  [[nodiscard]] std::string shown(std::string text) const;
  // What nobody wrote is somebody's from now on.
  void claimed(Who nobody, Who by) { claims_.insert({nobody, by}); }
  // What is `from`'s may be `to`'s as well: a guest has become an account, or two accounts one.
  void may_become(Who from, Who to) { heirs_.insert({from, to}); }
  [[nodiscard]] bool leads(Who from, Who to) const;
  // Somebody has logged in as it.
  void account(Who who) { accounts_.insert(who); }
  [[nodiscard]] bool is_account(Who who) const { return accounts_.contains(who); }

  // --- what the app does
  struct Place {
    int device = 0;
    Who who = 0;
    std::string dataset;  // empty: not known
    std::string key;
  };
  // A call that returned success, or (not `sure`) may have happened. `before`: what the app saw there just before.
  void wrote(const std::string& value, const Place& place, const std::optional<std::string>& before, bool sure);
  // A removal, or a value that is not unique: who knew what of this key can't be told any more.
  void wrote_another(int device, const std::string& key);
  // The app has replaced it, or decided against it, or it may have.
  void let_go(const std::optional<std::string>& value);
  // All that the device holds of `who`, or of those who became `who`; absent: of everybody.
  void let_go_all(int device, std::optional<Who> who);
  void let_go_everywhere(Who who);
  // Its app chose to send it once more.
  void allow_again(const std::optional<std::string>& value);
  void deleted(const std::string& dataset);
  // D14: whether anybody has deleted one of this name, or another identity's took its place.
  [[nodiscard]] bool can_be_gone(Who who, const std::string& dataset) const;
  // The device's app chose, with this version before its eyes.
  void decided(int device, const std::optional<std::string>& remote);
  // It has forgotten what it wrote itself.
  void wiped(int device) { wiped_.insert(device); }
  // Nobody is in conflict with what the same identity wrote on the same device (D6).
  void check_conflict(int device, const Conflict& conflict);

  // --- what the service does
  // By a device; absent: a removal.
  void committed(int device, Who who, const std::string& dataset, const std::string& key,
                 const std::optional<std::string>& value);
  void listed(Who who, const std::string& dataset, const std::string& key, const std::optional<std::string>& value);
  void vanished(Who who, const std::string& dataset);
  // It was found among these records, here or at the service.
  void seen(Who who, const std::string& dataset, const std::string& key, const std::string& value);

  // --- what is found
  // `pending`: the journal of one dataset.
  void check_journal(const Place& of, const std::vector<PendingChange>& pending);
  void check_end();

 private:
  struct Write {
    Place place;
    bool sure = false;
    bool settled = false;
    int allowed = 1;
    std::optional<std::string> over = {};  // what it took the place of
  };
  [[nodiscard]] bool knew(const std::string& value, const std::string& old) const;
  void check_over(int device, const std::string& value, const std::string& old);
  [[nodiscard]] bool only_one_wrote(const Write& last) const;
  [[nodiscard]] bool merged(Who who) const;
  [[nodiscard]] std::string about(const std::string& value, const Write& write) const;
  [[nodiscard]] std::string name(Who who) const;

  Verdict& verdict_;
  std::map<std::string, Who> known_;
  Who last_ = 0;
  std::set<Who> accounts_;
  std::set<std::pair<Who, Who>> claims_;
  std::set<std::pair<Who, Who>> heirs_;
  std::map<std::string, Write> writes_;
  std::map<std::tuple<Who, std::string, std::string>, int> commits_;          // whose, dataset, value
  std::map<std::tuple<Who, std::string, std::string>, std::string> current_;  // at the service: whose, dataset, key
  std::set<std::pair<int, std::string>> decided_;
  std::set<std::pair<int, std::string>> blurred_;  // keys
  std::set<int> wiped_;
  std::set<std::string> deleted_;  // names of datasets, at some time
};

// NAME of NAME.IDENTITY-ID.
std::string root_of(const std::string& dataset);

}  // namespace syncline::sim

// Who wrote what, and what has become of it on both sides.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fault/kill_plan.h"

namespace syncline::fault {

class KillLedger {
 public:
  void written(std::int64_t number);  // answered; in the order of the numbers
  [[nodiscard]] std::int64_t next() const { return answered_ + 1; }

  // The device is dead: its store must hold each answered write, and of the one that was on its way all or nothing
  // (D1, D2, D10); no conflict (D6). Fills in violations.
  void check_device(const std::string& directory, const std::string& identity);
  // Each write has at most one version for each of its keys in the service's records and history (D4), versions of a
  // key follow the order of its writes, and the dataset's count never goes back (S1, S7).
  void check_service(const std::string& database);
  // Whether the service has committed what the device has had no answer to; the device may be alive.
  static bool has_unanswered(const std::string& directory, const std::string& database);
  // Nothing happens any more: the service holds what the device holds, and the journal is empty (D12).
  void check_settled(const std::string& directory, const std::string& identity, const std::string& database);
  void violation(std::string what);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] std::size_t versions() const;

 private:
  void note_version(const std::string& key, const std::string& value, std::int64_t count);

  std::int64_t answered_ = 0;
  Values values_;                                                          // after all answered writes
  std::map<std::string, std::map<std::int64_t, std::int64_t>> versions_;   // key -> count -> the write
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> count_of_;  // key, write -> count
  std::int64_t highest_count_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace syncline::fault

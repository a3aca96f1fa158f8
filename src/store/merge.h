// One incoming version meets one key: the planner is asked, and its answer is carried out. Used by pulls, and by the
// records of a push's answer that were not sent.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "store/rows.h"

namespace syncline::store {

class Merge {
 public:
  Merge(WriteTransaction& transaction, DatasetId dataset, PullKind kind, const Planner& planner, KeyChanges& changes)
      : transaction_(transaction), dataset_(dataset), kind_(kind), planner_(planner), changes_(changes) {}

  PlanAction take(const RemoteRecord& incoming);
  // For a key that is known here and missing in a list that is all there is.
  PlanAction miss(std::string_view key);
  // Keys that came into conflict, not counting those that were in one before.
  [[nodiscard]] std::size_t new_conflicts() const { return new_conflicts_; }

 private:
  PlanAction carry_out(PlanAction action, std::string_view key, const KeyState& state, const Version* incoming);
  void move_base(std::string_view key, const Version* incoming, Revision revision);

  WriteTransaction& transaction_;
  DatasetId dataset_;
  PullKind kind_;
  const Planner& planner_;
  KeyChanges& changes_;
  std::size_t new_conflicts_ = 0;
};

}  // namespace syncline::store

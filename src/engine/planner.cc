#include "engine/planner.h"

namespace syncline::engine {

namespace {

using Base = PlanInput::Base;
using Incoming = PlanInput::Incoming;
using Local = PlanInput::Local;

bool is_pending(const PlanInput& input) {
  return input.local == Local::kPending || input.local == Local::kPendingRemoval;
}

bool lost_at_service(const PlanInput& input) {
  return input.kind == PullKind::kRestored && input.behind_base;
}

PlanAction plan_untouched(const PlanInput& input) {
  if (input.same_version) return PlanAction::kIgnore;
  if (input.base != Base::kNone && lost_at_service(input) && !input.equals_base) return PlanAction::kRevive;
  return PlanAction::kAdopt;
}

PlanAction plan_pending(const PlanInput& input) {
  // The service holds our base: if another version was waiting in a conflict, it is gone there.
  if (input.same_version) return PlanAction::kRebase;
  if (input.equals_local) return PlanAction::kConverge;
  if (input.equals_sent || lost_at_service(input)) return PlanAction::kRebase;
  return PlanAction::kConflict;
}

// The service has nothing under the key any more, and so no version that a conflict could be about.
PlanAction plan_absent(const PlanInput& input) {
  if (input.kind == PullKind::kIncremental) return PlanAction::kIgnore;
  // A removal without a base may still have to outrun an unanswered put of ours (store/push.cc), so it stays.
  if (input.base == Base::kNone) return is_pending(input) ? PlanAction::kRebase : PlanAction::kIgnore;
  switch (input.local) {
    case Local::kNone:
      return PlanAction::kForget;
    case Local::kClean:
      return input.kind == PullKind::kRestored ? PlanAction::kRevive : PlanAction::kForget;
    case Local::kPending:
      return PlanAction::kRebase;
    case Local::kPendingRemoval:
      return PlanAction::kConverge;
  }
  return PlanAction::kIgnore;
}

}  // namespace

PlanAction plan(const PlanInput& input) {
  if (input.incoming == Incoming::kAbsent) return plan_absent(input);
  return is_pending(input) ? plan_pending(input) : plan_untouched(input);
}

}  // namespace syncline::engine

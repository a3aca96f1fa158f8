#include "store/merge.h"

namespace syncline::store {

namespace {

PlanInput describe(const KeyState& state, PullKind kind) {
  PlanInput input{.kind = kind};
  if (state.pending) {
    input.local = state.pending->value ? PlanInput::Local::kPending : PlanInput::Local::kPendingRemoval;
  } else {
    input.local = state.visible() ? PlanInput::Local::kClean : PlanInput::Local::kNone;
  }
  if (state.base) input.base = state.base->value ? PlanInput::Base::kValue : PlanInput::Base::kTombstone;
  return input;
}

}  // namespace

PlanAction Merge::take(const RemoteRecord& incoming) {
  auto& connection = transaction_.connection();
  const auto state = load_key(connection, dataset_, incoming.key);
  auto input = describe(state, kind_);
  const auto& version = incoming.version;
  input.incoming = version.value ? PlanInput::Incoming::kValue : PlanInput::Incoming::kTombstone;
  if (state.base) {
    input.equals_base = state.base->value == version.value;
    input.same_version = input.equals_base && state.base->count == version.count;
    input.behind_base = version.count <= state.base->count;
  }
  if (state.pending) {
    input.equals_local = state.pending->value == version.value;
    input.equals_sent = was_sent(connection, dataset_, incoming);
  }
  return carry_out(planner_(input), incoming.key, state, &version);
}

PlanAction Merge::miss(std::string_view key) {
  const auto state = load_key(transaction_.connection(), dataset_, key);
  auto input = describe(state, kind_);
  input.incoming = PlanInput::Incoming::kAbsent;
  return carry_out(planner_(input), key, state, nullptr);
}

void Merge::move_base(std::string_view key, const Version* incoming, Revision revision) {
  auto& connection = transaction_.connection();
  if (incoming != nullptr) {
    set_base(connection, dataset_, key, *incoming, revision);
  } else {
    drop_base(connection, dataset_, key);
  }
}

PlanAction Merge::carry_out(PlanAction action, std::string_view key, const KeyState& state, const Version* incoming) {
  auto& connection = transaction_.connection();
  switch (action) {
    case PlanAction::kIgnore:
      break;
    case PlanAction::kAdopt:
    case PlanAction::kForget:
      move_base(key, incoming, state.last_revision());
      note_change(transaction_, dataset_, key, state.visible(), incoming != nullptr ? incoming->value : std::nullopt,
                  changes_);
      break;
    case PlanAction::kConverge:
      move_base(key, incoming, state.last_revision());
      end_pending(connection, dataset_, key);
      end_conflict(connection, dataset_, key);
      break;
    case PlanAction::kRebase:
      move_base(key, incoming, state.base_revision);
      end_conflict(connection, dataset_, key);
      break;
    case PlanAction::kRevive:
      move_base(key, incoming, state.base_revision);
      set_pending(connection, dataset_, key, state.base->value, Revision{state.last_revision().value + 1},
                  state.base->device_modified_at);
      break;
    case PlanAction::kConflict:
      set_conflict(connection, dataset_, key, *incoming);
      if (!state.conflicted) ++new_conflicts_;
      break;
  }
  return action;
}

}  // namespace syncline::store

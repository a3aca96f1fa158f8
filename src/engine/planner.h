// The merge planner: what a version that came in does to one key of this device. A pure table, tested cell by cell; the
// store asks it inside the transaction that applies a pull (D6, D7, D9, D11, D12). [any thread]
//
// With nothing pending the service's version is taken. With something pending it is taken silently only if it can't be
// another writer's news: the same version again, the same value as ours, one of our own sends whose answer was lost, or
// older than our base after the service was restored. Everything else is a conflict, and the app's to decide.
#pragma once

#include "core/sync.h"

namespace syncline::engine {

PlanAction plan(const PlanInput& input);

}  // namespace syncline::engine

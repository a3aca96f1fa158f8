// A failing history made small: steps that it does not need are left out. [one thread]
#pragma once

#include <functional>

#include "sim/plan.h"

namespace syncline::sim {

// `fails`: whether a plan still shows the same violation. Asked a few hundred times at most.
Plan shrink(Plan plan, const std::function<bool(const Plan&)>& fails);

}  // namespace syncline::sim

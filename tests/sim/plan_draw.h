// What the profiles' plans are drawn with. [one thread]
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/chance.h"
#include "sim/plan.h"

namespace syncline::sim {

// How often an act is drawn, relative to the others.
struct Weight {
  Act act;
  int weight;
};

Act draw(Chance& chance, const std::vector<Weight>& weights);
// Short ones most often, so that steps meet syncs that are under way.
std::int64_t draw_wait(Chance& chance);
Value draw_value(Chance& chance);
// Of what an app does: to which data, and how where all apps do it alike.
void draw_use(Chance& chance, const Plan& plan, Step& step);
void draw_fault(Chance& chance, Step& step);
DevicePlan draw_device(Chance& chance);

// account_plan.cc
Plan make_accounts_plan(std::uint64_t seed);

}  // namespace syncline::sim

#include "sim/player.h"

#include <memory>
#include <utility>

#include "sim/accounts.h"
#include "sim/warm_connections.h"
#include "sim/world.h"

namespace syncline::sim {

namespace {

constexpr std::uint64_t kOneIn = 32;       // is played cold
constexpr std::uint64_t kRehearsals = 12;  // histories; they show which statements are worth compiling

}  // namespace

Player::Player(std::string root) : root_(std::move(root)), templates_(make_templates(root_)) {
  learn_connections();
  for (std::uint64_t seed = 1; seed <= kRehearsals; ++seed) {
    static_cast<void>(play_here(make_plan(seed, "default"), false));
  }
  keep_connections({{.path = root_ + "/A/syncline.db", .bytes = templates_.store},
                    {.path = root_ + "/service/service.db", .bytes = templates_.plain.files.at("service.db")}});
}

Outcome Player::play_here(const Plan& plan, bool print) const {
  Trace trace(print);
  std::unique_ptr<Stage> stage;
  if (plan.profile == kAccounts) {
    stage = std::make_unique<Accounts>(plan, templates_, root_, trace);
  } else {
    stage = std::make_unique<World>(plan, templates_, root_, trace);
  }
  stage->run();
  return Outcome{
      .guarantee = stage->verdict().guarantee(), .violation = stage->verdict().violation(), .hash = trace.hash()};
}

Outcome Player::play(const Plan& plan, bool print) const {
  if (plan.seed % kOneIn == 0) {
    lend_no_connections();
  } else {
    lend_connections();
  }
  return play_here(plan, print);
}

}  // namespace syncline::sim

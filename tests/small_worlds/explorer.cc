#include "small_worlds/explorer.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "support/fake_random.h"

namespace syncline::small {

namespace {

struct Origin {
  std::uint64_t from = 0;
  Action action = {};
};
using Origins = std::unordered_map<std::uint64_t, Origin>;

std::vector<Action> way_to(const Origins& origins, std::uint64_t state, std::uint64_t start) {
  std::vector<Action> way;
  while (state != start) {
    const auto& origin = origins.at(state);
    way.push_back(origin.action);
    state = origin.from;
  }
  std::reverse(way.begin(), way.end());
  return way;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }

 private:
  testing::FakeRandom random_;
};

// What comes of `way`; actions that are not possible by then are passed over.
std::string follow(const Budget& budget, const std::vector<Action>& way) {
  World world(budget);
  for (const auto& action : way) {
    const auto possible = world.actions();
    if (std::find(possible.begin(), possible.end(), action) == possible.end()) continue;
    if (auto violation = world.apply(action); !violation.empty()) return violation;
  }
  return world.settle();
}

void shrink(const Budget& budget, Explored& found) {
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (std::size_t i = found.way.size(); i-- > 0;) {
      auto without = found.way;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      if (follow(budget, without) != found.violation) continue;
      found.way = std::move(without);
      shorter = true;
    }
  }
}

}  // namespace

Explored explore(const Budget& budget) {
  Explored result;
  World first(budget);
  const auto start = first.digest();
  Origins origins{{start, {}}};
  std::deque<World> open{std::move(first)};
  while (!open.empty()) {
    const World world = std::move(open.front());
    open.pop_front();
    const auto here = world.digest();
    ++result.states;
    if (world.quiet()) {
      ++result.settled;
      result.violation = world.settle();
      if (!result.violation.empty()) {
        result.way = way_to(origins, here, start);
        return result;
      }
    }
    for (const auto& action : world.actions()) {
      World next = world;
      result.violation = next.apply(action);
      if (!result.violation.empty()) {
        result.way = way_to(origins, here, start);
        result.way.push_back(action);
        return result;
      }
      if (origins.emplace(next.digest(), Origin{here, action}).second) open.push_back(std::move(next));
    }
  }
  return result;
}

Explored wander(const Budget& budget, std::uint64_t seed, int steps) {
  Explored result;
  Dice dice(seed);
  World world(budget);
  for (int i = 0; i < steps; ++i) {
    const auto actions = world.actions();
    if (actions.empty()) break;
    const auto action = actions[dice.below(actions.size())];
    result.way.push_back(action);
    ++result.states;
    result.violation = world.apply(action);
    if (!result.violation.empty()) break;
  }
  if (result.violation.empty()) {
    ++result.settled;
    result.violation = world.settle();
  }
  if (!result.violation.empty()) shrink(budget, result);
  return result;
}

}  // namespace syncline::small

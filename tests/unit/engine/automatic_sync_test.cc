// The rules of automatic syncs as tables - what happens when, what begins, when to look again - and random schedules
// against what must always hold (D13, D16, case 24).
#include "engine/automatic_sync.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "support/fake_random.h"

namespace syncline::engine {
namespace {

using std::chrono::milliseconds;
using testing::FakeRandom;
using Rules = AutomaticSyncRules;
using Ids = std::vector<Rules::DatasetId>;
using State = Connectivity::State;

constexpr MonotonicTime kStart{std::chrono::hours{1}};
constexpr int kNever = -1;

const Rules::NetworkChanged kNowOffline{{.state = State::kOffline}};
const Rules::NetworkChanged kNowOnline{{.state = State::kOnline}};
const Rules::NetworkChanged kNowMetered{{.state = State::kOnline, .metered = true}};
const Rules::NetworkChanged kNowUnknown{{.state = State::kUnknown}};
const Rules::TimePassed kTime{};

Rules::RunEnded went_well(Rules::DatasetId dataset = 1) {
  return {.dataset = dataset};
}

Rules::RunEnded failed(ErrorCode code, Rules::DatasetId dataset = 1) {
  return {.dataset = dataset, .error = Error{.code = code, .message = "as a test wants it"}};
}

Rules::RunEnded shed(milliseconds retry_after) {
  auto event = failed(ErrorCode::kTooManyRequests);
  event.error->retry_after = retry_after;
  return event;
}

// Nothing at random but the back-off, which takes what the test prepared.
AutomaticSync plain() {
  return {.enabled = true,
          .settle = milliseconds{100},
          .longest_settle = milliseconds{350},
          .on_start = false,
          .jitter = milliseconds{0},
          .first_delay = milliseconds{1'000},
          .longest_delay = milliseconds{4'000}};
}

template <typename Change>
AutomaticSync plain_but(Change change) {
  auto options = plain();
  change(options);
  return options;
}

struct Row {
  int at = 0;  // ms
  Rules::Event event;
  Ids begin = {};
  int wake = kNever;  // ms
  SyncState state = SyncState::kIdle;
};

struct Case {
  const char* name;
  AutomaticSync options;
  std::vector<Row> rows;
  std::deque<std::uint64_t> chance = {};
  bool local_service = false;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class RulesTableTest : public ::testing::TestWithParam<Case> {};

TEST_P(RulesTableTest, WhatBeginsWhen) {
  FakeRandom random;
  random.prepare(GetParam().chance);
  Rules rules(GetParam().options, GetParam().local_service, random);
  for (std::size_t i = 0; i < GetParam().rows.size(); ++i) {
    const auto& row = GetParam().rows[i];
    const auto plan = rules.on(row.event, kStart + milliseconds{row.at});
    EXPECT_EQ(plan.begin, row.begin) << "row " << i;
    const auto wake = plan.wake ? std::chrono::duration_cast<milliseconds>(*plan.wake - kStart).count() : kNever;
    EXPECT_EQ(wake, row.wake) << "row " << i;
    EXPECT_EQ(to_string(rules.status().state), to_string(row.state)) << "row " << i;
  }
}

constexpr auto kSyncing = SyncState::kSyncing;
constexpr auto kWaiting = SyncState::kWaiting;

std::vector<Case> writes() {
  return {
      {"AWriteThatSettles",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {100, kTime, {1}, kNever, kSyncing},
        {150, went_well()},
        {9'999, kTime}}},
      {"AWriteAfterAWriteIsWaitedForAgain",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {90, Rules::Written{1}, {}, 190, kWaiting},
        {100, kTime, {}, 190, kWaiting},
        {190, kTime, {1}, kNever, kSyncing}}},
      {"ASteadyWriterStillSyncs",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {90, Rules::Written{1}, {}, 190, kWaiting},
        {180, Rules::Written{1}, {}, 280, kWaiting},
        {270, Rules::Written{1}, {}, 350, kWaiting},
        {340, Rules::Written{1}, {}, 350, kWaiting},
        {350, Rules::Written{1}, {1}, kNever, kSyncing}}},
      {"D5AWriteDuringASyncIsForTheNext",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {100, kTime, {1}, kNever, kSyncing},
        {110, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {120, Rules::Written{1}, {}, kNever, kSyncing},
        {500, went_well(), {1}, kNever, kSyncing},
        {600, went_well()}}},
      {"TheAppsOwnSyncTakesTheWriteAlong",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {50, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {150, went_well()},
        {999, kTime}}},
      {"DatasetsSettleByThemselves",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting},
        {50, Rules::Written{2}, {}, 100, kWaiting},
        {100, kTime, {1}, 150, kSyncing},
        {150, kTime, {2}, kNever, kSyncing}}},
      {"SwitchedOffNothingBegins",
       plain_but([](auto& options) { options.enabled = false; }),
       {{0, Rules::Opened{1, 3, 0}}, {0, Rules::Written{1}}, {1, Rules::Hinted{1}}, {9'999, kTime}}},
  };
}

std::vector<Case> occasions() {
  return {
      {"OnStartEachDatasetThatIsKnown",
       plain_but([](auto& options) { options.on_start = true; }),
       {{0, Rules::Opened{1, 0, 0}, {1}, kNever, kSyncing}, {0, Rules::Opened{1, 0, 0}, {}, kNever, kSyncing}}},
      {"WithoutOnStartWhatAnEarlierRunLeft",
       plain(),
       {{0, Rules::Opened{1, 0, 0}},
        {0, Rules::Opened{2, 3, 0}, {}, 100, kWaiting},
        {100, kTime, {2}, kNever, kSyncing}}},
      {"WhatOnlyWaitsForTheAppIsNoReasonToSync",
       plain(),
       {{0, Rules::Opened{1, 2, 2}, {}, kNever, SyncState::kConflict}}},
      {"AHintAtOnce",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {10, Rules::Hinted{1}, {}, kNever, kSyncing},
        {20, went_well(), {1}, kNever, kSyncing}}},
      {"APeriodAfterEachSync",
       plain_but([](auto& options) { options.period = milliseconds{5'000}; }),
       {{0, Rules::Opened{1, 0, 0}, {}, 5'000},
        {5'000, kTime, {1}, kNever, kSyncing},
        {5'200, went_well(), {}, 10'200},
        {10'200, kTime, {1}, kNever, kSyncing}}},
      {"NoPeriodBehindAndNoTimer",
       plain_but([](auto& options) { options.period = milliseconds{5'000}; }),
       {{0, Rules::Opened{1, 0, 0}, {}, 5'000},
        {10, Rules::WentToBack{}},
        {9'000, kTime},
        {9'100, Rules::Written{1}, {}, 9'200, kWaiting},
        {9'200, kTime, {1}, kNever, kSyncing}}},
      {"ComingToTheFrontIsAStart",
       plain_but([](auto& options) { options.on_start = true; }),
       {{0, Rules::Opened{1, 0, 0}, {1}, kNever, kSyncing},
        {10, went_well()},
        {20, Rules::CameToFront{}},
        {30, Rules::WentToBack{}},
        {40, Rules::CameToFront{}, {1}, kNever, kSyncing}}},
      {"AnotherIdentityStartsAnew",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting}, {10, Rules::StartedOver{}}, {20, went_well()}, {999, kTime}}},
      {"AForgottenDatasetIsNotSynced",
       plain(),
       {{0, Rules::Written{1}, {}, 100, kWaiting}, {10, Rules::Forgotten{1}}, {999, kTime}}},
  };
}

std::vector<Case> networks() {
  return {
      {"OfflineNothingBeginsAndNoTimerRuns",
       plain(),
       {{0, kNowOffline, {}, kNever, SyncState::kOffline},
        {1, Rules::Written{1}, {}, kNever, SyncState::kOffline},
        {999, kTime, {}, kNever, SyncState::kOffline},
        {1'000, kNowOnline, {1}, kNever, kSyncing}}},
      {"TheFirstWordOfTheNetworkIsNoReturn",
       plain(),
       {{0, Rules::Opened{1, 0, 0}}, {1, kNowOnline}, {2, kNowOffline, {}, kNever, SyncState::kOffline}}},
      {"WhenTheNetworkComesBackAll",
       plain(),
       {{0, Rules::Opened{1, 0, 0}},
        {0, Rules::Opened{2, 0, 0}},
        {1, kNowOffline, {}, kNever, SyncState::kOffline},
        {2, kNowOnline, {1, 2}, kNever, kSyncing}}},
      {"OrOnlyWhatWaited",
       plain_but([](auto& options) { options.on_network = false; }),
       {{0, Rules::Opened{1, 0, 0}},
        {1, kNowOffline, {}, kNever, SyncState::kOffline},
        {2, Rules::Written{2}, {}, kNever, SyncState::kOffline},
        {3, kNowOnline, {2}, kNever, kSyncing}}},
      {"AnUnknownNetworkIsWorthATry",
       plain(),
       {{0, kNowOffline, {}, kNever, SyncState::kOffline},
        {1, Rules::Opened{2, 0, 0}, {}, kNever, SyncState::kOffline},
        {1, Rules::Written{1}, {}, kNever, SyncState::kOffline},
        {2, kNowUnknown, {1}, kNever, kSyncing}}},
      {"ItsReturnEndsABackOff",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {10, failed(ErrorCode::kNetwork), {}, 710, SyncState::kOffline},
        {20, kNowOffline, {}, kNever, SyncState::kOffline},
        {30, kNowOnline, {1}, kNever, kSyncing}},
       {700}},
      {"AServiceOnThisMachineNeedsNoNetwork",
       plain(),
       {{0, kNowOffline}, {1, Rules::Written{1}, {}, 101, kWaiting}, {101, kTime, {1}, kNever, kSyncing}},
       {},
       true},
      {"NeverOverAMeteredNetworkIfTheAppSaysSo",
       plain_but([](auto& options) { options.over_metered = false; }),
       {{0, kNowMetered},
        {1, Rules::Written{1}, {}, kNever, kWaiting},
        {2, Rules::Hinted{2}, {}, kNever, kWaiting},
        {999, kTime, {}, kNever, kWaiting},
        {1'000, kNowOnline, {1, 2}, kNever, kSyncing}}},
      {"ElseOverAnyNetwork", plain(), {{0, kNowMetered}, {1, Rules::Hinted{1}, {1}, kNever, kSyncing}}},
  };
}

std::vector<Case> failures() {
  return {
      {"BackOffGrowsToItsLongestAndEndsWithSuccess",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {0, failed(ErrorCode::kServiceFailure), {}, 1'000, kWaiting},
        {500, Rules::Hinted{1}, {}, 1'000, kWaiting},
        {1'000, kTime, {1}, kNever, kSyncing},
        {1'000, failed(ErrorCode::kServiceFailure), {}, 3'000, kWaiting},
        {3'000, kTime, {1}, kNever, kSyncing},
        {3'000, failed(ErrorCode::kServiceFailure), {}, 7'000, kWaiting},
        {7'000, kTime, {1}, kNever, kSyncing},
        {7'000, failed(ErrorCode::kServiceFailure), {}, 11'000, kWaiting},
        {11'000, kTime, {1}, kNever, kSyncing},
        {11'000, went_well()},
        {12'000, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {12'000, failed(ErrorCode::kServiceFailure), {}, 12'499, kWaiting}},
       {1'000, 2'000, 4'000, 4'000, 1'500}},
      {"RetryAfterHoldsAllDatasetsHoweverLong",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {0, shed(milliseconds{60'000}), {}, 60'000, kWaiting},
        {10, Rules::Hinted{2}, {}, 60'000, kWaiting},
        {20, kNowOffline, {}, kNever, SyncState::kOffline},
        {30, kNowOnline, {}, 60'000, kWaiting},
        {60'000, kTime, {1, 2}, kNever, kSyncing}},
       {1}},
      {"Case22RefusedCredentialsStopAllUntilThereAreNewOnes",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, failed(ErrorCode::kNotAuthorized), {}, kNever, SyncState::kNeedsSignIn},
        {2, Rules::Written{2}, {}, kNever, SyncState::kNeedsSignIn},
        {3, Rules::Hinted{1}, {}, kNever, SyncState::kNeedsSignIn},
        {999, kTime, {}, kNever, SyncState::kNeedsSignIn},
        {1'000, Rules::CredentialsChanged{}, {1, 2}, kNever, kSyncing}}},
      {"OrUntilASyncOfTheAppsGoesWell",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, failed(ErrorCode::kNotAuthorized), {}, kNever, SyncState::kNeedsSignIn},
        {2, Rules::RunBegun{2}, {}, kNever, kSyncing},
        {3, went_well(2), {1}, kNever, kSyncing}}},
      {"OrUntilTheAppComesToTheFront",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, failed(ErrorCode::kNotAuthorized), {}, kNever, SyncState::kNeedsSignIn},
        {2, Rules::WentToBack{}, {}, kNever, SyncState::kNeedsSignIn},
        {3, Rules::CameToFront{}, {1}, kNever, kSyncing}}},
      {"Case22CredentialsThatChangeDuringARunAreNotTheOnesItWasRefusedFor",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, Rules::CredentialsChanged{}, {}, kNever, kSyncing},
        {2, failed(ErrorCode::kNotAuthorized), {1}, kNever, kSyncing},
        {3, failed(ErrorCode::kNotAuthorized), {}, kNever, SyncState::kNeedsSignIn}}},
      {"Case22EachRunIsForgivenOnce",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {0, Rules::Hinted{2}, {2}, kNever, kSyncing},
        {1, failed(ErrorCode::kNotAuthorized), {}, kNever, kSyncing},
        {2, Rules::CredentialsChanged{}, {1}, kNever, kSyncing},
        {3, failed(ErrorCode::kNotAuthorized, 2), {2}, kNever, kSyncing},
        {4, went_well(1), {}, kNever, kSyncing},
        {5, went_well(2)}}},
  };
}

std::vector<Case> endings() {
  return {
      {"WhatIsMendedDuringARunDoesNotStopIt",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, kNowOffline, {}, kNever, kSyncing},
        {2, kNowOnline, {}, kNever, kSyncing},
        {3, failed(ErrorCode::kInvalidParameter), {1}, kNever, kSyncing},
        {4, failed(ErrorCode::kInvalidParameter), {}, kNever, SyncState::kError}}},
      {"AHintDuringARunThatFailsForGoodIsTried",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, Rules::Hinted{1}, {}, kNever, kSyncing},
        {2, failed(ErrorCode::kInvalidParameter), {1}, kNever, kSyncing},
        {3, failed(ErrorCode::kInvalidParameter), {}, kNever, SyncState::kError}}},
      {"D1WhatARunThatWentWellLeftIsTriedAgainAfterABackOff",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {10, Rules::RunEnded{.dataset = 1, .left = true}, {}, 710, kWaiting},
        {710, kTime, {1}, kNever, kSyncing},
        {800, Rules::RunEnded{.dataset = 1, .left = true}, {}, 2'600, kWaiting},
        {2'600, kTime, {1}, kNever, kSyncing},
        {2'700, went_well()}},
       {700, 1'800}},
      {"D5WhatWasWrittenDuringTheRunIsNothingThatItLeft",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {10, Rules::Written{1}, {}, kNever, kSyncing},
        {50, Rules::RunEnded{.dataset = 1, .left = true}, {}, 110, kWaiting},
        {110, kTime, {1}, kNever, kSyncing}}},
      {"WhatIsLeftIsTheAppsWhereNothingIsAutomatic",
       plain_but([](auto& options) { options.enabled = false; }),
       {{0, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {10, Rules::RunEnded{.dataset = 1, .left = true}},
        {20, Rules::Counted{.dataset = 2, .conflicts = 1}},  // it is not known
        {30, Rules::Counted{.dataset = 1, .conflicts = 1}, {}, kNever, SyncState::kConflict}}},
      {"WhatFailedForGoodStopsThatDatasetOnly",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, failed(ErrorCode::kLimitExceeded), {}, kNever, SyncState::kError},
        {999, kTime, {}, kNever, SyncState::kError},
        {1'000, Rules::Hinted{2}, {2}, kNever, kSyncing},
        {1'001, went_well(2), {}, kNever, SyncState::kError},
        {1'002, Rules::Written{1}, {}, 1'102, kWaiting},
        {1'102, kTime, {1}, kNever, kSyncing}}},
      {"ACancelledSyncIsTriedAgainAndNoError",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, failed(ErrorCode::kCancelled), {}, 501, kWaiting},
        {501, kTime, {1}, kNever, kSyncing}},
       {500}},
      {"ConflictsDoNotStopAnything",
       plain(),
       {{0, Rules::Hinted{1}, {1}, kNever, kSyncing},
        {1, Rules::RunEnded{.dataset = 1, .conflicts = 2}, {}, kNever, SyncState::kConflict},
        {2, Rules::Written{1}, {}, 102, SyncState::kConflict},
        {102, kTime, {1}, kNever, kSyncing},
        {110, went_well()}}},
      {"WithoutAutomaticSyncAFailureStaysUntilTheNextTry",
       plain_but([](auto& options) { options.enabled = false; }),
       {{0, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {1, failed(ErrorCode::kTimeout), {}, kNever, SyncState::kError},
        {2, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {3, failed(ErrorCode::kNetwork), {}, kNever, SyncState::kOffline},
        {4, Rules::RunBegun{1}, {}, kNever, kSyncing},
        {5, went_well()}}},
  };
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Writes, RulesTableTest, ::testing::ValuesIn(writes()), name_of);
INSTANTIATE_TEST_SUITE_P(Occasions, RulesTableTest, ::testing::ValuesIn(occasions()), name_of);
INSTANTIATE_TEST_SUITE_P(Networks, RulesTableTest, ::testing::ValuesIn(networks()), name_of);
INSTANTIATE_TEST_SUITE_P(Failures, RulesTableTest, ::testing::ValuesIn(failures()), name_of);
INSTANTIATE_TEST_SUITE_P(Endings, RulesTableTest, ::testing::ValuesIn(endings()), name_of);

// A fleet to which the same happens at the same moment spreads over the jitter, whatever happened.
TEST(RulesTest, AFleetDoesNotComeAtOnce) {
  auto options = plain();
  options.jitter = milliseconds{1'000};
  options.hint_jitter = milliseconds{1'000};
  options.on_start = true;
  const std::map<std::string, std::vector<Rules::Event>> occasions = {
      {"start", {Rules::Opened{1, 0, 0}}},
      {"write", {Rules::Written{1}}},
      {"hint", {Rules::Hinted{1}}},
      {"network", {kNowOffline, Rules::Opened{1, 0, 0}, kNowOnline}},
      {"Retry-After", {Rules::RunBegun{1}, shed(milliseconds{500})}},
  };
  for (const auto& [occasion, events] : occasions) {
    std::set<MonotonicTime> moments;
    for (std::uint64_t device = 1; device <= 100; ++device) {
      FakeRandom random(device);
      Rules rules(options, false, random);
      Rules::Plan plan;
      for (const auto& event : events) plan = rules.on(event, kStart);
      if (plan.wake) moments.insert(*plan.wake);
    }
    EXPECT_GT(moments.size(), 80U) << occasion;
    EXPECT_GT(*moments.rbegin() - *moments.begin(), milliseconds{800}) << occasion;
  }
}

// --- random schedules ---------------------------------------------------------------------------------------------

// A world in which anything happens in any order, and what must hold in it.
class RandomSchedule {
 public:
  explicit RandomSchedule(std::uint64_t seed) : chance_(seed), rules_chance_(seed + 1), options_(draw_options()) {}

  void play(int events) {
    for (int i = 0; i < events; ++i) {
      now_ += milliseconds{pick(200)};
      if (wake_ && *wake_ <= now_ && pick(2) == 0) happen(Rules::TimePassed{});
      happen(draw());
    }
  }

  // All is well and nobody writes: what waits goes out, then no timer runs but a period's.
  void come_to_rest() {
    happen(kNowOnline);
    happen(Rules::CameToFront{});
    happen(Rules::CredentialsChanged{});
    for (int i = 0; i < 200 && (!running_.empty() || (wake_ && !written_.empty())); ++i) {
      for (const auto id : std::set(running_)) happen(went_well(id));
      if (running_.empty() && wake_) {
        now_ = *wake_;
        happen(Rules::TimePassed{});
      }
    }
    EXPECT_TRUE(written_.empty()) << "a write that nobody synchronizes (D12)";
    while (!running_.empty()) happen(went_well(*running_.begin()));
    if (options_.period.count() == 0) {
      // Only what was announced for later may still come, and it does.
      for (int i = 0; i < 20 && wake_; ++i) {
        now_ = *wake_;
        happen(Rules::TimePassed{});
        while (!running_.empty()) happen(went_well(*running_.begin()));
      }
      EXPECT_EQ(wake_, std::nullopt) << "an idle client holds no timer";
    }
  }

 private:
  std::uint64_t pick(std::uint64_t choices) { return chance_.next() % choices; }

  AutomaticSync draw_options() {
    auto options = plain();
    options.jitter = milliseconds{pick(3) * 50};
    options.on_start = pick(2) == 0;
    options.on_network = pick(2) == 0;
    options.over_metered = pick(2) == 0;
    options.period = milliseconds{pick(2) * 700};
    return options;
  }

  Rules::Event draw() {
    const auto id = static_cast<Rules::DatasetId>(1 + pick(4));
    switch (pick(12)) {
      case 0:
        return Rules::Opened{id, pick(3), 0};
      case 1:
        return Rules::Hinted{id};
      case 2:
        return running_.contains(id) ? Rules::Event(Rules::TimePassed{}) : Rules::RunBegun{id};
      case 3:
        return Rules::NetworkChanged{{.state = static_cast<State>(pick(3)), .metered = pick(3) == 0}};
      case 4:
        return Rules::CameToFront{};
      case 5:
        return Rules::WentToBack{};
      case 6:
        return Rules::CredentialsChanged{};
      case 7:
      case 8:
        return Rules::Written{id};
      default:
        return draw_end();
    }
  }

  Rules::Event draw_end() {
    static constexpr std::array kCodes = {ErrorCode::kNetwork,       ErrorCode::kTooManyRequests,
                                          ErrorCode::kNotAuthorized, ErrorCode::kLimitExceeded,
                                          ErrorCode::kCancelled,     ErrorCode::kResourceConflict};
    if (running_.empty()) return Rules::TimePassed{};
    const auto id = *running_.begin();
    if (pick(2) == 0) return went_well(id);
    auto event = failed(kCodes.at(pick(kCodes.size())), id);
    if (pick(3) == 0) event.error->retry_after = milliseconds{pick(2'000)};
    return event;
  }

  void happen(const Rules::Event& event) {
    if (note_and_forgive(event)) forgiven_ = running_;
    const auto plan = rules_.on(event, now_);
    EXPECT_TRUE(!held() || (plan.begin.empty() && !plan.wake)) << "it may not, now";
    EXPECT_TRUE(now_ >= not_before_ || plan.begin.empty()) << "Retry-After has not passed";
    for (const auto id : plan.begin) {
      EXPECT_TRUE(running_.insert(id).second) << "it runs already";
      written_.erase(id);
      forgiven_.erase(id);
    }
    EXPECT_TRUE(!plan.wake || *plan.wake > now_) << "a timer that is due at once";
    EXPECT_EQ(rules_.status().state == SyncState::kSyncing, !running_.empty());
    wake_ = plan.wake;
  }

  [[nodiscard]] bool held() const { return offline_ || refused_ || (metered_ && !options_.over_metered); }

  // Whether what stood in the way of those that run may be gone.
  bool note_and_forgive(const Rules::Event& event) {
    const bool was_held = held();
    const bool was_refused = refused_;
    const bool was_in_front = in_front_;
    const auto before = network_;
    note(event);
    if (const auto* network = std::get_if<Rules::NetworkChanged>(&event)) {
      network_ = network->network.state;
      return (before && *before != State::kOnline && *network_ == State::kOnline) || (was_held && !held());
    }
    if (std::holds_alternative<Rules::CameToFront>(event)) return !was_in_front;
    if (std::holds_alternative<Rules::RunEnded>(event)) return was_refused && !refused_;
    return std::holds_alternative<Rules::CredentialsChanged>(event);
  }

  void note(const Rules::Event& event) {
    if (const auto* written = std::get_if<Rules::Written>(&event)) written_.insert(written->dataset);
    if (const auto* begun = std::get_if<Rules::RunBegun>(&event)) {
      running_.insert(begun->dataset);
      written_.erase(begun->dataset);
      forgiven_.erase(begun->dataset);
    }
    if (const auto* network = std::get_if<Rules::NetworkChanged>(&event)) {
      offline_ = network->network.state == State::kOffline;
      metered_ = network->network.metered;
    }
    if (std::holds_alternative<Rules::CredentialsChanged>(event)) refused_ = false;
    if (std::holds_alternative<Rules::WentToBack>(event)) in_front_ = false;
    if (std::holds_alternative<Rules::CameToFront>(event)) {
      if (!in_front_) refused_ = false;
      in_front_ = true;
    }
    if (const auto* ended = std::get_if<Rules::RunEnded>(&event)) note_end(*ended);
  }

  void note_end(const Rules::RunEnded& ended) {
    running_.erase(ended.dataset);
    if (!ended.error) {
      refused_ = false;
      return;
    }
    const bool forgiven = forgiven_.erase(ended.dataset) > 0;
    refused_ = refused_ || (ended.error->retry() == RetryClass::kCredentials && !forgiven);
    if (ended.error->retry_after) not_before_ = std::max(not_before_, now_ + *ended.error->retry_after);
    written_.insert(ended.dataset);  // whatever was to go out has not
  }

  FakeRandom chance_;
  FakeRandom rules_chance_;
  const AutomaticSync options_;
  Rules rules_{options_, false, rules_chance_};
  MonotonicTime now_ = kStart;
  std::optional<MonotonicTime> wake_;

  std::set<Rules::DatasetId> running_;
  std::set<Rules::DatasetId> written_;   // since its last sync began
  std::set<Rules::DatasetId> forgiven_;  // of those that run
  MonotonicTime not_before_ = kStart;
  std::optional<State> network_;  // nullopt: nobody has told
  bool offline_ = false;
  bool metered_ = false;
  bool refused_ = false;
  bool in_front_ = true;
};

TEST(RulesTest, D13D16RandomSchedules) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSchedule schedule(seed);
    schedule.play(60);
    schedule.come_to_rest();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace syncline::engine

// S10: who may call how often.
#include "service/rate_limits.h"

#include <gtest/gtest.h>

#include "identity_fixture.h"

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kSeed = 7;

int taken(TokenBuckets& buckets, std::string_view caller, MonotonicTime now) {
  int count = 0;
  while (!buckets.take(caller, now)) ++count;
  return count;
}

TEST(TokenBuckets, GiveABurstAndThenTheRate) {
  TokenBuckets buckets({.per_second = 10, .burst = 5}, kSeed);
  ManualClock clock;
  EXPECT_EQ(taken(buckets, "a", clock.monotonic()), 5);
  EXPECT_EQ(buckets.take("a", clock.monotonic()), milliseconds(100)) << "when the next one is there";
  EXPECT_EQ(taken(buckets, "b", clock.monotonic()), 5) << "each caller has a bucket";
  clock.advance(milliseconds(99));
  EXPECT_EQ(taken(buckets, "a", clock.monotonic()), 0);
  clock.advance(milliseconds(1));
  EXPECT_EQ(taken(buckets, "a", clock.monotonic()), 1);
  clock.advance(milliseconds(60'000));
  EXPECT_EQ(taken(buckets, "a", clock.monotonic()), 5) << "a bucket holds no more than a burst";
}

TEST(TokenBuckets, ChargeMakesADebtOfABurstAtMost) {
  TokenBuckets buckets({.per_second = 10, .burst = 5}, kSeed);
  ManualClock clock;
  buckets.charge("a", 1'000'000, clock.monotonic());
  EXPECT_EQ(buckets.take("a", clock.monotonic()), milliseconds(600));
  buckets.give_back("a", clock.monotonic());
  EXPECT_EQ(buckets.take("a", clock.monotonic()), milliseconds(500));
}

TEST(TokenBuckets, WithoutARateThereIsNoLimit) {
  TokenBuckets buckets({}, kSeed);
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(buckets.take("a", {}));
}

TEST(TokenBuckets, ACrowdTakesNoMoreMemoryAndNobodysTokens) {
  TokenBuckets buckets({.per_second = 1, .burst = 2}, kSeed, 64);
  ManualClock clock;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(buckets.take("caller " + std::to_string(i), clock.monotonic())) << i;
  }
}

class Limiter : public ::testing::Test {
 protected:
  std::string caller_of(std::string_view address, const Headers& headers = {}) {
    return RateLimiter({.proxies = {"127.0.0.1", "10.0.0.1"}}, clock_, kSeed).caller_of(address, headers);
  }
  ManualClock clock_;
};

TEST_F(Limiter, CountsForAnAddressOrASubscribersNetwork) {
  EXPECT_EQ(caller_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(caller_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(caller_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(caller_of("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(caller_of("fe80::1%eth0"), "fe80::/64");
}

TEST_F(Limiter, BelievesAProxyAndNobodyElse) {
  EXPECT_EQ(caller_of("192.0.2.7", {{"X-Forwarded-For", "203.0.113.1"}}), "192.0.2.7");
  EXPECT_EQ(caller_of("127.0.0.1"), "") << "whoever calls from there counts for nobody";
  EXPECT_EQ(caller_of("::ffff:127.0.0.1"), "");
  EXPECT_EQ(caller_of("127.0.0.1", {{"x-forwarded-for", "203.0.113.1"}}), "203.0.113.1");
  EXPECT_EQ(caller_of("127.0.0.1", {{"X-Forwarded-For", "forged, 203.0.113.1 , 10.0.0.1"}}), "203.0.113.1");
  EXPECT_EQ(caller_of("127.0.0.1", {{"X-Forwarded-For", "forged"}, {"X-Forwarded-For", "203.0.113.1"}}), "203.0.113.1");
}

TEST_F(Limiter, AProxyBehindAnotherMayWriteALineOfItsOwnS10) {
  EXPECT_EQ(caller_of("127.0.0.1", {{"X-Forwarded-For", "forged, 203.0.113.1"}, {"X-Forwarded-For", "10.0.0.1"}}),
            "203.0.113.1");
  EXPECT_EQ(caller_of("127.0.0.1", {{"X-Forwarded-For", "203.0.113.1"}, {"X-Forwarded-For", ""}}), "203.0.113.1");
  EXPECT_EQ(caller_of("127.0.0.1", {{"X-Forwarded-For", ""}, {"X-Forwarded-For", "10.0.0.1"}}), "");
}

class Rates : public IdentityTest {
 protected:
  void open_with(const RateLimits& rates) {
    close();
    open_again(rates);
  }

  // How many lists of an identity are answered until one is refused.
  int lists(const std::string& pool, const Session& session, HttpResponse& refused) {
    for (int count = 0;; ++count) {
      wire::ListRecordsRequest request;
      request.target = target(pool, session.identity, "game");
      refused = as(session.credentials, wire::encode(request));
      if (refused.status != 200) return count;
    }
  }

  static void expect_refusal(const HttpResponse& response, std::string_view retry_after) {
    EXPECT_EQ(response.status, 429) << response.body;
    EXPECT_EQ(*find_header(response.headers, "x-amzn-ErrorType"), "TooManyRequestsException");
    ASSERT_NE(find_header(response.headers, "Retry-After"), nullptr);
    EXPECT_EQ(*find_header(response.headers, "Retry-After"), retry_after);
  }
};

TEST_F(Rates, S10_OneIdentityCannotStarveTheRest) {
  open_with({.identity = {.per_second = 2, .burst = 20}});
  const std::string pool = make_pool();
  const Session greedy = guest(pool);
  const Session modest = guest(pool);
  HttpResponse refused;
  EXPECT_EQ(lists(pool, greedy, refused), 20);
  expect_refusal(refused, "1");
  EXPECT_TRUE(list(pool, modest, "game"));
  clock.advance(milliseconds(1000));
  EXPECT_EQ(lists(pool, greedy, refused), 2);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(caller().list("game")) << "the developer's calls are not counted";
}

TEST_F(Rates, S10_BytesCountAsCalls) {
  open_with({.identity = {.per_second = 1, .burst = 20}});
  const std::string pool = make_pool();
  const Session session = guest(pool);
  // A list and an update, and nine times 64 KiB, there and back.
  EXPECT_EQ(write(pool, session, "game", "k", std::string(300'000, 'x')), "ok");
  HttpResponse refused;
  EXPECT_EQ(lists(pool, session, refused), 2) << "each counts as five: 21 are spent";
  expect_refusal(refused, "2");
}

TEST_F(Rates, S10_GuestsOfOneAddressAreBounded) {
  open_with({.unsigned_calls = {.per_second = 1, .burst = 5}});
  const std::string pool = make_pool();
  const HttpRequest get_id = identity_request("GetId", in_pool(pool));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(service->handle(get_id, "192.0.2.1").status, 200);
  expect_refusal(service->handle(get_id, "192.0.2.1"), "1");
  EXPECT_EQ(service->handle(get_id, "192.0.2.2").status, 200);
}

TEST_F(Rates, S10_AnAddressIsBoundedWhateverItSends) {
  open_with({.address = {.per_second = 1, .burst = 3}});
  for (const char* path : {"/", "/nonsense", "/healthz"}) {
    EXPECT_NE(service->handle({.path = path}, "192.0.2.1").status, 429);
  }
  for (const char* path : {"/", "/nonsense", "/healthz"}) {
    expect_refusal(service->handle({.path = path}, "192.0.2.1"), "1");
  }
  expect_refusal(service->handle(identity_request("GetId", "{}"), "192.0.2.1"), "1");
}

TEST_F(Rates, S10_ToOpenAStreamIsACallAndWhatItTellsIsNone) {
  open_with({.identity = {.per_second = 1, .burst = 4}, .address = {.per_second = 1, .burst = 6}});
  const std::string pool = make_pool();
  const Session session = guest(pool);
  HttpRequest request{.method = "GET",
                      .path = "/syncline/identitypools/" + pool + "/identities/" + session.identity + "/changes"};
  EXPECT_EQ(service->open_stream(request, "192.0.2.1")->response.status, 403) << "unsigned: the address's alone";
  auth::sign(request, kHost, caller().scope(), session.credentials, clock.wall());
  const auto stream = std::move(service->open_stream(request, "192.0.2.1")->stream);
  ASSERT_TRUE(stream);
  for (int i = 0; i < 100; ++i) ASSERT_NE(stream->next(true).value_or(""), "") << i;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(service->open_stream(request, "192.0.2.1")->stream);
  expect_refusal(service->open_stream(request, "192.0.2.2")->response, "1");
  EXPECT_EQ(service->open_stream({.method = "GET", .path = request.path}, "192.0.2.1")->response.status, 403);
  expect_refusal(service->open_stream({.method = "GET", .path = request.path}, "192.0.2.1")->response, "1");
}

TEST_F(Rates, ADevelopersCallsDoNotUseUpItsAddress) {
  open_with({.address = {.per_second = 1, .burst = 3}});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(caller().list("game"));
}

}  // namespace
}  // namespace syncline::service

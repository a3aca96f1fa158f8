// One call to the service: credentials, signature, the clock, answers that are none.
#include "client/remote.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "device.h"

namespace syncline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Backend;
using testing::FakeClock;
using testing::FakeTransport;
using testing::Fault;
using testing::json_answer;
using testing::kIdentity;
using testing::refusal;

// Answers as a test wants it to.
class TestProvider final : public CredentialsProvider {
 public:
  explicit TestProvider(std::function<void(CredentialsCallback)> answer) : answer_(std::move(answer)) {}
  void get_credentials(CredentialsCallback done) override {
    ++asked;
    answer_(std::move(done));
  }
  int asked = 0;

 private:
  std::function<void(CredentialsCallback)> answer_;
};

class RemoteTest : public ::testing::Test {
 protected:
  RemoteTest() {
    auto transport = std::make_unique<FakeTransport>([this](const HttpRequest& request) { return network(request); });
    fake = transport.get();
    driver = std::make_shared<Driver>(clock, std::move(transport));
    use(static_credentials(backend.credentials()));
  }
  ~RemoteTest() override { driver->stop(); }

  void use(std::shared_ptr<CredentialsProvider> credentials) {
    remote = std::make_shared<Remote>(RemoteOptions{.host = "sync.test",
                                                    .scope = {.region = "us-east-1", .service = "cognito-sync"},
                                                    .credentials = std::move(credentials)},
                                      clock, driver);
  }
  void use_provider(std::function<void(CredentialsCallback)> answer) {
    use(std::make_shared<TestProvider>(std::move(answer)));
  }
  Remote::CallHandle list() {
    const wire::Target target{.pool = *IdentityPoolId::parse(backend.pool()),
                              .identity = *IdentityId::parse(kIdentity),
                              .dataset = *DatasetName::parse("game")};
    return remote->list_records({.target = target},
                                [this](Answer<ListedPage> answer) { answers.push_back(std::move(answer)); });
  }
  void step() { driver->step(clock->monotonic()); }
  // Lists to the end: the code of the answer, and how many requests it took.
  std::string listed() {
    answers.clear();
    list();
    for (int i = 0; i < 10 && answers.empty(); ++i) step();
    step();
    if (answers.size() != 1) return "answers: " + std::to_string(answers.size());
    const auto& answer = answers.front();
    return (answer.result ? "ok" : std::string(to_string(answer.result.error().code))) + " " +
           std::to_string(answer.requests);
  }
  [[nodiscard]] std::string message() const { return answers.at(0).result.error().message; }

  Backend backend;
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  std::function<Result<HttpResponse>(const HttpRequest&)> network = [this](const HttpRequest& request) {
    return backend.handle(request);
  };
  FakeTransport* fake = nullptr;
  std::shared_ptr<Driver> driver;
  std::shared_ptr<Remote> remote;
  std::vector<Answer<ListedPage>> answers;
};

TEST_F(RemoteTest, SignsSoThatTheServiceAgrees) {
  EXPECT_EQ(listed(), "ok 1");
  EXPECT_NE(find_header(fake->log().at(0).headers, "Authorization"), nullptr);
}

TEST_F(RemoteTest, NeverAnswersBeforeTheCallReturned) {
  use(nullptr);
  list();
  EXPECT_TRUE(answers.empty());
  step();
  EXPECT_EQ(answers.size(), 1U);
}

// --- the clock ------------------------------------------------------------------------------------------------------

TEST_F(RemoteTest, D16Case21AClockThatIsWrongCostsOneRequest) {
  for (const auto& off : {hours{1}, hours{-1}, hours{24 * 3653}, hours{-24 * 3653}}) {
    clock->set_wall(backend.clock->wall() + off);
    EXPECT_EQ(listed(), "ok 2") << off.count() << " hours";
    EXPECT_EQ(listed(), "ok 1") << off.count() << " hours, known by now";
  }
}

TEST_F(RemoteTest, D16AClockWithinTheToleranceCostsNothing) {
  clock->set_wall(backend.clock->wall() + minutes{4});
  EXPECT_EQ(listed(), "ok 1");
  EXPECT_EQ(remote->clock_offset(), -minutes{4});
}

TEST_F(RemoteTest, D16AClockThatIsRightIsLeftAlone) {
  clock->set_wall(backend.clock->wall() + seconds{1});
  EXPECT_EQ(listed(), "ok 1");
  EXPECT_EQ(remote->clock_offset(), seconds{0});
}

TEST_F(RemoteTest, D16ARefusalThatTheClockDoesNotExplainIsNotRepeated) {
  auto wrong = backend.credentials();
  wrong.secret_access_key = "another";
  use(static_credentials(wrong));
  EXPECT_EQ(listed(), "not_authorized 1");
  clock->set_wall(backend.clock->wall() + hours{1});
  EXPECT_EQ(listed(), "not_authorized 2") << "it might have been the clock, once";
}

TEST_F(RemoteTest, D16AServiceThatIsNeverContentGetsOneExtraRequest) {
  network = [this](const HttpRequest&) {
    auto answer = refusal(403, "InvalidSignatureException", "Signature expired: now");
    answer.headers.push_back({"Date", format_http_date(backend.clock->wall() + hours{100 * fake->requests()})});
    return answer;
  };
  EXPECT_EQ(listed(), "clock_skew 2");
}

TEST_F(RemoteTest, D16WithoutADateNothingIsCorrected) {
  network = [](const HttpRequest&) { return refusal(403, "InvalidSignatureException", "Signature expired: now"); };
  EXPECT_EQ(listed(), "clock_skew 1");
}

// --- memory ---------------------------------------------------------------------------------------------------------

// Throws while a request is being signed, as all can that needs memory.
class ThrowingClock final : public Clock {
 public:
  Timestamp wall() override { throw std::bad_alloc(); }
  MonotonicTime monotonic() override { return {}; }
};

TEST_F(RemoteTest, D13ARequestThatCannotBeSignedEndsInAnError) {
  remote = std::make_shared<Remote>(RemoteOptions{.host = "sync.test",
                                                  .scope = {.region = "us-east-1", .service = "cognito-sync"},
                                                  .credentials = static_credentials(backend.credentials())},
                                    std::make_shared<ThrowingClock>(), driver);
  EXPECT_EQ(listed(), "internal 0");
  EXPECT_EQ(message(), "the request could not be signed: std::bad_alloc");
}

// --- credentials ----------------------------------------------------------------------------------------------------

TEST_F(RemoteTest, WithoutAProviderTheErrorNamesTheOption) {
  use(nullptr);
  EXPECT_EQ(listed(), "invalid_argument 0");
  EXPECT_NE(message().find("ClientOptions::credentials"), std::string::npos);
}

TEST_F(RemoteTest, AProvidersErrorIsTheCallsError) {
  use_provider(
      [](const CredentialsCallback& done) { done(Error{.code = ErrorCode::kNotAuthorized, .message = "logged out"}); });
  EXPECT_EQ(listed(), "not_authorized 0");
  EXPECT_EQ(message(), "logged out");
}

TEST_F(RemoteTest, CredentialsMayComeLaterFromAnotherThread) {
  std::thread other;
  use_provider([&](CredentialsCallback done) {
    other = std::thread([this, done = std::move(done)] { done(backend.credentials()); });
  });
  list();
  step();
  other.join();
  step();
  step();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].result);
}

TEST_F(RemoteTest, TheDriverWaitsForCredentialsThatComeLater) {
  CredentialsCallback later;
  use_provider([&](CredentialsCallback done) { later = std::move(done); });
  list();
  step();
  EXPECT_EQ(driver->step(clock->monotonic()), clock->monotonic());
  later(backend.credentials());
  step();
  step();
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(driver->step(clock->monotonic()), std::nullopt) << "although the provider still holds the callback";
}

TEST_F(RemoteTest, D13AProviderThatThrowsIsAnError) {
  use_provider([](const CredentialsCallback&) { throw std::runtime_error("the app's"); });
  EXPECT_EQ(listed(), "internal 0");
  EXPECT_NE(message().find("credentials"), std::string::npos);
}

TEST_F(RemoteTest, D13AProviderThatNeverAnswersIsAnErrorOnceItDropsTheCallback) {
  use_provider([](const CredentialsCallback&) {});
  EXPECT_EQ(listed(), "internal 0");
  EXPECT_NE(message().find("credentials"), std::string::npos);
}

TEST_F(RemoteTest, D4AProviderThatAnswersTwiceCausesOneRequest) {
  use_provider([this](const CredentialsCallback& done) {
    done(backend.credentials());
    done(backend.credentials());
  });
  EXPECT_EQ(listed(), "ok 1");
  CredentialsCallback later;
  use_provider([&](CredentialsCallback done) { later = std::move(done); });
  list();
  step();
  later(backend.credentials());
  later(backend.credentials());
  const auto before = fake->requests();
  step();
  step();
  EXPECT_EQ(fake->requests() - before, 1U);
}

// --- cancelling -----------------------------------------------------------------------------------------------------

TEST_F(RemoteTest, D13CancelBeforeCredentialsWereAsked) {
  const auto call = list();
  remote->cancel(call);
  step();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(fake->requests(), 0U);
}

TEST_F(RemoteTest, D13CancelWhileCredentialsAreAwaited) {
  CredentialsCallback later;
  use_provider([&](CredentialsCallback done) { later = std::move(done); });
  const auto call = list();
  step();
  remote->cancel(call);
  later(backend.credentials());
  step();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(fake->requests(), 0U);
}

TEST_F(RemoteTest, D13CancelWhileTheRequestIsOut) {
  fake->fault_request(1, Fault::hold_answer());
  const auto call = list();
  step();
  step();
  ASSERT_EQ(fake->held(), 1U);
  remote->cancel(call);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(answers[0].requests, 1U);
  fake->release();
  step();
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(RemoteTest, D13CancelOfWhatIsCompleteDoesNothing) {
  const auto call = list();
  step();
  step();
  remote->cancel(call);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].result);
}

// --- compressed bodies ----------------------------------------------------------------------------------------------

class CompressionTest : public RemoteTest {
 protected:
  // Pushes one value of `size` bytes in the session of a list: the code of the answer, and how many requests it took.
  std::string pushed(std::size_t size) {
    if (listed() != "ok 1") return "not listed";
    const auto& page = *answers.front().result;
    const auto count = page.records.empty() ? SyncCount{} : page.records[0].version.count;
    const wire::UpdateRecordsRequest request{
        .target = {.pool = *IdentityPoolId::parse(backend.pool()),
                   .identity = *IdentityId::parse(kIdentity),
                   .dataset = *DatasetName::parse("game")},
        .patches = {{.key = "k", .value = std::string(size, 'x'), .sync_count = count}},
        .session_token = page.session_token};
    std::string said = "no answer";
    remote->update_records(request, [&](const Answer<wire::UpdateRecordsAnswer>& answer) {
      said = (answer.result ? "ok" : std::string(to_string(answer.result.error().code))) + " " +
             std::to_string(answer.requests);
    });
    for (int i = 0; i < 10; ++i) step();
    return said;
  }
  [[nodiscard]] HttpRequest last() const { return fake->log().back(); }
};

TEST_F(CompressionTest, OfLargeBodiesForAServiceThatOffersIt) {
  EXPECT_EQ(pushed(100'000), "ok 1");
  ASSERT_NE(find_header(last().headers, "Content-Encoding"), nullptr);
  EXPECT_LT(last().body.size(), 2'000U);
  listed();
  EXPECT_EQ(answers.at(0).result->records.at(0).version.value, std::string(100'000, 'x'));
}

TEST_F(CompressionTest, NotOfSmallBodies) {
  EXPECT_EQ(pushed(100), "ok 1");
  EXPECT_EQ(find_header(last().headers, "Content-Encoding"), nullptr);
}

TEST_F(CompressionTest, NotForAServiceThatDoesNotSpeakOfIt) {
  network = [this](const HttpRequest& request) {
    auto answer = backend.handle(request);
    std::erase_if(answer.headers, [](const Header& header) { return header.name == "Accept-Encoding"; });
    return answer;
  };
  EXPECT_EQ(pushed(100'000), "ok 1");
  EXPECT_EQ(find_header(last().headers, "Content-Encoding"), nullptr);
  EXPECT_GT(last().body.size(), 100'000U);
}

TEST_F(CompressionTest, OnceRefusedTheSameCallGoesOutAsItIs) {
  network = [this](const HttpRequest& request) {
    if (find_header(request.headers, "Content-Encoding") == nullptr) return backend.handle(request);
    return HttpResponse{.status = 415, .headers = {{"Accept-Encoding", "gzip"}}, .body = "{}"};
  };
  EXPECT_EQ(pushed(100'000), "ok 2");
  network = [](const HttpRequest&) {
    return HttpResponse{.status = 415, .headers = {{"Accept-Encoding", "gzip"}}, .body = "{}"};
  };
  listed();
  EXPECT_EQ(answers.at(0).requests, 1U) << "what was not compressed is not sent again";
}

// --- answers that are none ------------------------------------------------------------------------------------------

TEST_F(RemoteTest, BadInputAnswersThatAreNoneAreBadAnswers) {
  for (const std::string body :
       {"", "<html>Sign in to the hotel</html>", "[]", "null", "7", R"({"DatasetSyncCount":"one"})",
        R"({"DatasetSyncCount":-1})", R"({"DatasetSyncCount":1,"Records":{}})",
        R"({"DatasetSyncCount":1,"Records":[{"Key":7,"SyncCount":1}]})",
        R"({"DatasetSyncCount":1,"Records":[{"Key":"a")",
        R"({"DatasetSyncCount":1,"Records":[{"Key":"a","Value":"secret"}]})"}) {
    network = [&](const HttpRequest&) { return json_answer(body); };
    EXPECT_EQ(listed(), "bad_answer 1") << body;
    EXPECT_NE(message().find("ListRecords"), std::string::npos) << message();
    EXPECT_EQ(message().find("secret"), std::string::npos) << message();
  }
}

TEST_F(RemoteTest, BadInputRedirectsAndStrangersAreErrors) {
  network = [](const HttpRequest&) { return HttpResponse{.status = 302, .headers = {{"Location", "http://x"}}}; };
  EXPECT_EQ(listed(), "bad_answer 1");
  network = [](const HttpRequest&) { return HttpResponse{.status = 404, .body = "<html>nginx</html>"}; };
  EXPECT_EQ(listed(), "bad_answer 1");
  network = [](const HttpRequest&) { return HttpResponse{.status = 502, .body = "<html>nginx</html>"}; };
  EXPECT_EQ(listed(), "service_failure 1");
}

}  // namespace
}  // namespace syncline

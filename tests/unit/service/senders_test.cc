// What goes to Kinesis, S3 and SNS, and what their answers do. The peers are functions of the test that check each
// signature; real sockets and the vendor's own signer are in tests/conformance/delivery_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <utility>

#include "auth/canonical.h"
#include "core/text.h"
#include "outbox_fixture.h"
#include "service/aws_requests.h"
#include "service/bulk_publisher.h"
#include "service/deliverer.h"
#include "service/pool_rules.h"
#include "service/push_sender.h"
#include "service/stream_sender.h"
#include "support/fake_transport.h"

namespace syncline::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kEndpoint = "arn:aws:sns:us-east-1:123456789012:endpoint/APNS/game/1";

std::string endpoint_answer(std::string_view arn) {
  return "<CreatePlatformEndpointResponse><CreatePlatformEndpointResult><EndpointArn>" + std::string(arn) +
         "</EndpointArn></CreatePlatformEndpointResult></CreatePlatformEndpointResponse>";
}

std::string sns_error(std::string_view code, std::string_view message) {
  return "<ErrorResponse><Error><Type>Sender</Type><Code>" + std::string(code) + "</Code><Message>" +
         std::string(message) + "</Message></Error></ErrorResponse>";
}

class Senders : public OutboxTest {
 protected:
  Senders() { configure(wire::StreamingStatus::kEnabled); }

  // A service of AWS's: checks the signature, keeps the request, answers what is prepared, else 200 with nothing.
  std::unique_ptr<AwsChannel> channel(const std::string& service) {
    const ChannelOptions options{.endpoint = "https://" + service + ".example.com",
                                 .service = service,
                                 .region = "eu-west-1",
                                 .credentials = {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"}};
    auto transport = std::make_unique<testing::FakeTransport>([this, service](const HttpRequest& request) {
      const auto verified =
          auth::verify(request, {.region = "eu-west-1", .service = service}, clock.wall(),
                       [](std::string_view, std::string_view) { return std::optional<std::string>("secret"); });
      EXPECT_TRUE(verified) << service << ": " << verified.error().message;
      requests[service].push_back(request);
      auto& prepared = answers[service];
      if (prepared.empty()) return Result<HttpResponse>(HttpResponse{.status = 200});
      auto answer = std::move(prepared.front());
      prepared.pop_front();
      return answer;
    });
    return std::make_unique<AwsChannel>(options, clock, service + ".example.com", std::move(transport));
  }
  void start_streams(bool with_objects = true) {
    StreamSender::Parts parts{
        .kinesis = channel("kinesis"), .objects = with_objects ? channel("s3") : nullptr, .bucket = "records"};
    start(std::make_unique<StreamSender>(*store, std::move(parts), log()));
  }
  void start_pushes() { start(std::make_unique<PushSender>(*store, channel("sns"))); }
  void start(std::unique_ptr<Sender> sender) {
    deliverer = std::make_unique<Deliverer>(*store, clock, random, DeliveryLimits{}, std::move(sender), metrics, log());
  }
  Log log() {
    return [this](LogLevel, const std::string& text) { logged += text + "\n"; };
  }
  // Until nothing is under way.
  void deliver() {
    do {
      deliverer->step();
    } while (deliverer->under_way() > 0);
  }
  void prepare(const std::string& service, int status, std::string body) {
    answers[service].push_back(HttpResponse{.status = status, .body = std::move(body)});
  }
  std::string failure() { return store->dead_letters(0, 1)->at(0).failure; }

  std::map<std::string, std::vector<HttpRequest>> requests;
  std::map<std::string, std::deque<Result<HttpResponse>>> answers;
  std::string logged;
  DeliveryMetrics metrics;
  std::unique_ptr<Deliverer> deliverer;
};

std::string field_of(const std::string& body, std::string_view name) {
  const std::string text = "\"" + std::string(name) + "\":\"";
  const auto begin = body.find(text) + text.size();
  return body.substr(begin, body.find('"', begin) - begin);
}

std::string form_field(const std::string& body, const std::string& name) {
  const auto begin = ("&" + body).find("&" + name + "=") + name.size() + 1;
  return percent_decode(body.substr(begin, body.find('&', begin) - begin)).value_or("");
}

TEST_F(Senders, AStreamRecordGoesToKinesis) {
  start_streams();
  write("save", "the value");
  deliver();
  ASSERT_EQ(requests["kinesis"].size(), 1U);
  const HttpRequest& request = requests["kinesis"][0];
  EXPECT_EQ(*find_header(request.headers, "X-Amz-Target"), "Kinesis_20131202.PutRecord");
  EXPECT_EQ(field_of(request.body, "StreamName"), "changes");
  EXPECT_EQ(field_of(request.body, "PartitionKey"), kIdentity);
  // {"identityPoolId":...
  EXPECT_THAT(field_of(request.body, "Data"), StartsWith("eyJpZGVudGl0eVBvb2xJZCI6"));
  EXPECT_EQ(store->outbox_figures()->streams, 0);
}

TEST_F(Senders, RecordsAbove50KilobytesGoToAnObjectAndALinkToKinesis) {
  start_streams();
  write("save", std::string(60'000, 'x'));
  deliver();
  ASSERT_EQ(requests["s3"].size(), 1U);
  const HttpRequest& put = requests["s3"][0];
  EXPECT_EQ(put.method, "PUT");
  EXPECT_THAT(put.path, StartsWith("/records/us-east-1_"));
  EXPECT_THAT(put.path, Not(HasSubstr(":")));
  EXPECT_THAT(put.body, StartsWith(R"([{"key":"k","value":"xxx)"));
  ASSERT_EQ(requests["kinesis"].size(), 1U);
  EXPECT_LT(requests["kinesis"][0].body.size(), 3000U);
}

TEST_F(Senders, TheLinkIsSignedAsS3WantsIt) {
  const std::string url = channel("s3")->presigned_url("/records/a.json", std::chrono::hours(1));
  ASSERT_THAT(url, StartsWith("https://s3.example.com/records/a.json?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
  HttpRequest request{.method = "GET", .path = "/records/a.json", .headers = {{"Host", "s3.example.com"}}};
  std::string signature;
  for (std::string rest = url.substr(url.find('?') + 1); !rest.empty();) {
    const std::string pair = rest.substr(0, rest.find('&'));
    rest = pair.size() < rest.size() ? rest.substr(pair.size() + 1) : "";
    const auto equals = pair.find('=');
    request.query.emplace_back(pair.substr(0, equals), *percent_decode(pair.substr(equals + 1)));
    if (request.query.back().first == "X-Amz-Signature") signature = request.query.back().second;
  }
  const auto names = auth::header_names(request.headers);
  EXPECT_EQ(signature,
            auth::signature_of(auth::canonical_request(request, names, auth::kUnsignedPayload),
                               auth::format_date(clock.wall()), {.region = "eu-west-1", .service = "s3"}, "secret"));
}

TEST_F(Senders, WithoutAnObjectStoreAllThatKinesisTakesGoesInline) {
  start_streams(false);
  write("save", std::string(60'000, 'x'));
  deliver();
  EXPECT_GT(requests["kinesis"].at(0).body.size(), 60'000U);
  write("save", std::string(kMostKinesisBytes, 'x'));
  deliver();
  EXPECT_EQ(requests["kinesis"].size(), 1U);
  EXPECT_THAT(failure(), HasSubstr("delivery.s3"));
}

TEST_F(Senders, AStreamThatIsGoneIsDisabled) {
  for (const char* type : {"ResourceNotFoundException", "AccessDeniedException"}) {
    configure(wire::StreamingStatus::kEnabled);
    start_streams();
    prepare("kinesis", 400, R"({"__type":")" + std::string(type) + R"(","message":"no stream changes"})");
    write("save");
    write("save");
    deliver();
    EXPECT_EQ(streaming(), wire::StreamingStatus::kDisabled) << type;
    EXPECT_THAT(failure(), HasSubstr(type));
    deliver();
    deliver();
    EXPECT_EQ(requests["kinesis"].size(), 1U);  // the second one was not tried
    EXPECT_EQ(store->outbox_figures()->dead_letters, 2);
    EXPECT_THAT(logged, HasSubstr("is disabled"));
    EXPECT_EQ(*store->discard_dead_letters({}), 2);
    requests.clear();
  }
}

TEST_F(Senders, ABusyStreamIsTriedAgain) {
  start_streams();
  prepare("kinesis", 400, R"({"__type":"ProvisionedThroughputExceededException","message":"slow down"})");
  prepare("kinesis", 503, "");
  answers["kinesis"].push_back(Error{.code = ErrorCode::kNetwork, .message = "no connection"});
  write("save");
  for (int i = 0; i < 4; ++i) {
    deliver();
    clock.advance(std::chrono::seconds(10));
  }
  EXPECT_EQ(requests["kinesis"].size(), 4U);
  EXPECT_EQ(store->outbox_figures()->streams, 0);
  EXPECT_EQ(store->outbox_figures()->dead_letters, 0);
  EXPECT_EQ(streaming(), wire::StreamingStatus::kEnabled);
}

TEST_F(Senders, AnObjectStoreThatRefusesIsTriedAgain) {
  start_streams();
  prepare("s3", 404, "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>");
  write("save", std::string(60'000, 'x'));
  deliver();
  EXPECT_THAT(requests["kinesis"], IsEmpty());
  clock.advance(std::chrono::seconds(2));
  deliver();
  EXPECT_EQ(requests["s3"].size(), 2U);
  EXPECT_EQ(requests["s3"][0].path, requests["s3"][1].path);
  EXPECT_EQ(requests["kinesis"].size(), 1U);
}

TEST_F(Senders, ABulkPublishSendsEveryDatasetAndSaysSo) {
  configure(wire::StreamingStatus::kDisabled);
  for (int i = 0; i < 70; ++i) write("set" + std::to_string(i));
  configure(wire::StreamingStatus::kEnabled);
  start_streams();
  auto details = load_bulk_publish(*store, pool()).value();
  details.value = decide_bulk_publish(details.value, load_configuration(*store, pool())->value, clock.wall()).value();
  ASSERT_TRUE(save(*store, pool(), details));
  BulkPublisher publisher(*store, clock, log());
  const auto status = [this] { return load_bulk_publish(*store, pool())->value.status; };
  for (int i = 0; i < 20 && status() == wire::BulkPublishStatus::kInProgress; ++i) {
    publisher.step();
    deliver();
  }
  EXPECT_EQ(status(), wire::BulkPublishStatus::kSucceeded);
  EXPECT_EQ(requests["kinesis"].size(), 70U);
}

TEST_F(Senders, ABulkPublishThatIsRefusedFails) {
  write("save");
  start_streams();
  deliver();
  auto details = load_bulk_publish(*store, pool()).value();
  details.value = decide_bulk_publish(details.value, load_configuration(*store, pool())->value, clock.wall()).value();
  ASSERT_TRUE(save(*store, pool(), details));
  prepare("kinesis", 400, R"({"__type":"ResourceNotFoundException","message":"no stream"})");
  BulkPublisher publisher(*store, clock, log());
  publisher.step();
  deliver();
  publisher.step();
  const auto ended = load_bulk_publish(*store, pool())->value;
  EXPECT_EQ(ended.status, wire::BulkPublishStatus::kFailed);
  EXPECT_THAT(ended.failure, HasSubstr("disabled"));
}

TEST_F(Senders, ADeviceGetsAnEndpointOnceAndItsPushesThere) {
  write("save");
  subscribe("save", "phone");
  start_pushes();
  prepare("sns", 200, endpoint_answer(kEndpoint));
  write("save");
  write("save");
  deliver();
  deliver();
  ASSERT_EQ(requests["sns"].size(), 3U);
  const auto& created = requests["sns"][0].body;
  EXPECT_EQ(form_field(created, "Action"), "CreatePlatformEndpoint");
  EXPECT_EQ(form_field(created, "Token"), "token-phone");
  EXPECT_EQ(form_field(created, "PlatformApplicationArn"), "arn:aws:sns:us-east-1:123456789012:app/APNS/game");
  const auto& published = requests["sns"][1].body;
  EXPECT_EQ(form_field(published, "Action"), "Publish");
  EXPECT_EQ(form_field(published, "TargetArn"), kEndpoint);
  EXPECT_EQ(form_field(published, "MessageStructure"), "json");
  EXPECT_THAT(form_field(published, "Message"), HasSubstr(R"(\"syncCount\":2)"));
  EXPECT_THAT(form_field(requests["sns"][2].body, "Message"), HasSubstr(R"(\"syncCount\":3)"));
  EXPECT_EQ(store->outbox_figures()->pushes, 0);
}

TEST_F(Senders, AnEndpointThatExistsWithOtherAttributesIsUsed) {
  write("save");
  subscribe("save", "phone", "GCM");
  start_pushes();
  prepare("sns", 400,
          sns_error("InvalidParameter", "Invalid parameter: Token Reason: Endpoint " + std::string(kEndpoint) +
                                            " already exists with the same Token, but different attributes."));
  write("save");
  deliver();
  ASSERT_EQ(requests["sns"].size(), 2U);
  EXPECT_EQ(form_field(requests["sns"][1].body, "TargetArn"), kEndpoint);
}

TEST_F(Senders, AnEndpointThatIsGoneIsMadeAnewADisabledOneIsGivenUp) {
  write("save");
  subscribe("save", "phone");
  ASSERT_TRUE(store->set_push_endpoint("phone", "arn:aws:sns:us-east-1:123456789012:app/APNS/game", "arn:old"));
  start_pushes();
  prepare("sns", 404, sns_error("NotFound", "Endpoint does not exist"));
  prepare("sns", 200, endpoint_answer(kEndpoint));
  write("save");
  deliver();
  clock.advance(std::chrono::seconds(2));
  deliver();
  ASSERT_EQ(requests["sns"].size(), 3U);
  EXPECT_EQ(form_field(requests["sns"][2].body, "TargetArn"), kEndpoint);
  prepare("sns", 400, sns_error("EndpointDisabled", "Endpoint is disabled"));
  write("save");
  deliver();
  EXPECT_THAT(failure(), HasSubstr("EndpointDisabled"));
}

TEST_F(Senders, APushForADeviceThatIsGoneIsDropped) {
  write("save");
  subscribe("save", "phone");
  start_pushes();
  write("save");
  const auto gone = messages(OutboxKind::kPush);
  ASSERT_EQ(gone.size(), 1U);
  // Its identity goes, and the device with it.
  ASSERT_TRUE(store->log_in(
      pool(), {}, {},
      [&](const LoginFacts&) { return LoginDecision{.identity = target("save").identity, .made = true}; },
      clock.wall()));
  ASSERT_TRUE(*store->delete_identity(target("save").identity, clock.wall()));
  deliver();
  EXPECT_THAT(requests["sns"], IsEmpty());
  EXPECT_EQ(store->outbox_figures()->pushes, 0);
  EXPECT_EQ(store->outbox_figures()->dead_letters, 0);
}

}  // namespace
}  // namespace syncline::service

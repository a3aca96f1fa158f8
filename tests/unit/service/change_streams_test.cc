// The stream that a device holds open: who is told of what, and how it goes on after a break.
#include "service/change_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity_fixture.h"
#include "raw_client.h"
#include "service/server.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string path_of(const std::string& pool, std::string_view identity) {
  return "/syncline/identitypools/" + pool + "/identities/" + std::string(identity) + "/changes";
}

HttpRequest stream_request(const std::string& pool, std::string_view identity, std::string_view device) {
  HttpRequest request{.path = path_of(pool, identity)};
  if (!device.empty()) request.query = {{"deviceId", std::string(device)}};
  return request;
}

// The counts that the events tell, as "save@3 other@1".
std::string told(const std::optional<std::string>& bytes) {
  if (!bytes) return "(over)";
  std::string text;
  for (std::size_t at = 0; (at = bytes->find("data: ", at)) != std::string::npos; ++at) {
    const std::string data = bytes->substr(at, bytes->find("\n\n", at) - at);
    const auto count = data.find("\"syncCount\":") + 12;
    if (!text.empty()) text += " ";
    text += field(data, "datasetName") + "@" + data.substr(count, data.find('}') - count);
  }
  return text;
}

std::string last_id(const std::string& bytes) {
  const auto at = bytes.rfind("id: ") + 4;
  return bytes.substr(at, bytes.find('\n', at) - at);
}

class ChangeStreamTest : public ServiceTest {
 protected:
  std::unique_ptr<HttpStream> open_stream(std::string_view device, std::string_view last_event = {},
                                          std::string_view identity = kIdentity) {
    HttpRequest request = stream_request(service->identity_pool_id(), identity, device);
    if (!last_event.empty()) request.headers.push_back({"Last-Event-ID", std::string(last_event)});
    auto answer = service->open_stream(caller().sign(std::move(request)), "test");
    EXPECT_TRUE(answer && answer->stream) << answer->response.body;
    return std::move(answer->stream);
  }

  std::int64_t write(std::string_view dataset, std::string_view device, std::string_view identity = kIdentity) {
    const Caller writer = caller(identity);
    wire::UpdateRecordsRequest request;
    request.target = writer.target(dataset);
    request.device_id = device;
    request.patches = {put("k" + std::to_string(++written_), "v")};
    request.session_token = writer.session(dataset);
    const auto written = writer.update(request);
    EXPECT_TRUE(written) << written.error().message;
    return (*written)[0].version.count.value;
  }

  int written_ = 0;
};

TEST_F(ChangeStreamTest, TellsOfChangesByOthersAsAPushDoesS8) {
  const auto stream = open_stream("phone");
  EXPECT_THAT(*stream->next(false), HasSubstr("id: 0\n\n"));
  EXPECT_EQ(stream->next(false), "");
  write("save", "laptop");
  EXPECT_EQ(stream->next(false), "id: 1\ndata: {\"source\":\"cognito-sync\",\"identityPoolId\":\"" +
                                     service->identity_pool_id() + "\",\"identityId\":\"" + std::string(kIdentity) +
                                     "\",\"datasetName\":\"save\",\"syncCount\":1}\n\n");
  EXPECT_EQ(stream->next(false), "");
  EXPECT_EQ(stream->next(true), ":\n\n");
}

TEST_F(ChangeStreamTest, NeverTellsTheDeviceThatWrote) {
  const auto phone = open_stream("phone");
  const auto laptop = open_stream("laptop");
  const auto anybody = open_stream("");
  write("save", "phone");
  EXPECT_EQ(told(phone->next(false)), "");
  EXPECT_EQ(told(laptop->next(false)), "save@1");
  EXPECT_EQ(told(anybody->next(false)), "save@1");
  // Both came before the phone's stream was asked again: what the laptop wrote is still news.
  write("save", "laptop");
  write("save", "phone");
  EXPECT_EQ(told(phone->next(false)), "save@3");
  EXPECT_EQ(told(phone->next(false)), "");
}

TEST_F(ChangeStreamTest, TellsOnlyOfItsOwnIdentityS4) {
  constexpr std::string_view kOther = "us-east-1:99999999-2222-3333-4444-555555555555";
  write("theirs", "laptop", kOther);
  const auto stream = open_stream("phone");
  const auto theirs = open_stream("phone", {}, kOther);
  write("theirs", "laptop", kOther);
  EXPECT_EQ(told(stream->next(false)), "");
  EXPECT_EQ(told(theirs->next(false)), "theirs@2");
}

TEST_F(ChangeStreamTest, GoesOnAfterABreakAndARestart) {
  auto stream = open_stream("phone");
  write("a", "laptop");
  const std::string had = last_id(*stream->next(false));
  stream.reset();
  write("b", "laptop");
  write("b", "laptop");
  write("a", "phone");
  close();
  open();
  write("c", "laptop");
  stream = open_stream("phone", had);
  const std::string missed = *stream->next(false);
  EXPECT_EQ(told(missed), "b@2 c@1");
  EXPECT_EQ(told(open_stream("phone", last_id(missed))->next(false)), "");
  EXPECT_EQ(told(open_stream("phone")->next(false)), "");
}

TEST_F(ChangeStreamTest, AnIdThatIsNotOursGetsEveryDataset) {
  write("a", "laptop");
  write("b", "laptop");
  for (const char* id : {"999", "nonsense", "-1", "1x", "99999999999999999999999"}) {
    EXPECT_EQ(told(open_stream("phone", id)->next(false)), "a@1 b@1") << id;
  }
  EXPECT_EQ(told(open_stream("phone", "1")->next(false)), "b@1");
}

TEST_F(ChangeStreamTest, ARefusedWriteAndADeletionAreNoChange) {
  write("save", "laptop");
  const auto stream = open_stream("phone");
  EXPECT_FALSE(caller().update("save", {put("k1", "stale", 7)}));
  EXPECT_TRUE(caller().update("save", {}));
  EXPECT_TRUE(caller().remove_dataset("save"));
  EXPECT_EQ(told(stream->next(false)), "");
  write("save", "laptop");
  EXPECT_EQ(told(stream->next(false)), "save@2");
}

TEST_F(ChangeStreamTest, IsWokenByAWriteOfItsIdentityOnly) {
  const auto stream = open_stream("phone");
  int woken = 0;
  stream->listen([&] { ++woken; });
  write("save", "laptop", "us-east-1:99999999-2222-3333-4444-555555555555");
  EXPECT_EQ(woken, 0);
  write("save", "laptop");
  EXPECT_EQ(woken, 1);
}

TEST_F(ChangeStreamTest, OneIdentityCannotTakeAllS10) {
  std::vector<std::unique_ptr<HttpStream>> streams;
  for (std::size_t i = 0; i < kStreamsPerIdentity; ++i) streams.push_back(open_stream("phone"));
  const HttpRequest request = caller().sign(stream_request(service->identity_pool_id(), kIdentity, "phone"));
  EXPECT_EQ(service->open_stream(request, "test")->response.status, 429);
  EXPECT_TRUE(open_stream("phone", {}, "us-east-1:99999999-2222-3333-4444-555555555555"));
  streams.pop_back();
  EXPECT_TRUE(service->open_stream(request, "test")->stream);
}

// --- who may, and for how long (S4) ---------------------------------------------------------------------------------

class ChangeStreamAccess : public IdentityTest {
 protected:
  int status(HttpRequest request) { return service->open_stream(request, "test")->response.status; }
  HttpRequest signed_by(const Credentials& credentials, HttpRequest request) {
    auth::sign(request, kHost, {.region = "us-east-1", .service = "cognito-sync"}, credentials, clock.wall());
    return request;
  }
};

TEST_F(ChangeStreamAccess, IsForTheIdentityAndTheDeveloperS4) {
  const std::string pool = make_pool();
  const Session one = guest(pool);
  const Session other = guest(pool);
  const HttpRequest request = stream_request(pool, one.identity, "phone");
  EXPECT_EQ(status(signed_by(one.credentials, request)), 200);
  EXPECT_EQ(status(signed_by(caller().credentials(), request)), 200);
  EXPECT_EQ(status(signed_by(other.credentials, request)), 403);
  EXPECT_EQ(status(request), 403);
  EXPECT_EQ(status(signed_by(one.credentials, stream_request(make_pool(), one.identity, "phone"))), 403);

  HttpRequest presigned = request;
  auth::presign(presigned, kHost, {.region = "us-east-1", .service = "cognito-sync"}, one.credentials, clock.wall(),
                std::chrono::seconds(60));
  EXPECT_EQ(status(presigned), 200);
  presigned.query[0].second = "laptop";
  EXPECT_EQ(status(presigned), 403);
}

TEST_F(ChangeStreamAccess, EndsWithTheCredentials) {
  const std::string pool = make_pool();
  const Session one = guest(pool);
  const auto answer =
      service->open_stream(signed_by(one.credentials, stream_request(pool, one.identity, "phone")), "test");
  ASSERT_TRUE(answer->stream);
  EXPECT_TRUE(answer->stream->next(false));
  clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(answer->stream->next(false));
  clock.advance(std::chrono::minutes(1));
  EXPECT_FALSE(answer->stream->next(false));
}

TEST_F(ChangeStreamAccess, EndsWithTheIdentityS4) {
  const std::string pool = make_pool();
  const Session one = guest(pool);
  const auto answer =
      service->open_stream(signed_by(one.credentials, stream_request(pool, one.identity, "phone")), "test");
  ASSERT_TRUE(call_as_developer("DeleteIdentities", R"({"IdentityIdsToDelete":[")" + one.identity + "\"]}"));
  EXPECT_FALSE(answer->stream->next(false));
}

TEST_F(ChangeStreamAccess, EndsWithTheDeveloperKeyS4) {
  const Credentials old = caller().credentials();
  const HttpRequest request = stream_request(service->identity_pool_id(), kIdentity, "phone");
  const auto answer = service->open_stream(signed_by(old, request), "test");
  ASSERT_TRUE(service->administer({.words = {"keys-rotate"}}));
  const auto other = service->open_stream(caller().sign(request), "test");
  ASSERT_TRUE(answer->stream && other->stream);
  EXPECT_TRUE(answer->stream->next(false));
  ASSERT_TRUE(service->administer({.words = {"keys-revoke", old.access_key_id}}));
  EXPECT_FALSE(answer->stream->next(false));
  EXPECT_TRUE(other->stream->next(false));
}

TEST_F(ChangeStreamAccess, BadRequestsAreToldWhatIsWrongS6) {
  const std::string pool = service->identity_pool_id();
  for (const std::string& path :
       {std::string("/syncline/changes"), "/syncline/identitypools/" + pool + "/changes", path_of(pool, "no identity"),
        path_of(pool, "%zz"), path_of(pool, std::string(kIdentity) + "/datasets/save"), path_of("", kIdentity)}) {
    EXPECT_EQ(status(signed_by(caller().credentials(), HttpRequest{.path = path})), 400) << path;
  }
  const HttpRequest long_device = stream_request(pool, kIdentity, std::string(257, 'x'));
  EXPECT_EQ(status(signed_by(caller().credentials(), long_device)), 400);
  EXPECT_FALSE(service->open_stream(HttpRequest{.path = "/synclinechanges"}, "test").has_value());
  EXPECT_FALSE(service->open_stream(HttpRequest{.path = "/syncline"}, "test").has_value());
}

// --- over a socket --------------------------------------------------------------------------------------------------

TEST(ChangeStreamServer, AWriteReachesAnOpenStream) {
  const TempDir dir;
  auto server = Server::start({.data_dir = dir.path()});
  ASSERT_TRUE(server) << server.error().message;
  SystemClock clock;
  const auto bytes_of = [&](HttpRequest request) {
    auth::sign(request, "127.0.0.1:" + std::to_string((*server)->port()),
               {.region = (*server)->region(), .service = "cognito-sync"},
               {.access_key_id = (*server)->access_key_id(),
                .secret_access_key = (*server)->secret_access_key(),
                .session_token = {},
                .expires_at = std::nullopt},
               clock.wall());
    std::string bytes = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) bytes += "?" + name + "=" + value;
    bytes += " HTTP/1.1\r\n";
    for (const Header& header : request.headers) bytes += header.name + ": " + header.value + "\r\n";
    return bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  };
  RawClient listener((*server)->port());
  listener.send(bytes_of(stream_request((*server)->identity_pool_id(), kIdentity, "phone")));
  const auto header = listener.receive();
  ASSERT_TRUE(header);
  EXPECT_EQ(header->status, 200) << header->body;
  EXPECT_EQ(*find_header(header->headers, "Content-Type"), "text/event-stream");
  EXPECT_TRUE(listener.read_until("id: 0\n\n"));

  RawClient writer((*server)->port());
  const wire::Target target{.pool = IdentityPoolId::parse((*server)->identity_pool_id()).value(),
                            .identity = IdentityId::parse(kIdentity).value(),
                            .dataset = DatasetName::parse("save").value()};
  wire::ListRecordsRequest list;
  list.target = target;
  writer.send(bytes_of(wire::encode(list)));
  wire::UpdateRecordsRequest update;
  update.target = target;
  update.device_id = "laptop";
  update.patches = {put("k", "v")};
  update.session_token = wire::decode_list_records(writer.receive()->body).value().session_token;
  writer.send(bytes_of(wire::encode(update)));
  EXPECT_EQ(writer.receive()->status, 200);
  EXPECT_EQ(told(listener.read_until("}\n\n")), "save@1");
  (*server)->stop();
  EXPECT_TRUE(listener.closed());
}

}  // namespace
}  // namespace syncline::service

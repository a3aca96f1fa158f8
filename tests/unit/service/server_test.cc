// The whole service on a real socket.
#include "service/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "raw_client.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

std::string bytes_of(const HttpRequest& request) {
  std::string bytes = request.method + " " + request.path;
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    bytes += (i == 0 ? "?" : "&") + request.query[i].first + "=" + request.query[i].second;
  }
  bytes += " HTTP/1.1\r\n";
  for (const Header& header : request.headers) bytes += header.name + ": " + header.value + "\r\n";
  return bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

class WholeServer : public ::testing::Test {
 protected:
  void SetUp() override { start(); }

  void start() {
    server_.reset();
    auto started = Server::start({.data_dir = dir_.path()});
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  HttpResponse send(HttpRequest request) {
    SystemClock clock;
    auth::sign(request, "127.0.0.1:" + std::to_string(server_->port()),
               {.region = server_->region(), .service = "cognito-sync"},
               {.access_key_id = server_->access_key_id(),
                .secret_access_key = server_->secret_access_key(),
                .session_token = {},
                .expires_at = std::nullopt},
               clock.wall());
    RawClient client(server_->port());
    client.send(bytes_of(request));
    return client.receive().value_or(HttpResponse{});
  }

  wire::Target target() {
    return {.pool = IdentityPoolId::parse(server_->identity_pool_id()).value(),
            .identity = IdentityId::parse(kIdentity).value(),
            .dataset = DatasetName::parse("save").value()};
  }

  ListedPage list() {
    wire::ListRecordsRequest request;
    request.target = target();
    return wire::decode_list_records(send(wire::encode(request)).body).value();
  }

  TempDir dir_;
  std::unique_ptr<Server> server_;
};

TEST_F(WholeServer, ListsAndUpdatesOverASocket) {
  EXPECT_EQ(server_->endpoint(), "http://127.0.0.1:" + std::to_string(server_->port()));
  wire::UpdateRecordsRequest update;
  update.target = target();
  update.patches = {put("k", "v")};
  update.session_token = list().session_token;
  EXPECT_EQ(send(wire::encode(update)).status, 200);
  EXPECT_EQ(text_of(list().records), "k=v@1");
  const std::string pool = server_->identity_pool_id();
  start();
  EXPECT_EQ(server_->identity_pool_id(), pool);
  EXPECT_EQ(text_of(list().records), "k=v@1");
}

TEST_F(WholeServer, AnswersUnknownMethodsAndPaths) {
  for (const char* line : {"GET /nothing", "OPTIONS *", "DELETE /", "BREW /identitypools", "PUT /identitypools/a"}) {
    RawClient client(server_->port());
    client.send(std::string(line) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    const auto response = client.receive();
    ASSERT_TRUE(response) << line;
    EXPECT_EQ(response->status, 404) << line;
    EXPECT_EQ(*find_header(response->headers, "x-amzn-ErrorType"), "UnknownOperationException");
  }
}

TEST_F(WholeServer, ADirectoryInUseIsAnError) {
  const auto second = Server::start({.data_dir = dir_.path()});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another service is running"), std::string::npos);
}

}  // namespace
}  // namespace syncline::service

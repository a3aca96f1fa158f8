#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "net/curl_transport.h"
#include "support/exchange.h"
#include "support/loopback_server.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace syncline::net {
namespace {

using ::testing::Contains;
using testing::exchange;
using ::testing::HasSubstr;
using testing::LoopbackServer;
using testing::make_tls_identity;
using testing::RawAnswer;
using testing::ReceivedRequest;
using testing::TlsIdentity;
using testing::to_bytes;
using testing::write_file;

RawAnswer answer_ok(const ReceivedRequest& /*request*/) {
  return {.bytes = to_bytes({.status = 200, .headers = {}, .body = "secure"})};
}

class CurlTls : public ::testing::Test {
 protected:
  Result<HttpResponse> ask(const std::string& endpoint, const std::string& ca_file = "") {
    auto transport = make_curl_transport({.endpoint = endpoint, .ca_file = ca_file});
    if (!transport) return std::move(transport).error();
    return exchange(**transport, {});
  }
  std::string trusting(const TlsIdentity& identity) {
    write_file(dir_.path() / "ca.pem", identity.certificate_pem);
    return dir_.file("ca.pem");
  }
  void expect_tls_error(const Result<HttpResponse>& answer, const char* cause) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(to_string(answer.error().code), to_string(ErrorCode::kTls));
    EXPECT_THAT(answer.error().message, HasSubstr(cause));
  }

  testing::TempDir dir_;
};

TEST_F(CurlTls, AnUnknownCertificateIsRefusedBeforeAnythingIsSent) {
  LoopbackServer server(answer_ok, make_tls_identity());
  const auto answer = ask(server.endpoint());
  expect_tls_error(answer, "self-signed certificate");
  EXPECT_THAT(answer.error().message, HasSubstr(server.host()));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CurlTls, ACertificateFromTheCaFileIsTrusted) {
  const TlsIdentity identity = make_tls_identity();
  LoopbackServer server(answer_ok, identity);
  const auto answer = ask(server.endpoint(), trusting(identity));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "secure");
}

TEST_F(CurlTls, OtherCertificatesThanThoseInTheCaFileAreRefused) {
  LoopbackServer server(answer_ok, make_tls_identity());
  expect_tls_error(ask(server.endpoint(), trusting(make_tls_identity())), "certificate");
}

TEST_F(CurlTls, ACertificateForAnotherHostIsRefused) {
  const TlsIdentity identity = make_tls_identity("DNS:elsewhere.example");
  LoopbackServer server(answer_ok, identity);
  expect_tls_error(ask(server.endpoint(), trusting(identity)), "127.0.0.1");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CurlTls, OffersHttp2) {
  const TlsIdentity identity = make_tls_identity();
  LoopbackServer server(answer_ok, identity);
  ASSERT_TRUE(ask(server.endpoint(), trusting(identity)));
  EXPECT_THAT(server.offered_protocols(), Contains("h2"));
}

TEST_F(CurlTls, KeepsItsConnection) {
  const TlsIdentity identity = make_tls_identity();
  LoopbackServer server(answer_ok, identity);
  const auto transport = make_curl_transport({.endpoint = server.endpoint(), .ca_file = trusting(identity)});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(exchange(**transport, {}));
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(CurlTls, APlainServerIsNoTlsServer) {
  LoopbackServer server([](const ReceivedRequest&) { return RawAnswer{.bytes = "HTTP/1.1 400 Bad Request\r\n\r\n"}; });
  expect_tls_error(ask("https://" + server.host()), "no secure connection");
}

TEST_F(CurlTls, AConnectionThatBreaksInTheHandshakeIsWorthAnotherTry) {
  for (const auto then : {RawAnswer::Then::kClose, RawAnswer::Then::kReset}) {
    LoopbackServer server([then](const ReceivedRequest&) { return RawAnswer{.bytes = "", .then = then}; });
    const auto answer = ask("https://" + server.host());
    ASSERT_FALSE(answer);
    EXPECT_EQ(to_string(answer.error().code), to_string(ErrorCode::kNetwork)) << answer.error().message;
    EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake"));
  }
}

TEST_F(CurlTls, ATlsServerIsNoPlainServer) {
  LoopbackServer server(answer_ok, make_tls_identity());
  const auto answer = ask("http://" + server.host());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr(server.host()));
}

TEST_F(CurlTls, ABodyCutOffWithoutGoodbyeIsNoAnswer) {
  const TlsIdentity identity = make_tls_identity();
  LoopbackServer server(
      [](const ReceivedRequest&) {
        // Without a length only the end of the connection ends the body, and an attacker could bring that about.
        return RawAnswer{.bytes = "HTTP/1.1 200 OK\r\n\r\nhalf", .then = RawAnswer::Then::kReset};
      },
      identity);
  const auto answer = ask(server.endpoint(), trusting(identity));
  ASSERT_FALSE(answer);
  EXPECT_EQ(to_string(answer.error().code), to_string(ErrorCode::kNetwork));
}

TEST_F(CurlTls, ACaFileThatIsNoneIsNamed) {
  for (const char* name : {"missing.pem", "no.pem", "."}) {
    write_file(dir_.path() / "no.pem", "these are not certificates");
    const auto answer = ask("https://127.0.0.1:1", dir_.file(name));
    expect_tls_error(answer, name);
  }
}

TEST_F(CurlTls, ACaFileWithABrokenCertificateIsNamed) {
  LoopbackServer server(answer_ok, make_tls_identity());
  write_file(dir_.path() / "broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect_tls_error(ask(server.endpoint(), dir_.file("broken.pem")), "broken.pem");
}

}  // namespace
}  // namespace syncline::net

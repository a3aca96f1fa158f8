// HTTPS, with the library's own transport as the client.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <utility>

#include "net/curl_transport.h"
#include "raw_client.h"
#include "service/http_server.h"
#include "support/exchange.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace syncline::service {
namespace {

using testing::exchange;
using testing::make_tls_identity;
using testing::TempDir;
using testing::write_file;

HttpResponse echo(const HttpRequest& request, std::string_view /*address*/) {
  return {.status = 200, .headers = {}, .body = request.method + " " + request.path + " " + request.body};
}

class Tls : public ::testing::Test {
 protected:
  Tls() { use_new_identity(); }

  void use_new_identity() {
    const auto identity = make_tls_identity();
    write_file(dir_.path() / "certificate.pem", identity.certificate_pem);
    write_file(dir_.path() / "key.pem", identity.key_pem);
  }
  [[nodiscard]] TlsFiles files() const {
    return {.certificate = dir_.file("certificate.pem"), .key = dir_.file("key.pem")};
  }
  // A copy, as the client had it before the server's was replaced.
  std::string trusted(const std::string& name) {
    std::filesystem::copy_file(files().certificate, dir_.file(name));
    return dir_.file(name);
  }
  Result<std::unique_ptr<HttpServer>> start(TlsFiles files) {
    return HttpServer::start({.tls = std::move(files)}, echo);
  }
  static Result<HttpResponse> ask(const std::string& endpoint, const std::string& ca_file, HttpRequest request) {
    auto transport = net::make_curl_transport({.endpoint = endpoint, .ca_file = ca_file});
    if (!transport) return std::move(transport).error();
    return exchange(**transport, std::move(request));
  }

  TempDir dir_;
};

TEST_F(Tls, RequestsAreAnsweredAndLargeBodiesArriveWhole) {
  auto server = start(files());
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE((*server)->endpoint().starts_with("https://127.0.0.1:"));
  const std::string large(1'000'000, 'x');
  const auto answer = ask((*server)->endpoint(), trusted("ca.pem"), {.method = "POST", .path = "/p", .body = large});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "POST /p " + large);
}

// S10: whoever is one too many does not hold its place for as long as others may.
TEST_F(Tls, OneTooManyThatSaysNothingIsClosedSoonS10) {
  HttpLimits limits;
  limits.connections = 1;
  auto server = HttpServer::start({.limits = limits, .tls = files()}, echo);
  ASSERT_TRUE(server) << server.error().message;
  const RawClient held((*server)->port());
  RawClient more((*server)->port());
  EXPECT_TRUE(more.closed());
}

TEST_F(Tls, PlainHttpIsNotAnswered) {
  auto server = start(files());
  ASSERT_TRUE(server) << server.error().message;
  const auto port = std::to_string((*server)->port());
  EXPECT_FALSE(ask("http://127.0.0.1:" + port, "", {.method = "GET", .path = "/"}));
}

TEST_F(Tls, ARenewedCertificateIsShownToNewConnections) {
  auto server = start(files());
  ASSERT_TRUE(server) << server.error().message;
  const auto old_one = trusted("old.pem");
  use_new_identity();
  const auto new_one = trusted("new.pem");
  EXPECT_TRUE(ask((*server)->endpoint(), old_one, {.method = "GET", .path = "/"}));
  ASSERT_TRUE((*server)->reload_tls());
  EXPECT_TRUE(ask((*server)->endpoint(), new_one, {.method = "GET", .path = "/"}));
  EXPECT_FALSE(ask((*server)->endpoint(), old_one, {.method = "GET", .path = "/"}));
}

TEST_F(Tls, ARenewalThatFailsLeavesTheOldCertificate) {
  auto server = start(files());
  ASSERT_TRUE(server) << server.error().message;
  const auto old_one = trusted("old.pem");
  write_file(dir_.path() / "key.pem", "no key");
  const auto reloaded = (*server)->reload_tls();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message.find("key.pem"), std::string::npos) << reloaded.error().message;
  EXPECT_TRUE(ask((*server)->endpoint(), old_one, {.method = "GET", .path = "/"}));
}

// A renewal from one kind of key to the other, of which one file is there already.
TEST_F(Tls, AKeyOfAnotherKindLeavesTheOldCertificate) {
  auto server = start(files());
  ASSERT_TRUE(server) << server.error().message;
  const auto old_one = trusted("old.pem");
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(EVP_RSA_gen(2048), ::EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&::BIO_free)> file(BIO_new_file(files().key.c_str(), "w"), ::BIO_free);
  ASSERT_EQ(PEM_write_bio_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  ASSERT_EQ(BIO_flush(file.get()), 1);
  const auto reloaded = (*server)->reload_tls();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message.find("key.pem"), std::string::npos) << reloaded.error().message;
  EXPECT_TRUE(ask((*server)->endpoint(), old_one, {.method = "GET", .path = "/"}));
}

TEST_F(Tls, FilesThatCannotBeUsedAreNamed) {
  const auto other = make_tls_identity();
  write_file(dir_.path() / "other.pem", other.key_pem);
  write_file(dir_.path() / "empty.pem", "");
  const std::pair<TlsFiles, std::string> kCases[] = {
      {{.certificate = files().certificate, .key = ""}, "both"},
      {{.certificate = "", .key = files().key}, "both"},
      {{.certificate = dir_.file("none.pem"), .key = files().key}, "none.pem"},
      {{.certificate = dir_.file("empty.pem"), .key = files().key}, "empty.pem"},
      {{.certificate = files().certificate, .key = dir_.file("none.pem")}, "none.pem"},
      {{.certificate = files().certificate, .key = dir_.file("other.pem")}, "other.pem"},
  };
  for (const auto& [wrong, named] : kCases) {
    auto server = start(wrong);
    ASSERT_FALSE(server) << named;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(server.error().message.find(named), std::string::npos) << server.error().message;
  }
}

}  // namespace
}  // namespace syncline::service

// The allocations of libcurl, and of OpenSSL, fail at 1, 2, 3, ... of a real request, over TCP and over TLS, once and
// for good: an Error or the right answer, nothing half sent, no leak, and the next request works.
#include <curl/curl.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <ostream>

#include "auth/signature.h"
#include "fault/allocation_faults.h"
#include "net/curl_transport.h"
#include "support/exchange.h"
#include "support/loopback_server.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace syncline::fault {
namespace {

using testing::LoopbackServer;
using testing::RawAnswer;
using testing::ReceivedRequest;

// Of this thread: the server of the test, in the same process, has all it wants.
AllocationFaults& curl_allocations() {
  static thread_local AllocationFaults faults;
  return faults;
}

AllocationFaults& openssl_allocations() {
  static thread_local AllocationFaults faults;
  return faults;
}

std::atomic<std::int64_t> curl_blocks{0};

void* counted(void* block) {
  if (block != nullptr) ++curl_blocks;
  return block;
}

void* curl_malloc(std::size_t size) {
  return curl_allocations().fails() ? nullptr : counted(std::malloc(size));
}

void* curl_calloc(std::size_t count, std::size_t size) {
  return curl_allocations().fails() ? nullptr : counted(std::calloc(count, size));
}

// libcurl 7.88 frees a name twice if the copy of one for its cache of TLS sessions fails: over TLS its copies are
// spared.
bool spare_copies = false;

char* curl_strdup(const char* text) {
  return !spare_copies && curl_allocations().fails() ? nullptr : static_cast<char*>(counted(::strdup(text)));
}

void* curl_realloc(void* block, std::size_t size) {
  if (curl_allocations().fails()) return nullptr;
  return block == nullptr ? counted(std::malloc(size)) : std::realloc(block, size);
}

void curl_free(void* block) {
  if (block != nullptr) --curl_blocks;
  std::free(block);
}

void* openssl_malloc(std::size_t size, const char*, int) {
  return openssl_allocations().fails() ? nullptr : std::malloc(size);
}

void* openssl_realloc(void* block, std::size_t size, const char*, int) {
  return openssl_allocations().fails() ? nullptr : std::realloc(block, size);
}

void openssl_free(void* block, const char*, int) {
  std::free(block);
}

// Before the first use of either, and before libcurl's own set-up in make_curl_transport().
const bool kInstalled = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1 &&
                        curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free, curl_realloc, curl_strdup,
                                             curl_calloc) == CURLE_OK;

struct Shortage {
  AllocationFaults& (*allocations)();
  bool for_good;
  std::uint64_t at;
};

std::ostream& operator<<(std::ostream& out, const Shortage& shortage) {
  return out << (shortage.allocations == curl_allocations ? "libcurl" : "OpenSSL") << ", allocation " << shortage.at
             << (shortage.for_good ? " and after it" : "");
}

HttpRequest request() {
  return HttpRequest{.method = "POST",
                     .path = "/identitypools/p/datasets/d",
                     .query = {{"lastSyncCount", "3"}},
                     .headers = {{"Authorization", "AWS4-HMAC-SHA256 some"}, {"Content-Type", "application/json"}},
                     .body = "{\"RecordPatches\":[]}"};
}

class NetMemoryTest : public ::testing::Test {
 protected:
  void serve(bool tls) {
    spare_copies = tls;
    identity_ = tls ? std::optional(testing::make_tls_identity()) : std::nullopt;
    if (tls) testing::write_file(dir_.path() / "ca.pem", identity_->certificate_pem);
    server_.emplace([this](const ReceivedRequest& received) { return answer(received); }, identity_);
    options_ = {.endpoint = server_->endpoint(),
                .request_timeout = std::chrono::milliseconds{10'000},
                .ca_file = tls ? dir_.file("ca.pem") : std::string()};
    // Sets up what both libraries keep for the whole process.
    const auto first = net::make_curl_transport(options_);
    const auto warm = testing::exchange(**first, request());
    ASSERT_TRUE(warm) << warm.error().message;
  }

  // All that was signed must arrive, or nothing. But for the query, which libcurl 7.88 itself forgets when it has no
  // memory for it: the signature covers it, so that the service refuses such a request.
  RawAnswer answer(const ReceivedRequest& received) {
    const auto* authorization = find_header(received.headers, "Authorization");
    const auto* type = find_header(received.headers, "Content-Type");
    const bool whole = received.method == "POST" && received.target.starts_with("/identitypools/p/datasets/d") &&
                       authorization != nullptr && type != nullptr && *type == "application/json" &&
                       received.body == request().body;
    if (!whole && !received.method.empty()) ++half_sent_;
    return {.bytes = testing::to_bytes({.status = 200, .headers = {{"X-Some", "header"}}, .body = "the answer"})};
  }

  // A request on a new transport, then another without faults. False: the first met no fault.
  bool survives(const Shortage& shortage) {
    const auto blocks = curl_blocks.load();
    bool met = false;
    {
      auto& faults = shortage.allocations();
      faults.arm(shortage.at, shortage.for_good ? std::numeric_limits<std::uint64_t>::max() : shortage.at);
      auto transport = net::make_curl_transport(options_);
      if (transport) {
        expect_good(testing::exchange(**transport, request()), shortage);
      } else {
        EXPECT_FALSE(transport.error().message.empty()) << shortage;
      }
      met = faults.disarm();
      if (!transport) transport = net::make_curl_transport(options_);
      EXPECT_TRUE(transport) << shortage;
      if (!transport) return false;
      const auto next = testing::exchange(**transport, request());
      EXPECT_TRUE(next) << shortage << ", the next request: " << next.error().message;
    }
    EXPECT_EQ(curl_blocks.load(), blocks) << shortage << ": a leak";
    EXPECT_EQ(half_sent_.load(), 0) << shortage;
    return met;
  }

  static void expect_good(const Result<HttpResponse>& answer, const Shortage& shortage) {
    if (!answer) {
      EXPECT_FALSE(answer.error().message.empty()) << shortage;
      return;
    }
    EXPECT_EQ(answer->status, 200) << shortage;
    EXPECT_EQ(answer->body, "the answer") << shortage;
    EXPECT_NE(find_header(answer->headers, "X-Some"), nullptr) << shortage;
  }

  // `stride`: every point up to 200, then each stride-th.
  void go_through(AllocationFaults& (*allocations)(), std::uint64_t stride) {
    std::uint64_t points = 0;
    for (const bool for_good : {false, true}) {
      Shortage shortage{allocations, for_good, 1};
      for (; survives(shortage) && !HasFailure(); shortage.at += shortage.at < 200 ? 1 : stride) ++points;
      RecordProperty(for_good ? "allocations_for_good" : "allocations", std::to_string(shortage.at));
    }
    EXPECT_GT(points, 10U);
    RecordProperty("failure_points", std::to_string(points));
  }

  testing::TempDir dir_;
  std::optional<testing::TlsIdentity> identity_;
  std::optional<LoopbackServer> server_;
  net::TransportOptions options_;
  std::atomic<int> half_sent_{0};
};

TEST_F(NetMemoryTest, CurlOverTcp) {
  ASSERT_TRUE(kInstalled);
  serve(false);
  go_through(curl_allocations, 1);
}

TEST_F(NetMemoryTest, CurlOverTls) {
  serve(true);
  go_through(curl_allocations, 1);
}

TEST_F(NetMemoryTest, OpensslOverTls) {
  serve(true);
  go_through(openssl_allocations, 17);
}

// An app that runs out of memory gets an error from its sync; it is not ended.
TEST(SigningMemoryTest, SignsRightOrThrows) {
  ASSERT_TRUE(kInstalled);
  const auth::Scope scope{.region = "us-east-1", .service = "cognito-sync"};
  const Credentials credentials{.access_key_id = "AKID", .secret_access_key = "secret"};
  const auto sign = [&](HttpRequest& signed_request) {
    auth::sign(signed_request, "127.0.0.1", scope, credentials, Timestamp{});
  };
  auto expected = request();
  sign(expected);
  std::uint64_t thrown = 0;
  for (const bool for_good : {false, true}) {
    bool met = true;
    for (std::uint64_t at = 1; met; ++at) {
      auto tried = request();
      openssl_allocations().arm(at, for_good ? std::numeric_limits<std::uint64_t>::max() : at);
      try {
        sign(tried);
        met = openssl_allocations().disarm();
        EXPECT_EQ(tried.headers, expected.headers) << at;
      } catch (const std::exception&) {
        met = openssl_allocations().disarm();
        ++thrown;
      }
    }
  }
  EXPECT_GT(thrown, 2U);
  RecordProperty("failure_points", std::to_string(thrown));
}

}  // namespace
}  // namespace syncline::fault

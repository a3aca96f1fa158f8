// One request on one easy handle. [one thread]
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/http.h"
#include "net/curl_transport.h"
#include "net/endpoint.h"

namespace syncline::net {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

struct HeaderListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderListCleanup>;

// A handle with all that is the same for each request to this endpoint. Null: libcurl has none to give.
EasyHandle make_easy(const TransportOptions& options, const Endpoint& endpoint);

// What would not go out as it was signed, or would smuggle a second request in. Errors: kInvalidArgument.
Result<void> check_request(const HttpRequest& request);

// Not movable: the handle points into it.
class CurlCall {
 public:
  // How the answer's body is taken: as a whole, or in parts for as long as it lasts.
  enum class Body : std::uint8_t { kWhole, kParts };

  // Sets `easy` up; the call must outlive its transfer.
  CurlCall(HttpRequest request, const Endpoint& endpoint, const TransportOptions& options, Body body, EasyHandle easy);
  CurlCall(const CurlCall&) = delete;
  CurlCall& operator=(const CurlCall&) = delete;

  // False: memory was short, and what would be sent is not what was asked for. It must not begin, nor its handle be
  // used again.
  [[nodiscard]] bool ready() const { return broken_ == Broken::kNo; }
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  // Of Body::kParts: what has come since the last call; with the head (status and headers) in front the first time.
  // nullopt: nothing, or the answer is not one to be taken in parts.
  struct Part {
    std::optional<HttpResponse> head;
    std::string bytes;
  };
  std::optional<Part> take_part();
  // Lets the peer send again, if it was held back: to be called when a part was handed on.
  void go_on();
  // What came of it. Once, after the handle has left the multi handle.
  Result<HttpResponse> finish(CURLcode code);
  // The handle, for the next call.
  EasyHandle release();

 private:
  enum class Broken : std::uint8_t { kNo, kBodyTooLarge, kHeadersTooLarge, kOutOfMemory };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* call);
  void set_body(const TransportOptions& options);
  void set_method();
  void set_headers(const Endpoint& endpoint);
  [[nodiscard]] Error broken() const;
  [[nodiscard]] bool in_parts() const;
  [[nodiscard]] HttpResponse head() const;

  HttpRequest request_;
  const std::string host_;
  const std::size_t longest_body_;
  const Body how_;
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::string body_;
  std::size_t header_bytes_ = 0;
  bool headers_complete_ = false;
  bool head_taken_ = false;
  bool paused_ = false;
  Broken broken_ = Broken::kNo;
  EasyHandle easy_;  // last, so that it goes first: it points at the rest
};

}  // namespace syncline::net

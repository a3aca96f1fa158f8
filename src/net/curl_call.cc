#include "net/curl_call.h"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "net/curl_errors.h"

namespace syncline::net {

namespace {

// More than any service sends; a peer that never ends its headers must not fill the memory.
constexpr std::size_t kLongestHeaders = std::size_t{256} << 10U;

// A pulled dataset of a megabyte arrives in fewer, larger reads.
constexpr long kReceiveBuffer = 64L << 10U;

// What is kept of a stream until it is handed on; then the peer has to wait.
constexpr std::size_t kMostUntaken = std::size_t{64} << 10U;

Error invalid(std::string what) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(what)};
}

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool is_path(std::string_view path) {
  return path.starts_with('/') &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; });
}

bool is_header_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// Sets options and remembers whether memory was short: one that was not taken would change what is sent, or to whom.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}
  template <typename Value>
  void set(CURLoption option, Value value) {
    complete_ = curl_easy_setopt(easy_, option, value) != CURLE_OUT_OF_MEMORY && complete_;
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  CURL* easy_;
  bool complete_ = true;
};

std::string url_of(const Endpoint& endpoint, const HttpRequest& request) {
  std::string url = endpoint.base + request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url += separator;
    url += percent_encode(name);
    url += '=';
    url += percent_encode(value);
    separator = '&';
  }
  return url;
}

void set_security(Options& easy, const TransportOptions& options) {
  easy.set(CURLOPT_PROTOCOLS_STR, "http,https");
  easy.set(CURLOPT_FOLLOWLOCATION, 0L);
  easy.set(CURLOPT_SSL_VERIFYPEER, 1L);
  easy.set(CURLOPT_SSL_VERIFYHOST, 2L);
  easy.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (options.ca_file.empty()) return;
  easy.set(CURLOPT_CAINFO, options.ca_file.c_str());
  // Instead of the system's certificates, not beside them.
  easy.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void set_connection(Options& easy, const TransportOptions& options, const Endpoint& endpoint) {
  easy.set(CURLOPT_NOSIGNAL, 1L);
  easy.set(CURLOPT_TCP_NODELAY, 1L);
  // Giving a request up must not wait for a name server (the resolver's thread ends by itself).
  easy.set(CURLOPT_QUICK_EXIT, 1L);
  easy.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  easy.set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
  const long version = endpoint.tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
  easy.set(CURLOPT_HTTP_VERSION, version);
  // Over HTTP/2 a second request waits for the first one's connection; over HTTP/1.1 it would wait in vain.
  easy.set(CURLOPT_PIPEWAIT, endpoint.tls ? 1L : 0L);
  // "" is no proxy, whatever the environment says.
  if (endpoint.loopback) easy.set(CURLOPT_PROXY, "");
  // What is signed for the service is not shown to a proxy on the way, nor taken from its answer.
  easy.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

}  // namespace

EasyHandle make_easy(const TransportOptions& options, const Endpoint& endpoint) {
  EasyHandle easy(curl_easy_init());
  if (easy == nullptr) return easy;
  Options settings(easy.get());
  set_security(settings, options);
  set_connection(settings, options, endpoint);
  settings.set(CURLOPT_USERAGENT, "syncline/" SYNCLINE_VERSION);
  settings.set(CURLOPT_PATH_AS_IS, 1L);
  return settings.complete() ? std::move(easy) : nullptr;
}

Result<void> check_request(const HttpRequest& request) {
  if (!is_token(request.method)) return invalid("an HTTP method must be a word");
  if (!is_path(request.path)) return invalid("an HTTP path must start with '/' and be percent-encoded");
  for (const Header& header : request.headers) {
    if (!is_token(header.name)) return invalid("an HTTP header has a name that is none");
    if (!is_header_value(header.value)) return invalid("the HTTP header " + header.name + " holds a line break");
  }
  return {};
}

CurlCall::CurlCall(HttpRequest request, const Endpoint& endpoint, const TransportOptions& options, Body body,
                   EasyHandle easy)
    : request_(std::move(request)),
      host_(endpoint.authority),
      longest_body_(options.longest_body),
      how_(body),
      easy_(std::move(easy)) {
  Options easy_options(easy_.get());
  easy_options.set(CURLOPT_URL, url_of(endpoint, request_).c_str());
  easy_options.set(CURLOPT_ERRORBUFFER, error_text_.data());
  easy_options.set(CURLOPT_HEADERFUNCTION, &CurlCall::on_header);
  easy_options.set(CURLOPT_HEADERDATA, this);
  easy_options.set(CURLOPT_WRITEFUNCTION, &CurlCall::on_body);
  easy_options.set(CURLOPT_WRITEDATA, this);
  if (!easy_options.complete()) broken_ = Broken::kOutOfMemory;
  set_body(options);
  set_method();
  set_headers(endpoint);
}

// The handle may have had a call of the other kind before.
void CurlCall::set_body(const TransportOptions& options) {
  Options easy(easy_.get());
  const bool whole = how_ == Body::kWhole;
  easy.set(CURLOPT_TIMEOUT_MS, whole ? static_cast<long>(options.request_timeout.count()) : 0L);
  // A decoder holds parts back until there is more.
  easy.set(CURLOPT_ACCEPT_ENCODING, whole ? "gzip" : static_cast<const char*>(nullptr));
  if (!easy.complete()) broken_ = Broken::kOutOfMemory;
}

// The handle has had another method before, so that each branch sets all that decides.
void CurlCall::set_method() {
  Options easy(easy_.get());
  const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
  easy.set(CURLOPT_POSTFIELDS, static_cast<const char*>(nullptr));  // makes it a POST, null or not; so this comes first
  easy.set(CURLOPT_HTTPGET, 1L);                                    // takes NOBODY and POST back
  if (has_body) {
    easy.set(CURLOPT_POST, 1L);
    easy.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    easy.set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  if (request_.method == "HEAD") easy.set(CURLOPT_NOBODY, 1L);
  easy.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  if (!easy.complete()) broken_ = Broken::kOutOfMemory;
}

void CurlCall::set_headers(const Endpoint& endpoint) {
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
      broken_ = Broken::kOutOfMemory;
    } else if (headers_ == nullptr) {
      headers_.reset(longer);
    }
  };
  add("Host: " + endpoint.authority);
  // "Name:" keeps libcurl from adding one of its own; "Name;" sends one without a value.
  add("Expect:");
  if (find_header(request_.headers, "Content-Type") == nullptr) add("Content-Type:");
  for (const Header& header : request_.headers) {
    if (equal_ignoring_case(header.name, "Host")) continue;
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

std::size_t CurlCall::on_header(char* data, std::size_t size, std::size_t count, void* call) {
  auto& self = *static_cast<CurlCall*>(call);
  const std::string_view line(data, size * count);
  self.header_bytes_ += line.size();
  if (self.header_bytes_ > kLongestHeaders) {
    self.broken_ = Broken::kHeadersTooLarge;
    return 0;
  }
  if (line.starts_with("HTTP/")) self.headers_complete_ = false;  // the one before was a 1xx
  if (line == "\r\n" || line == "\n") self.headers_complete_ = true;
  return line.size();
}

std::size_t CurlCall::on_body(char* data, std::size_t size, std::size_t count, void* call) {
  auto& self = *static_cast<CurlCall*>(call);
  const std::size_t bytes = size * count;
  if (self.in_parts() && !self.body_.empty() && bytes > kMostUntaken - std::min(kMostUntaken, self.body_.size())) {
    self.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (bytes > self.longest_body_ - self.body_.size()) {
    self.broken_ = Broken::kBodyTooLarge;
    return 0;
  }
  try {
    self.body_.append(data, bytes);
  } catch (const std::bad_alloc&) {
    self.broken_ = Broken::kOutOfMemory;
    return 0;
  }
  return bytes;
}

// Whether this answer, whose headers are here, is handed on as it comes.
bool CurlCall::in_parts() const {
  if (how_ == Body::kWhole || !headers_complete_) return false;
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

std::optional<CurlCall::Part> CurlCall::take_part() {
  if (broken_ != Broken::kNo || !in_parts()) return std::nullopt;
  if (head_taken_ && body_.empty()) return std::nullopt;
  Part part{.head = std::nullopt, .bytes = std::exchange(body_, {})};
  if (!std::exchange(head_taken_, true)) part.head = head();
  return part;
}

void CurlCall::go_on() {
  if (std::exchange(paused_, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

Error CurlCall::broken() const {
  switch (broken_) {
    case Broken::kBodyTooLarge:
      return transport_error(ErrorCode::kBadAnswer, host_,
                             "the answer is larger than " + std::to_string(longest_body_) + " bytes");
    case Broken::kHeadersTooLarge:
      return transport_error(ErrorCode::kBadAnswer, host_, "the answer's headers are too large");
    case Broken::kNo:
    case Broken::kOutOfMemory:
      break;
  }
  return transport_error(ErrorCode::kInternal, host_, "out of memory");
}

Result<HttpResponse> CurlCall::finish(CURLcode code) {
  if (broken_ != Broken::kNo) return broken();
  if (code != CURLE_OK) {
    CurlFailure failure{.code = code, .text = error_text_.data()};
    curl_off_t until_sent = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &failure.os_error);
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &until_sent);
    failure.sent = until_sent > 0;
    return to_error(host_, failure);
  }
  // libcurl takes a connection that ends among the headers for the end of an answer without a body.
  if (!headers_complete_) return transport_error(ErrorCode::kNetwork, host_, "the answer was cut off in its headers");
  HttpResponse answer = head();
  answer.body = std::move(body_);
  return answer;
}

HttpResponse CurlCall::head() const {
  HttpResponse response;
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  static constexpr int kLastRequest = -1;
  curl_header* header = nullptr;
  while ((header = curl_easy_nextheader(easy_.get(), CURLH_HEADER, kLastRequest, header)) != nullptr) {
    response.headers.push_back(Header{.name = header->name, .value = header->value});
  }
  return response;
}

EasyHandle CurlCall::release() {
  CURL* easy = easy_.get();
  if (easy != nullptr) {
    // Nothing of this call may be looked at through the handle once it is gone.
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  }
  return std::move(easy_);
}

}  // namespace syncline::net

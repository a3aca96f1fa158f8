#include "net/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/curl_call.h"
#include "net/curl_errors.h"
#include "net/endpoint.h"

namespace syncline::net {

namespace {

// Over HTTP/1.1 each request that is under way needs a connection: as many as an identity has datasets (protocol.md,
// section 2), so that none waits while they synchronize side by side. Over HTTP/2 there is one.
constexpr long kMostConnections = 20;

// Easy handles kept for later requests; each holds a TLS session and little else.
constexpr std::size_t kMostIdleHandles = 6;

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;

class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(TransportOptions options, Endpoint endpoint, MultiHandle multi)
      : options_(std::move(options)), endpoint_(std::move(endpoint)), multi_(std::move(multi)) {}
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override {
    while (!calls_.empty()) cancel(calls_.begin()->first);
  }

  CallId start(HttpRequest request, Completion done) override;
  void cancel(CallId id) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  bool also_wait_for(int descriptor) override {
    also_ = descriptor;
    return true;
  }
  void wake() override { curl_multi_wakeup(multi_.get()); }
  [[nodiscard]] bool busy() const override { return !calls_.empty(); }

 private:
  struct Call {
    CallId id = 0;
    Completion done;
    std::unique_ptr<CurlCall> transfer;  // null: it has ended
    std::optional<Result<HttpResponse>> outcome;
  };

  Result<void> begin(Call& call, HttpRequest request);
  EasyHandle take_easy();
  void recycle(Call& call);
  void forget_authorities();
  void collect();
  void complete_finished();

  const TransportOptions options_;
  const Endpoint endpoint_;
  const MultiHandle multi_;
  std::vector<EasyHandle> idle_;
  std::map<CallId, Call> calls_;
  std::deque<CallId> finished_;  // have an outcome that step() has not told yet; may have been cancelled since
  CallId next_id_ = 1;
  int also_ = -1;
  bool reuse_authorities_ = true;
};

HttpTransport::CallId CurlTransport::start(HttpRequest request, Completion done) {
  const CallId id = next_id_++;
  Call& call = calls_[id];
  call.id = id;
  call.done = std::move(done);
  if (auto begun = begin(call, std::move(request)); !begun) {
    call.outcome = std::move(begun).error();
    finished_.push_back(id);
  }
  return id;
}

Result<void> CurlTransport::begin(Call& call, HttpRequest request) {
  if (auto checked = check_request(request); !checked) return checked;
  EasyHandle easy = take_easy();
  if (easy == nullptr) return transport_error(ErrorCode::kInternal, endpoint_.authority, "out of memory");
  call.transfer = std::make_unique<CurlCall>(std::move(request), endpoint_, options_.longest_body, std::move(easy));
  if (!call.transfer->ready()) {
    call.transfer.reset();
    return transport_error(ErrorCode::kInternal, endpoint_.authority, "out of memory");
  }
  curl_easy_setopt(call.transfer->easy(), CURLOPT_PRIVATE, &call);  // a map's elements stay where they are
  const CURLMcode added = curl_multi_add_handle(multi_.get(), call.transfer->easy());
  if (added == CURLM_OK) return {};
  call.transfer.reset();
  return transport_error(ErrorCode::kInternal, endpoint_.authority, curl_multi_strerror(added));
}

EasyHandle CurlTransport::take_easy() {
  if (idle_.empty()) {
    EasyHandle made = make_easy(options_, endpoint_);
    if (made != nullptr && !reuse_authorities_) curl_easy_setopt(made.get(), CURLOPT_CA_CACHE_TIMEOUT, 0L);
    return made;
  }
  EasyHandle easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

// Ends a transfer, wherever it stands, and keeps its handle.
void CurlTransport::recycle(Call& call) {
  if (idle_.size() < kMostIdleHandles) idle_.push_back(call.transfer->release());
  call.transfer.reset();
}

// libcurl keeps the certificate authorities it has read for a day. Read while memory was short they can be damaged for
// as long, and no connection would come about any more: once one has failed, each reads them anew.
void CurlTransport::forget_authorities() {
  reuse_authorities_ = false;
  idle_.clear();
}

void CurlTransport::cancel(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = found->second;
  if (call.transfer != nullptr) {
    curl_multi_remove_handle(multi_.get(), call.transfer->easy());
    recycle(call);
  }
  const Completion done = std::move(call.done);
  calls_.erase(found);
  done(transport_error(ErrorCode::kCancelled, endpoint_.authority, "the request was cancelled"));
}

void CurlTransport::step() {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  collect();
  complete_finished();
}

// Turns libcurl's ends of transfers into outcomes.
void CurlTransport::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message is gone once its handle is removed
    Call* call = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    curl_multi_remove_handle(multi_.get(), message->easy_handle);
    call->outcome = call->transfer->finish(code);
    finished_.push_back(call->id);
    recycle(*call);
    if (!*call->outcome && call->outcome->error().code == ErrorCode::kTls) forget_authorities();
  }
}

// Only those that had ended when this began: a completion that starts the next request at once must not keep step()
// here.
void CurlTransport::complete_finished() {
  for (std::size_t left = finished_.size(); left > 0 && !finished_.empty(); --left) {
    const auto found = calls_.find(finished_.front());
    finished_.pop_front();
    if (found == calls_.end()) continue;
    Call call = std::move(found->second);
    calls_.erase(found);
    call.done(std::move(*call.outcome));
  }
}

void CurlTransport::wait(std::chrono::milliseconds longest) {
  if (!finished_.empty()) return;
  static constexpr std::chrono::milliseconds kMost{std::numeric_limits<int>::max()};  // 24 days
  const auto bounded = std::clamp(longest, std::chrono::milliseconds{0}, kMost);
  curl_waitfd also{.fd = also_, .events = CURL_WAIT_POLLIN, .revents = 0};
  curl_multi_poll(multi_.get(), &also, also_ < 0 ? 0 : 1, static_cast<int>(bounded.count()), nullptr);
}

Result<void> check_ca_file(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path);  // a directory opens, and fails when it is read
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-----BEGIN ")) return {};
  }
  return Error{.code = ErrorCode::kTls, .message = "CA file '" + path + "' can't be read or holds no PEM certificate"};
}

Result<void> check_time_out(const char* name, std::chrono::milliseconds value) {
  static constexpr std::chrono::milliseconds kMost{std::numeric_limits<int>::max()};
  if (value > std::chrono::milliseconds{0} && value <= kMost) return {};
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = std::string(name) + " is " + std::to_string(value.count()) + " ms, not 1 ms to 24 days"};
}

// Once for the process; libcurl counts what it set up and other users of it in the app may do the same.
CURLcode initialize_curl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  return result;
}

}  // namespace

Result<std::string> endpoint_host(const std::string& endpoint) {
  return parse_endpoint(endpoint).transform([](Endpoint&& parsed) { return std::move(parsed.authority); });
}

Result<std::unique_ptr<HttpTransport>> make_curl_transport(TransportOptions options) {
  auto endpoint = parse_endpoint(options.endpoint);
  if (!endpoint) return std::move(endpoint).error();
  for (const auto& checked :
       {check_ca_file(options.ca_file), check_time_out("connect time-out", options.connect_timeout),
        check_time_out("request time-out", options.request_timeout)}) {
    if (!checked) return checked.error();
  }
  if (const CURLcode code = initialize_curl(); code != CURLE_OK) {
    return Error{.code = ErrorCode::kInternal, .message = std::string("libcurl: ") + curl_easy_strerror(code)};
  }
  MultiHandle multi(curl_multi_init());
  if (multi == nullptr) return Error{.code = ErrorCode::kInternal, .message = "libcurl: out of memory"};
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, kMostConnections);
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, kMostConnections);  // kept for the next requests
  return Result<std::unique_ptr<HttpTransport>>(
      std::make_unique<CurlTransport>(std::move(options), std::move(*endpoint), std::move(multi)));
}

}  // namespace syncline::net

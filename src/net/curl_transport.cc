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

  CallId start(HttpRequest request, Completion done) override {
    return start_call(std::move(request), nullptr, std::move(done));
  }
  CallId start_stream(HttpRequest request, OnPart on_part, Completion done) override {
    return start_call(std::move(request), std::move(on_part), std::move(done));
  }
  void cancel(CallId id) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  bool also_wait_for(int descriptor) override {
    also_.push_back(curl_waitfd{.fd = descriptor, .events = CURL_WAIT_POLLIN, .revents = 0});
    return true;
  }
  void no_longer_wait_for(int descriptor) override {
    std::erase_if(also_, [descriptor](const curl_waitfd& file) { return file.fd == descriptor; });
  }
  void wake() override { curl_multi_wakeup(multi_.get()); }
  [[nodiscard]] bool busy() const override {
    return std::any_of(calls_.begin(), calls_.end(), [](const auto& each) { return !each.second.rests(); });
  }

 private:
  struct Call {
    CallId id = 0;
    OnPart on_part;  // empty: the answer is taken as a whole
    Completion done;
    std::unique_ptr<CurlCall> transfer;  // null: it has ended
    std::optional<HttpResponse> head;    // of a stream, once it has come
    std::optional<Result<HttpResponse>> outcome;
    bool elsewhere = false;  // to another endpoint: its handle is of no use to the others

    // All that has come of it is handed on, and nobody knows when there is more.
    [[nodiscard]] bool rests() const { return head.has_value() && transfer != nullptr; }
  };

  CallId start_call(HttpRequest request, OnPart on_part, Completion done);
  Result<void> begin(Call& call, HttpRequest request);
  EasyHandle take_easy();
  void recycle(Call& call);
  void forget_authorities();
  void hand_on_parts();
  bool hand_on_part(CallId id);
  void collect();
  void complete_finished();

  const TransportOptions options_;
  const Endpoint endpoint_;
  const MultiHandle multi_;
  std::vector<EasyHandle> idle_;
  std::map<CallId, Call> calls_;
  std::deque<CallId> finished_;  // have an outcome that step() has not told yet; may have been cancelled since
  CallId next_id_ = 1;
  std::vector<curl_waitfd> also_;
  bool reuse_authorities_ = true;
};

HttpTransport::CallId CurlTransport::start_call(HttpRequest request, OnPart on_part, Completion done) {
  const CallId id = next_id_++;
  Call& call = calls_[id];
  call.id = id;
  call.on_part = std::move(on_part);
  call.done = std::move(done);
  if (auto begun = begin(call, std::move(request)); !begun) {
    call.outcome = std::move(begun).error();
    finished_.push_back(id);
  }
  return id;
}

Result<void> CurlTransport::begin(Call& call, HttpRequest request) {
  if (auto checked = check_request(request); !checked) return checked;
  Endpoint endpoint = endpoint_;
  if (call.elsewhere = !request.endpoint.empty(); call.elsewhere) {
    auto parsed = parse_endpoint(request.endpoint);
    if (!parsed) return std::move(parsed).error();
    endpoint = std::move(*parsed);
  }
  EasyHandle easy = call.elsewhere ? make_easy(options_, endpoint) : take_easy();
  if (easy == nullptr) return transport_error(ErrorCode::kInternal, endpoint.authority, "out of memory");
  const auto body = call.on_part ? CurlCall::Body::kParts : CurlCall::Body::kWhole;
  call.transfer = std::make_unique<CurlCall>(std::move(request), endpoint, options_, body, std::move(easy));
  if (!call.transfer->ready()) {
    call.transfer.reset();
    return transport_error(ErrorCode::kInternal, endpoint.authority, "out of memory");
  }
  curl_easy_setopt(call.transfer->easy(), CURLOPT_PRIVATE, &call);  // a map's elements stay where they are
  const CURLMcode added = curl_multi_add_handle(multi_.get(), call.transfer->easy());
  if (added == CURLM_OK) return {};
  call.transfer.reset();
  return transport_error(ErrorCode::kInternal, endpoint.authority, curl_multi_strerror(added));
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
  if (!call.elsewhere && idle_.size() < kMostIdleHandles) idle_.push_back(call.transfer->release());
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
  hand_on_parts();
  collect();
  complete_finished();
}

// What streams have brought, before any of them is found to have ended.
void CurlTransport::hand_on_parts() {
  std::vector<CallId> streams;
  for (const auto& [id, call] : calls_) {
    if (call.on_part) streams.push_back(id);
  }
  for (const CallId id : streams) {
    while (hand_on_part(id)) {
    }
  }
}

// False: there is nothing of this stream to hand on. It may be gone after each call of `on_part`.
bool CurlTransport::hand_on_part(CallId id) {
  const auto find = [this, id]() -> Call* {
    const auto found = calls_.find(id);
    return found == calls_.end() || found->second.transfer == nullptr ? nullptr : &found->second;
  };
  Call* call = find();
  auto part = call != nullptr ? call->transfer->take_part() : std::nullopt;
  if (!part) return false;
  const OnPart on_part = call->on_part;
  if (part->head) {
    call->head = *part->head;
    on_part(*part->head, {});
    call = find();
  }
  if (call != nullptr && !part->bytes.empty()) {
    const HttpResponse head = *call->head;
    on_part(head, part->bytes);
    call = find();
  }
  if (call != nullptr) call->transfer->go_on();
  return call != nullptr;
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
  curl_multi_poll(multi_.get(), also_.data(), static_cast<unsigned>(also_.size()), static_cast<int>(bounded.count()),
                  nullptr);
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

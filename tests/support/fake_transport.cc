#include "support/fake_transport.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace syncline::testing {

namespace {

Error dropped(const char* what) {
  return Error{.code = ErrorCode::kNetwork, .message = std::string("fake transport: ") + what + " was dropped"};
}

Error cancelled() {
  return Error{.code = ErrorCode::kCancelled, .message = "fake transport: cancelled"};
}

}  // namespace

Fault Fault::replace(HttpResponse answer) {
  Fault fault(Kind::kReplace);
  fault.answer_ = std::move(answer);
  return fault;
}

Fault Fault::truncate(std::size_t kept_bytes) {
  Fault fault(Kind::kTruncate);
  fault.kept_bytes_ = kept_bytes;
  return fault;
}

struct FakeTransport::Call {
  CallId id = 0;
  HttpRequest request;
  OnPart on_part;  // empty: the answer is taken as a whole
  Completion done;
  std::vector<Fault> faults;
  bool held = false;
  bool travelled = false;  // was at the handler, or is there
  std::optional<Result<HttpResponse>> outcome;
  std::optional<HttpResponse> head;  // of a stream that is open
  bool head_told = false;
  std::deque<std::string> parts;  // of a stream, not handed on
  bool ended = false;

  // Nobody knows when there is more.
  [[nodiscard]] bool rests() const { return head && head_told && parts.empty() && !ended; }
  [[nodiscard]] bool ready() const { return !held && !rests(); }
  [[nodiscard]] const Fault* find(Fault::Kind kind) const {
    const auto found = std::find_if(faults.begin(), faults.end(), [kind](const Fault& f) { return f.kind() == kind; });
    return found == faults.end() ? nullptr : &*found;
  }
};

struct FakeTransport::Rule {
  Predicate predicate;  // empty: by number
  std::size_t number = 0;
  Fault fault;
  std::size_t times = 1;
};

FakeTransport::FakeTransport(Handler handler) : handler_(std::move(handler)) {}

FakeTransport::~FakeTransport() {
  const auto first = [this] {
    const std::lock_guard lock(mutex_);
    return calls_.empty() ? CallId{0} : calls_.front()->id;
  };
  while (const CallId call = first()) cancel(call);
}

FakeTransport::CallId FakeTransport::start(HttpRequest request, Completion done) {
  return start_call(std::move(request), nullptr, std::move(done));
}

FakeTransport::CallId FakeTransport::start_stream(HttpRequest request, OnPart on_part, Completion done) {
  return start_call(std::move(request), std::move(on_part), std::move(done));
}

FakeTransport::CallId FakeTransport::start_call(HttpRequest request, OnPart on_part, Completion done) {
  const std::lock_guard lock(mutex_);
  auto call = std::make_shared<Call>();
  call->id = next_id_++;
  log_.push_back(request);
  call->faults = faults_of(request, log_.size());
  call->held = call->find(Fault::Kind::kHoldRequest) != nullptr;
  call->request = std::move(request);
  call->on_part = std::move(on_part);
  call->done = std::move(done);
  calls_.push_back(call);
  changed_.notify_all();
  return call->id;
}

std::vector<Fault> FakeTransport::faults_of(const HttpRequest& request, std::size_t number) {
  std::vector<Fault> faults;
  for (Rule& rule : rules_) {
    const bool meant = rule.predicate ? rule.predicate(request) : rule.number == number;
    if (!meant || rule.times == 0) continue;
    if (rule.times != kAlways) --rule.times;
    faults.push_back(rule.fault);
  }
  return faults;
}

void FakeTransport::cancel(CallId id) {
  std::shared_ptr<Call> call;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(calls_.begin(), calls_.end(), [id](const auto& each) { return each->id == id; });
    if (found == calls_.end()) return;
    call = *found;
    calls_.erase(found);
  }
  call->done(cancelled());
}

void FakeTransport::step() {
  Calls now;
  {
    const std::lock_guard lock(mutex_);
    std::copy_if(calls_.begin(), calls_.end(), std::back_inserter(now), [](const auto& call) { return !call->held; });
  }
  for (const auto& call : now) {
    travel(call);
    hand_on(call);
    if (take(call)) call->done(std::move(*call->outcome));
  }
}

// Takes one call to the handler and back, with what befalls it on the way. A completion or the handler may have called
// step() or cancel() meanwhile, so that there is nothing left to do here.
void FakeTransport::travel(const std::shared_ptr<Call>& call) {
  {
    const std::lock_guard lock(mutex_);
    if (std::find(calls_.begin(), calls_.end(), call) == calls_.end()) return;
    if (std::exchange(call->travelled, true)) return;
  }
  auto outcome = answer(*call);
  const std::lock_guard lock(mutex_);
  if (call->on_part && outcome && outcome->status >= 200 && outcome->status < 300) {
    if (!outcome->body.empty()) call->parts.push_back(std::exchange(outcome->body, {}));
    call->head = *outcome;
  }
  call->outcome = std::move(outcome);
  call->held = call->find(Fault::Kind::kHoldAnswer) != nullptr;
  changed_.notify_all();
}

Result<HttpResponse> FakeTransport::answer(const Call& call) {
  if (call.find(Fault::Kind::kDropRequest) != nullptr) return dropped("the request");
  auto outcome = handler_(call.request);
  if (call.find(Fault::Kind::kDuplicate) != nullptr) outcome = handler_(call.request);
  if (const Fault* replace = call.find(Fault::Kind::kReplace)) outcome = replace->answer();
  if (const Fault* truncate = call.find(Fault::Kind::kTruncate); truncate != nullptr && outcome) {
    outcome->body.resize(std::min(outcome->body.size(), truncate->kept_bytes()));
  }
  if (call.find(Fault::Kind::kDropAnswer) != nullptr) return dropped("the answer");
  return outcome;
}

// What a stream has brought; `on_part` may cancel it.
void FakeTransport::hand_on(const std::shared_ptr<Call>& call) {
  const auto next = [&]() -> std::optional<std::string> {
    const std::lock_guard lock(mutex_);
    const bool gone = std::find(calls_.begin(), calls_.end(), call) == calls_.end();
    if (gone || call->held || !call->head) return std::nullopt;
    if (!std::exchange(call->head_told, true)) return std::string();
    if (call->parts.empty()) return std::nullopt;
    auto part = std::move(call->parts.front());
    call->parts.pop_front();
    return part;
  };
  while (const auto part = next()) call->on_part(*call->head, *part);
}

// Whether the call is to be completed now: its answer is here and not held, and nobody cancelled it meanwhile.
bool FakeTransport::take(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(calls_.begin(), calls_.end(), call);
  if (!call->outcome || call->held || found == calls_.end()) return false;
  if (call->head && !call->ended) return false;
  calls_.erase(found);
  return true;
}

void FakeTransport::wait(std::chrono::milliseconds longest) {
  // condition_variable overflows on waits that end after its clock does.
  const auto bounded = std::min<std::chrono::milliseconds>(longest, std::chrono::hours{24 * 365});
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, bounded, [this] {
    return woken_ || std::any_of(calls_.begin(), calls_.end(), [](const auto& call) { return call->ready(); });
  });
  woken_ = false;
}

void FakeTransport::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

bool FakeTransport::busy() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(calls_.begin(), calls_.end(), [](const auto& call) { return !call->rests(); });
}

void FakeTransport::fault_request(std::size_t number, Fault fault) {
  const std::lock_guard lock(mutex_);
  rules_.push_back(Rule{.predicate = nullptr, .number = number, .fault = std::move(fault), .times = 1});
}

void FakeTransport::fault_when(Predicate predicate, Fault fault, std::size_t times) {
  const std::lock_guard lock(mutex_);
  rules_.push_back(Rule{.predicate = std::move(predicate), .number = 0, .fault = std::move(fault), .times = times});
}

void FakeTransport::clear_faults() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void FakeTransport::release() {
  const std::lock_guard lock(mutex_);
  for (const auto& call : calls_) call->held = false;
  changed_.notify_all();
}

std::size_t FakeTransport::held() const {
  const std::lock_guard lock(mutex_);
  return held_now();
}

bool FakeTransport::wait_until_held(std::size_t count, std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, longest, [this, count] { return held_now() >= count; });
}

std::size_t FakeTransport::held_now() const {
  return static_cast<std::size_t>(
      std::count_if(calls_.begin(), calls_.end(), [](const auto& call) { return call->held; }));
}

void FakeTransport::send_part(std::string bytes) {
  const std::lock_guard lock(mutex_);
  for (const auto& call : calls_) {
    if (call->head && !call->ended) call->parts.push_back(bytes);
  }
  changed_.notify_all();
}

void FakeTransport::end_streams(std::optional<Error> broken) {
  const std::lock_guard lock(mutex_);
  for (const auto& call : calls_) {
    if (!call->head) continue;
    if (broken) call->outcome = *broken;
    call->ended = true;
  }
  changed_.notify_all();
}

std::size_t FakeTransport::open_streams() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(calls_.begin(), calls_.end(), [](const auto& call) { return call->head && !call->ended; }));
}

std::vector<HttpRequest> FakeTransport::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::size_t FakeTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return log_.size();
}

}  // namespace syncline::testing

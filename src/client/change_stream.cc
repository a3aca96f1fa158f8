#include "client/change_stream.h"

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace syncline {

namespace {

constexpr int kMostFailures = 1'000;
// Instead of an id, from whoever has none yet: the service tells of each dataset that others have written. Since the
// last sync somebody may have, and what is known costs no request (D20).
constexpr const char* kEverything = "0";

Error bad_stream(const char* what) {
  return Error{.code = ErrorCode::kBadAnswer, .message = std::string("the stream of changes ") + what};
}

}  // namespace

Subscription ChangeStream::hold() {
  {
    const std::lock_guard guard(mutex_);
    if (stopped_) return {};
    ++holders_;
  }
  context_.driver->post([self = shared_from_this()] { self->update(); });
  return Subscription([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::lock_guard guard(self->mutex_);
      --self->holders_;
    }
    self->context_.driver->post([self] { self->update(); });
  });
}

ChangeStreamStatus ChangeStream::status() const {
  const std::lock_guard guard(mutex_);
  return status_;
}

void ChangeStream::set_state(ChangeStreamState state) {
  const std::lock_guard guard(mutex_);
  status_.state = state;
}

void ChangeStream::update() {
  bool wanted = false;
  bool closed = false;
  {
    const std::lock_guard guard(mutex_);
    wanted = holders_ > 0 && !stopped_;
    closed = status_.state == ChangeStreamState::kClosed;
    if (wanted && closed) status_.error.reset();
  }
  if (wanted && closed) open();
  if (!wanted && !closed) close();
}

void ChangeStream::start_over() {
  close();
  last_id_.clear();
  unsettled_.clear();
  syncing_.clear();
  ++era_;
  update();
}

void ChangeStream::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
  }
  close();
}

void ChangeStream::close() {
  drop_call();
  context_.driver->cancel_timer(std::exchange(catch_up_timer_, 0));
  failures_ = 0;
  failed_syncs_ = 0;
  forbidden_ = 0;
  set_state(ChangeStreamState::kClosed);
}

void ChangeStream::drop_call() {
  ++attempt_;
  context_.driver->cancel_timer(timer_);
  if (const auto call = std::exchange(call_, nullptr)) context_.remote->cancel(call);
}

// --- one attempt ----------------------------------------------------------------------------------------------------

void ChangeStream::open() {
  drop_call();
  reader_ = wire::EventStreamReader();
  head_taken_ = false;
  {
    const std::lock_guard guard(mutex_);
    status_.state = ChangeStreamState::kConnecting;
    ++status_.attempts;
  }
  auto request = context_.request();
  if (!request) return broke(std::move(request).error());
  request->last_event_id = last_id_.empty() ? kEverything : last_id_;
  watch();
  call_ = context_.remote->open_stream(
      *request,
      [self = shared_from_this(), id = attempt_](const HttpResponse& head, std::string_view bytes) {
        if (id == self->attempt_) self->take_part(head, bytes);
      },
      [self = shared_from_this(), id = attempt_](Answer<wire::NoAnswer> answer) {
        if (id != self->attempt_) return;
        self->call_ = nullptr;
        self->broke(answer.result ? Error{.code = ErrorCode::kNetwork, .message = "the service ended the stream"}
                                  : std::move(answer.result).error());
      });
}

// A connection can die without a sign.
void ChangeStream::watch() {
  context_.driver->cancel_timer(timer_);
  timer_ = context_.driver->after(kLongestSilence, [self = shared_from_this(), id = attempt_] {
    if (id != self->attempt_) return;
    self->broke(Error{.code = ErrorCode::kTimeout, .message = "the stream of changes has been silent for too long"});
  });
}

void ChangeStream::take_part(const HttpResponse& head, std::string_view bytes) {
  watch();
  if (!std::exchange(head_taken_, true)) {
    if (auto taken = take_head(head); !taken) return broke(std::move(taken).error());
  }
  auto read = reader_.read(bytes, [this](const std::string& data) { take_event(data); });
  if (!reader_.last_id().empty()) last_id_ = reader_.last_id();
  if (reader_.retry()) first_delay_ = *reader_.retry();
  if (!read) broke(std::move(read).error());
}

Result<void> ChangeStream::take_head(const HttpResponse& head) {
  static constexpr std::string_view kType = "text/event-stream";
  const auto* type = find_header(head.headers, "Content-Type");
  // A portal that wants to be paid answers everything.
  if (head.status != 200 || type == nullptr || !equal_ignoring_case(type->substr(0, kType.size()), kType)) {
    return bad_stream("is something else");
  }
  const auto* encoding = find_header(head.headers, "Content-Encoding");
  if (encoding != nullptr && !equal_ignoring_case(*encoding, "identity")) return bad_stream("is encoded");
  opened_at_ = context_.clock->monotonic();
  forbidden_ = 0;
  set_state(ChangeStreamState::kOpen);
  catch_up();
  return {};
}

// --- events ---------------------------------------------------------------------------------------------------------

void ChangeStream::take_event(const std::string& data) {
  auto hint = context_.judge(data);
  {
    const std::lock_guard guard(mutex_);
    ++(hint ? status_.hints : status_.refused);
  }
  if (!hint || hint->decision == HintDecision::kKnown) return;
  auto& known = unsettled_[hint->dataset];
  if (hint->count > known.count) known = *hint;
  synchronize(hint->dataset);
}

// One sync of a dataset at a time, whatever the service tells.
void ChangeStream::synchronize(const std::string& dataset) {
  const auto found = unsettled_.find(dataset);
  if (found == unsettled_.end() || !syncing_.insert(dataset).second) return;
  context_.synchronize(found->second,
                       [self = shared_from_this(), asked = found->second, era = era_](Result<SyncReport> report) {
                         if (era != self->era_) return;
                         self->syncing_.erase(asked.dataset);
                         const bool unwanted = !report && report.error().code == ErrorCode::kNotFound;  // by now
                         if (!report && !unwanted) return self->catch_up_later();
                         self->failed_syncs_ = 0;
                         const auto latest = self->unsettled_.find(asked.dataset);
                         if (latest == self->unsettled_.end()) return;
                         if (latest->second.count > asked.count) return self->synchronize(asked.dataset);
                         self->unsettled_.erase(latest);
                       });
}

// The stream may well stay as good as it is.
void ChangeStream::catch_up_later() {
  if (catch_up_timer_ != 0 || status().state == ChangeStreamState::kClosed) return;
  failed_syncs_ = std::min(failed_syncs_ + 1, kMostFailures);
  const auto delay = engine::backoff_delay(context_.backoff, failed_syncs_, std::nullopt, *context_.random);
  catch_up_timer_ = context_.driver->after(delay, [self = shared_from_this()] {
    self->catch_up_timer_ = 0;
    self->catch_up();
  });
}

// What was told and could not be fetched: the service will not tell it again.
void ChangeStream::catch_up() {
  std::vector<std::string> datasets;
  for (const auto& [dataset, hint] : unsettled_) datasets.push_back(dataset);
  for (const auto& dataset : datasets) synchronize(dataset);
}

// --- what comes after
// -------------------------------------------------------------------------------------------------

void ChangeStream::broke(Error error) {
  const bool lasted = head_taken_ && context_.clock->monotonic() - opened_at_ >= kLastingStream;
  if (std::exchange(head_taken_, false) && lasted) failures_ = 0;
  drop_call();
  const bool refused = refuses(error);
  const auto delay = refused ? std::chrono::milliseconds{0} : next_delay(error);
  {
    const std::lock_guard guard(mutex_);
    status_.error = std::move(error);
    status_.state = refused ? ChangeStreamState::kRefused : ChangeStreamState::kWaiting;
  }
  if (refused) return;
  timer_ = context_.driver->after(delay, [self = shared_from_this(), id = attempt_] {
    if (id == self->attempt_) self->open();
  });
}

// A service that is not ours answers 403 or 404, as it knows no such path. A 403 may also be about credentials that
// have just ended: the next attempt gets new ones, and then it counts.
bool ChangeStream::refuses(const Error& error) {
  static constexpr int kForbidden = 403;
  const int status = error.http_status;
  if (status == 0) return error.code == ErrorCode::kInvalidArgument;  // an option is missing
  if (status < 400 || status >= 500 || status == 408 || status == 429) return false;
  return (status != 401 && status != kForbidden) || ++forbidden_ > 1;
}

// What the service asks for moves the whole interval: all devices were told the same.
std::chrono::milliseconds ChangeStream::next_delay(const Error& error) {
  auto limits = context_.backoff;
  limits.first = std::clamp(first_delay_, limits.first, std::max(limits.first, limits.longest));
  const auto asked = std::min(error.retry_after.value_or(std::chrono::milliseconds{0}), limits.longest);
  failures_ = std::min(failures_ + 1, kMostFailures);
  return asked + engine::backoff_delay(limits, failures_, std::nullopt, *context_.random);
}

}  // namespace syncline

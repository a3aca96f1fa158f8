#include "service/deliverer.h"

#include <algorithm>
#include <exception>
#include <set>
#include <string>
#include <utility>

namespace syncline::service {

namespace {

constexpr std::chrono::minutes kBetweenTidyings{10};
constexpr std::chrono::seconds kAfterAStoreError{1};

}  // namespace

Deliverer::Deliverer(OutboxStore& store, Clock& clock, Random& random, DeliveryLimits limits,
                     std::unique_ptr<Sender> sender, DeliveryMetrics& metrics, Log log)
    : store_(store),
      clock_(clock),
      random_(random),
      limits_(limits),
      metrics_(metrics),
      log_(std::move(log)),
      sender_(std::move(sender)) {}

void Deliverer::step() {
  sender_->step();
  if (!finished_.empty()) write_down();
  if (stopped_) return;
  const auto now = clock_.monotonic();
  if (!tidied_at_ || now - *tidied_at_ >= kBetweenTidyings) tidy();
  if (held_until_ && now < *held_until_) return;
  start_due();
  if (!finished_.empty()) write_down();
}

void Deliverer::wait(std::chrono::milliseconds longest) {
  sender_->wait(longest);
}

void Deliverer::start_due() {
  if (under_way_.size() >= limits_.at_once) return;
  std::set<std::int64_t> busy;
  for (const auto& [lane, message] : under_way_) busy.insert(lane);
  for (const Settlement& settlement : finished_) busy.insert(settlement.lane);
  auto due = store_.due_messages(sender_->kind(), clock_.wall(), limits_.at_once - under_way_.size(), busy);
  if (!due) {
    report(LogLevel::kError, "the outbox can't be read: " + due.error().message);
    held_until_ = clock_.monotonic() + kAfterAStoreError;
    return;
  }
  for (WaitingMessage& message : *due) {
    const std::int64_t lane = message.lane;
    const auto [place, added] = under_way_.emplace(lane, std::move(message));
    try {
      // A copy: the sender may be done at once, which ends what it was given.
      const WaitingMessage sent = place->second;
      sender_->send(sent, [this, lane](const Outcome& outcome) { finish(lane, outcome); });
    } catch (const std::exception&) {
      under_way_.erase(lane);  // or the lane would wait for ever for what becomes of it
      throw;
    }
  }
}

void Deliverer::finish(std::int64_t lane, const Outcome& outcome) {
  auto found = under_way_.extract(lane);
  if (found.empty()) return;
  const WaitingMessage& message = found.mapped();
  const bool unreachable = outcome.kind == Outcome::Kind::kUnreachable;
  if (unreachable) hold_back(outcome);
  if (!unreachable) unreachable_ = 0;
  finished_.push_back(settle(message, outcome, limits_, clock_.wall(), random_));
  metrics_.count(message.kind, finished_.back().kind);
  if (finished_.back().kind != Settlement::Kind::kDead) return;
  report(LogLevel::kError, "a " + std::string(name_of(message.kind)) + " message of dataset " +
                               message.target.dataset.text() + " of " + message.target.identity.text() +
                               " goes to the dead letters: " + outcome.failure);
}

// Others would fare no better: none is started for a while. Those under way at the same time count once.
void Deliverer::hold_back(const Outcome& outcome) {
  const auto now = clock_.monotonic();
  if (held_until_ && now < *held_until_) return;
  ++unreachable_;
  held_until_ = now + delivery_delay(limits_, unreachable_, random_);
  if (unreachable_ == 1) {
    report(LogLevel::kWarning, std::string(name_of(sender_->kind())) + " messages wait: " + outcome.failure);
  }
}

void Deliverer::write_down() {
  auto written = store_.settle(finished_, clock_.wall());
  if (written) {
    finished_.clear();
    return;
  }
  report(LogLevel::kError, "what was sent can't be marked: " + written.error().message);
  held_until_ = clock_.monotonic() + kAfterAStoreError;
}

void Deliverer::tidy() {
  const Timestamp now = clock_.wall();
  tidied_at_ = clock_.monotonic();
  auto tidied = store_.tidy_outbox(now - limits_.keep_dead_letters, now + limits_.longest_delay);
  if (!tidied) report(LogLevel::kWarning, "the outbox can't be tidied: " + tidied.error().message);
}

void Deliverer::report(LogLevel level, const std::string& text) const {
  if (log_) log_(level, text);
}

}  // namespace syncline::service

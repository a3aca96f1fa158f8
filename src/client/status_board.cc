#include "client/status_board.h"

#include <utility>

namespace syncline {

namespace {

bool is_same(const SyncProgress& one, const SyncProgress& other) {
  return one == other;
}

bool is_same(const SyncStatus& one, const SyncStatus& other) {
  if (one.state != other.state || one.conflicts != other.conflicts) return false;
  if (!one.error || !other.error) return one.error.has_value() == other.error.has_value();
  return one.error->code == other.error->code && one.error->message == other.error->message;
}

}  // namespace

template <typename News>
News Notice<News>::latest() const {
  const std::lock_guard guard(mutex_);
  return latest_;
}

template <typename News>
void Notice<News>::show(const News& news) {
  {
    const std::lock_guard guard(mutex_);
    if (is_same(latest_, news)) return;
    latest_ = news;
    if (!hub_.anybody()) told_ = latest_;
    if (telling_ || is_same(told_, latest_)) return;
    telling_ = true;
  }
  driver_->post(
      [self = this->shared_from_this()] { self->gate_->post(CallbackKind::kRepeating, [self] { self->tell(); }); });
}

template <typename News>
void Notice<News>::tell() {
  News news;
  {
    const std::lock_guard guard(mutex_);
    telling_ = false;
    if (is_same(told_, latest_)) return;
    news = told_ = latest_;
  }
  hub_.announce(news);
}

template class Notice<SyncStatus>;
template class Notice<SyncProgress>;

// --- progress -----------------------------------------------------------------------------------------------------

void ProgressMeter::begun() {
  if (total_.datasets_done == total_.datasets_total) total_ = SyncProgress{};
  ++total_.datasets_total;
}

void ProgressMeter::pulled(const SyncAmount& amount) {
  total_.records_done += amount.records;
  total_.records_total += amount.records;
  total_.bytes_done += amount.bytes;
  total_.bytes_total += amount.bytes;
}

void ProgressMeter::pushing(store::DatasetId dataset, const SyncAmount& amount) {
  take_back(dataset);
  going_out_[dataset] = amount;
  total_.records_total += amount.records;
  total_.bytes_total += amount.bytes;
}

void ProgressMeter::pushed(store::DatasetId dataset) {
  const auto sent = going_out_.extract(dataset);
  if (sent.empty()) return;
  total_.records_done += sent.mapped().records;
  total_.bytes_done += sent.mapped().bytes;
}

void ProgressMeter::ended(store::DatasetId dataset) {
  take_back(dataset);
  ++total_.datasets_done;
}

void ProgressMeter::take_back(store::DatasetId dataset) {
  const auto unsent = going_out_.extract(dataset);
  if (unsent.empty()) return;
  total_.records_total -= unsent.mapped().records;
  total_.bytes_total -= unsent.mapped().bytes;
}

}  // namespace syncline

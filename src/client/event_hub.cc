#include "client/event_hub.h"

#include <boost/signals2.hpp>
#include <utility>

namespace syncline {

template <typename News>
struct Hub<News>::Impl {
  boost::signals2::signal<void(const News&)> signal;
};

template <typename News>
Hub<News>::Hub() : impl_(std::make_shared<Impl>()) {}

template <typename News>
Hub<News>::~Hub() = default;

template <typename News>
Subscription Hub<News>::subscribe(Callback callback) {
  auto connection = impl_->signal.connect([callback = std::move(callback)](const News& news) {
    try {
      callback(news);
    } catch (...) {
      // D13: the app's exception; the other subscribers still hear of it.
    }
  });
  return Subscription([connection] { connection.disconnect(); });
}

template <typename News>
bool Hub<News>::anybody() const {
  return !impl_->signal.empty();
}

template <typename News>
void Hub<News>::announce(const News& news) {
  impl_->signal(news);
}

template <typename News>
void Hub<News>::close() {
  impl_->signal.disconnect_all_slots();
}

template class Hub<DatasetChange>;
template class Hub<SyncStatus>;
template class Hub<SyncProgress>;

}  // namespace syncline

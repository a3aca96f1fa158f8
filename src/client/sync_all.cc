// Client::synchronize(): all datasets of the identity, side by side. Each is a job of its own, so that all their
// requests are under way at once; the transport knows how many connections that takes.
#include <algorithm>

#include "client/client_impl.h"

namespace syncline {

namespace {

// Answers when the last dataset has: whoever holds this is one of them.
class Together {
 public:
  using Reports = std::vector<DatasetSyncReport>;
  using Done = std::function<void(Result<Reports>)>;

  explicit Together(Done done) : done_(std::move(done)) {}
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;
  ~Together() {
    std::sort(reports_.begin(), reports_.end(), [](const auto& a, const auto& b) { return a.dataset < b.dataset; });
    done_(std::move(reports_));
  }

  void add(std::string dataset, Result<SyncReport> result) {
    reports_.push_back(DatasetSyncReport{.dataset = std::move(dataset), .result = std::move(result)});
  }

 private:
  Done done_;
  Reports reports_;
};

}  // namespace

void ClientImpl::synchronize_all(SyncAllCallback done) {
  using Reports = Together::Reports;
  begin<Reports>(std::move(done), [self = shared_from_this()](Completed<Reports> completed) {
    auto names = self->dataset_names();
    if (!names) return completed(std::move(names).error());
    const auto together = std::make_shared<Together>(std::move(completed));
    for (auto& name : *names) {
      auto dataset = self->dataset(name);
      if (!dataset) {
        together->add(std::move(name), std::move(dataset).error());
        continue;
      }
      (*dataset)->run(self->attempts(),
                      [together, name](Result<SyncReport> report) { together->add(name, std::move(report)); });
    }
  });
}

}  // namespace syncline

// What a SyncJob says while it works, for the rules of automatic syncs and for what an interface shows.
#pragma once

#include <cstddef>

#include "store/store.h"
#include "syncline/records.h"
#include "syncline/result.h"

namespace syncline {

struct SyncAmount {
  std::size_t records = 0;
  std::size_t bytes = 0;  // of keys and values
};

// [inside a driver step, or when no step can run any more] None may call back into the job.
class SyncObserver {
 public:
  SyncObserver() = default;
  SyncObserver(const SyncObserver&) = delete;
  SyncObserver& operator=(const SyncObserver&) = delete;
  virtual ~SyncObserver() = default;
  virtual void run_begun(store::DatasetId dataset) = 0;
  virtual void run_ended(store::DatasetId dataset, const Result<SyncReport>& report) = 0;
  virtual void pulled(const SyncAmount& amount) = 0;
  // Is about to go out, instead of what an earlier attempt of this dataset was about to send.
  virtual void pushing(store::DatasetId dataset, const SyncAmount& amount) = 0;
  virtual void pushed(store::DatasetId dataset) = 0;
};

}  // namespace syncline

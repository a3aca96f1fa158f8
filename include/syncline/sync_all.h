// How all datasets synchronized: Client::synchronize().
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "syncline/records.h"
#include "syncline/result.h"

namespace syncline {

struct DatasetSyncReport {
  std::string dataset = {};
  Result<SyncReport> result;
};

// [dispatcher] Called exactly once. A report for each dataset, by name; an error only if none could be begun.
using SyncAllCallback = std::function<void(const Result<std::vector<DatasetSyncReport>>&)>;

}  // namespace syncline

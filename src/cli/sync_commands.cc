#include <future>
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "syncline/credentials.h"

namespace syncline::cli {

namespace {

Result<ConflictHandler> handler_of(const std::string& name) {
  if (name == "local") return ConflictHandler(conflict_policy::keep_local);
  if (name == "remote") return ConflictHandler(conflict_policy::keep_remote);
  if (name == "newest") return ConflictHandler(conflict_policy::newest);
  if (name == "later") return ConflictHandler(conflict_policy::later);
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = "--on-conflict '" + name + "' is none of local, remote, newest, later"};
}

ClientOptions sync_options(const Settings& settings, ConflictHandler handler) {
  auto options = local_options(settings);
  options.endpoint = settings.endpoint;
  options.region = settings.region;
  options.identity_pool_id = settings.pool;
  options.device_id = settings.device;
  options.ca_file = settings.ca_file;
  options.credentials = static_credentials(settings.credentials);
  options.conflict_handler = std::move(handler);
  return options;
}

// A synchronize() under way.
struct Running {
  std::string dataset;
  std::future<Result<SyncReport>> end;
};

Running start(Client& client, const std::string& name) {
  auto promise = std::make_shared<std::promise<Result<SyncReport>>>();
  Running running{name, promise->get_future()};
  auto dataset = client.dataset(name);
  if (dataset) {
    dataset->synchronize([promise](const Result<SyncReport>& result) { promise->set_value(result); });
  } else {
    promise->set_value(std::move(dataset).error());
  }
  return running;
}

Exit exit_of(const std::vector<SyncOf>& syncs) {
  Exit exit = Exit::kOk;
  for (const auto& sync : syncs) {
    if (!sync.result) return Exit::kFailed;
    if (sync.result->outcome == SyncOutcome::kConflictsPending) exit = Exit::kConflicts;
  }
  return exit;
}

}  // namespace

Result<Exit> sync(const Settings& settings, Output& output, const std::vector<std::string>& datasets,
                  const std::string& on_conflict) {
  auto handler = handler_of(on_conflict);
  if (!handler) return std::move(handler).error();
  auto client = open(sync_options(settings, std::move(*handler)), Missing::kMake);
  if (!client) return std::move(client).error();
  const auto names = datasets.empty() ? client->dataset_names() : Result(datasets);
  if (!names) return names.error();

  std::vector<Running> running;
  for (const auto& name : *names) running.push_back(start(*client, name));
  std::vector<SyncOf> syncs;
  for (auto& each : running) syncs.push_back({each.dataset, each.end.get()});

  for (const auto& each : syncs) {
    if (!each.result) output.error(each.result.error());
  }
  output.synced(syncs);
  return exit_of(syncs);
}

}  // namespace syncline::cli

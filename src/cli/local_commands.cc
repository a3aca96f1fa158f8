#include <algorithm>
#include <filesystem>
#include <istream>
#include <utility>

#include "cli/commands.h"
#include "syncline/limits.h"

namespace syncline::cli {

namespace {

Error not_found(std::string message) {
  return Error{.code = ErrorCode::kNotFound, .message = std::move(message)};
}

Result<Dataset> known_dataset(Client& client, const std::string& name) {
  const auto names = client.dataset_names();
  if (!names) return names.error();
  if (std::find(names->begin(), names->end(), name) == names->end()) {
    return not_found("there is no dataset '" + name + "' in this data directory");
  }
  return client.dataset(name);
}

// One dataset of a data directory, with the client that it lives in.
struct Opened {
  Client client;
  Dataset dataset;
};

Result<Opened> open_known(const Settings& settings, const std::string& name) {
  auto client = open(local_options(settings), Missing::kRefuse);
  if (!client) return std::move(client).error();
  auto dataset = known_dataset(*client, name);
  if (!dataset) return std::move(dataset).error();
  return Opened{std::move(*client), std::move(*dataset)};
}

// The one that was named, or all.
Result<std::vector<Dataset>> chosen_datasets(Client& client, const std::optional<std::string>& name) {
  auto names = client.dataset_names();
  if (!names) return std::move(names).error();
  if (name) names = std::vector{*name};
  std::vector<Dataset> datasets;
  for (const auto& each : *names) {
    auto dataset = known_dataset(client, each);
    if (!dataset) return std::move(dataset).error();
    datasets.push_back(std::move(*dataset));
  }
  return datasets;
}

// At most a little more than any value may have: the library names the limit, and the memory stays bounded.
Result<std::string> read_value(std::istream& input, const std::string& given) {
  if (given != kFromInput) return given;
  static constexpr std::size_t kLongest = 4 * kMaxValueCharacters + 1;
  std::string value(kLongest, '\0');
  input.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (input.bad()) return Error{.code = ErrorCode::kInvalidArgument, .message = "standard input can't be read"};
  value.resize(static_cast<std::size_t>(input.gcount()));
  return value;
}

Result<Resolution> resolution_of(std::istream& input, const ResolveRequest& request) {
  if (request.keep == "local") return Resolution::keep_local();
  if (request.keep == "remote") return Resolution::keep_remote();
  if (request.remove) return Resolution::remove();
  return read_value(input, request.value.value_or("")).transform([](std::string value) {
    return Resolution::use(std::move(value));
  });
}

std::string_view name_of(Resolution::Choice choice) {
  switch (choice) {
    case Resolution::Choice::kLocal:
      return "kept local";
    case Resolution::Choice::kRemote:
      return "kept remote";
    case Resolution::Choice::kValue:
      return "set value";
    case Resolution::Choice::kRemove:
      return "removed";
    case Resolution::Choice::kLater:
      return "later";
  }
  return "unknown";
}

Result<Conflict> find_conflict(const Dataset& dataset, const ResolveRequest& request) {
  const auto open = dataset.conflicts();
  if (!open) return open.error();
  const auto found = std::find_if(open->begin(), open->end(),
                                  [&request](const Conflict& conflict) { return conflict.key == request.key; });
  if (found == open->end()) {
    return not_found("no conflict waits in dataset '" + request.dataset + "' for key '" + request.key + "'");
  }
  if (request.remote_count && found->remote.count.value != *request.remote_count) {
    return Error{.code = ErrorCode::kOutdated,
                 .message = "the remote version has sync count " + std::to_string(found->remote.count.value) +
                            ", not " + std::to_string(*request.remote_count) + "; look at it again"};
  }
  return *found;
}

}  // namespace

ClientOptions local_options(const Settings& settings) {
  ClientOptions options;
  options.data_directory = settings.data;
  options.identity_id = settings.identity;
  options.durability = settings.durability;
  return options;
}

Result<Client> open(ClientOptions options, Missing missing) {
  std::error_code ignored;
  if (missing == Missing::kRefuse && !std::filesystem::exists(options.data_directory, ignored)) {
    return not_found("data directory '" + options.data_directory + "' does not exist; put or sync makes it");
  }
  return Client::open(std::move(options));
}

Result<Exit> put(const Settings& settings, Output& output, std::istream& input, const std::string& dataset,
                 const std::string& key, const std::string& value) {
  const auto text = read_value(input, value);
  if (!text) return text.error();
  auto client = open(local_options(settings), Missing::kMake);
  if (!client) return std::move(client).error();
  auto opened = client->dataset(dataset);
  if (!opened) return std::move(opened).error();
  if (auto written = opened->put(key, *text); !written) return std::move(written).error();
  output.done(dataset, key, "put");
  return Exit::kOk;
}

Result<Exit> get(const Settings& settings, Output& output, const std::string& dataset, const std::string& key) {
  auto opened = open_known(settings, dataset);
  if (!opened) return std::move(opened).error();
  const auto value = opened->dataset.get(key);
  if (!value) return value.error();
  if (!value->has_value()) return not_found("there is no key '" + key + "' in dataset '" + dataset + "'");
  output.value(dataset, key, **value);
  return Exit::kOk;
}

Result<Exit> remove(const Settings& settings, Output& output, const std::string& dataset, const std::string& key) {
  auto opened = open_known(settings, dataset);
  if (!opened) return std::move(opened).error();
  if (auto removed = opened->dataset.remove(key); !removed) return std::move(removed).error();
  output.done(dataset, key, "rm");
  return Exit::kOk;
}

Result<Exit> list(const Settings& settings, Output& output, const std::optional<std::string>& dataset) {
  if (dataset) {
    auto opened = open_known(settings, *dataset);
    if (!opened) return std::move(opened).error();
    const auto records = opened->dataset.records();
    if (!records) return records.error();
    output.records(*dataset, *records);
    return Exit::kOk;
  }
  const auto client = open(local_options(settings), Missing::kRefuse);
  if (!client) return client.error();
  const auto names = client->dataset_names();
  if (!names) return names.error();
  output.datasets(*names);
  return Exit::kOk;
}

Result<Exit> conflicts(const Settings& settings, Output& output, const std::optional<std::string>& dataset) {
  auto client = open(local_options(settings), Missing::kRefuse);
  if (!client) return std::move(client).error();
  const auto chosen = chosen_datasets(*client, dataset);
  if (!chosen) return chosen.error();
  std::vector<ConflictOf> found;
  for (const auto& each : *chosen) {
    auto waiting = each.conflicts();
    if (!waiting) return std::move(waiting).error();
    for (auto& conflict : *waiting) found.push_back({each.name(), std::move(conflict)});
  }
  output.conflicts(found);
  return Exit::kOk;
}

Result<Exit> status(const Settings& settings, Output& output, const std::optional<std::string>& dataset) {
  auto client = open(local_options(settings), Missing::kRefuse);
  if (!client) return std::move(client).error();
  const auto chosen = chosen_datasets(*client, dataset);
  if (!chosen) return chosen.error();
  std::vector<InfoOf> infos;
  for (const auto& each : *chosen) {
    const auto info = each.info();
    if (!info) return info.error();
    infos.push_back({each.name(), *info});
  }
  output.status(settings, client->identity_id(), infos, client->recovery());
  return Exit::kOk;
}

Result<Exit> resolve(const Settings& settings, Output& output, std::istream& input, const ResolveRequest& request) {
  const auto resolution = resolution_of(input, request);
  if (!resolution) return resolution.error();
  auto opened = open_known(settings, request.dataset);
  if (!opened) return std::move(opened).error();
  const auto conflict = find_conflict(opened->dataset, request);
  if (!conflict) return conflict.error();
  if (auto settled = opened->dataset.resolve(*conflict, *resolution); !settled) return std::move(settled).error();
  output.done(request.dataset, request.key, name_of(resolution->choice()));
  return Exit::kOk;
}

}  // namespace syncline::cli

// The commands, each over the library's public API. Those of local_commands.cc never touch the network, nor need an
// endpoint; sync does. A data directory that is missing is made by put and sync only, and only they make a dataset: a
// misspelled name is an error elsewhere. [blocks]
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "cli/settings.h"
#include "syncline/client.h"
#include "syncline/records.h"
#include "syncline/result.h"

namespace syncline::cli {

// The process's exit status.
enum class Exit : std::uint8_t {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kConflicts = 3,  // synchronized, but for conflicts that wait for `resolve`
};

// What stands for "read standard input" as a value.
inline constexpr std::string_view kFromInput = "-";

Result<Exit> put(const Settings& settings, Output& output, std::istream& input, const std::string& dataset,
                 const std::string& key, const std::string& value);
// A missing key is kNotFound.
Result<Exit> get(const Settings& settings, Output& output, const std::string& dataset, const std::string& key);
Result<Exit> remove(const Settings& settings, Output& output, const std::string& dataset, const std::string& key);
// Without a dataset: the names known here.
Result<Exit> list(const Settings& settings, Output& output, const std::optional<std::string>& dataset);
// Without a dataset: of all that are known here.
Result<Exit> conflicts(const Settings& settings, Output& output, const std::optional<std::string>& dataset);
Result<Exit> status(const Settings& settings, Output& output, const std::optional<std::string>& dataset);

struct ResolveRequest {
  std::string dataset;
  std::string key;
  std::string keep;                          // "local" or "remote"; empty: one of the next two
  std::optional<std::string> value;          // "-" reads standard input
  bool remove = false;                       // instead of a value
  std::optional<std::int64_t> remote_count;  // only if the remote version still has this sync count
};
Result<Exit> resolve(const Settings& settings, Output& output, std::istream& input, const ResolveRequest& request);

// All that are known here if none is named. `on_conflict`: local, remote, newest, later. One that fails does not keep
// the others from syncing; each failure is reported.
Result<Exit> sync(const Settings& settings, Output& output, const std::vector<std::string>& datasets,
                  const std::string& on_conflict);

// --- shared by the two files
// ------------------------------------------------------------------------------------------

enum class Missing : std::uint8_t { kMake, kRefuse };

// The options that every command opens the client with: no endpoint, so no network.
ClientOptions local_options(const Settings& settings);
Result<Client> open(ClientOptions options, Missing missing);

}  // namespace syncline::cli

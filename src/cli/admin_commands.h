// `syncline admin`: what an operator does to a service. Pools, keys, quotas and backups go through the data directory,
// with the service running or not (service/admin_client.h); usage is Cognito Sync's own, through the public SyncApi;
// restore works on the files, and only while no service runs. [blocks]
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "syncline/result.h"

namespace syncline::cli {

// Where a command works and how it prints.
struct AdminPlace {
  std::string data;                   // the service's data directory
  std::optional<Settings> elsewhere;  // usage of a service that is reached by its endpoint and keys alone
  std::ostream& out;
  Format format = Format::kHuman;
};

// What a pool is to be; what is absent stays as it is.
struct PoolChange {
  std::string pool;  // empty: a new one
  std::optional<std::string> name;
  std::optional<bool> guests;
  std::optional<std::string> developer_provider;
  std::optional<std::vector<std::string>> logins;  // PROVIDER=APP-ID, all that it shall take
  std::optional<std::vector<std::string>> openid;  // ARNs of OpenID Connect providers, likewise
};

Result<Exit> list_pools(const AdminPlace& place);
Result<Exit> describe_pool(const AdminPlace& place, const std::string& pool);
Result<Exit> change_pool(const AdminPlace& place, const PoolChange& change);
Result<Exit> delete_pool(const AdminPlace& place, const std::string& pool);

Result<Exit> list_keys(const AdminPlace& place);
Result<Exit> rotate_keys(const AdminPlace& place);  // prints the new secret: nobody else will
Result<Exit> revoke_key(const AdminPlace& place, const std::string& key);

Result<Exit> show_quotas(const AdminPlace& place);
// Without a pool: of all. With an identity: its own.
Result<Exit> show_usage(const AdminPlace& place, const std::string& pool, const std::string& identity);

// Without a pool: of all.
Result<Exit> list_dead_letters(const AdminPlace& place, const std::string& pool);
// `which`: an id, a pool's id, or "all". They print how many.
Result<Exit> replay_dead_letters(const AdminPlace& place, const std::string& which);
Result<Exit> discard_dead_letters(const AdminPlace& place, const std::string& which);

Result<Exit> back_up(const AdminPlace& place, const std::string& file);
Result<Exit> restore(const AdminPlace& place, const std::string& file);

}  // namespace syncline::cli

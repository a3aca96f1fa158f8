#include "cli/admin_commands.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "service/admin_client.h"
#include "service/backup.h"
#include "syncline/sync_api.h"

namespace syncline::cli {

namespace {

using Json = nlohmann::ordered_json;

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

Result<Json> parsed(Result<std::string> answer) {
  if (!answer) return std::move(answer).error();
  Json json = Json::parse(*answer, nullptr, false);
  if (json.is_discarded()) return Error{.code = ErrorCode::kBadAnswer, .message = "the service's answer is no JSON"};
  return json;
}

Result<Json> ask(const AdminPlace& place, service::AdminRequest request) {
  auto client = service::AdminClient::open(place.data);
  if (!client) return std::move(client).error();
  return parsed(client->ask(request));
}

Result<Json> ask_identity(const AdminPlace& place, const std::string& operation, const Json& body) {
  return ask(place, {.words = {"identity", operation}, .body = body.dump()});
}

std::string text_of(const Json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// One object, or for people a line for each of its fields.
void print(const AdminPlace& place, const Json& json) {
  if (place.format == Format::kJson) {
    place.out << json.dump() << '\n';
    return;
  }
  for (const auto& [name, value] : json.items()) {
    place.out << name << '\t' << printable(text_of(json, name.c_str())) << '\n';
  }
}

// A list: one object, or for people a line for each entry, with these of its fields.
void print_list(const AdminPlace& place, const char* name, const Json& entries,
                std::initializer_list<const char*> fields) {
  if (place.format == Format::kJson) {
    place.out << Json{{name, entries}}.dump() << '\n';
    return;
  }
  for (const Json& entry : entries) {
    const char* separator = "";
    for (const char* field : fields) {
      place.out << separator << printable(text_of(entry, field));
      separator = "\t";
    }
    place.out << '\n';
  }
}

Result<Json> logins_of(const std::vector<std::string>& pairs) {
  Json logins = Json::object();
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) return invalid("--login takes PROVIDER=APP-ID, not '" + pair + "'");
    logins[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return logins;
}

Result<void> apply(const PoolChange& change, Json& pool) {
  if (change.name) pool["IdentityPoolName"] = *change.name;
  if (change.guests) pool["AllowUnauthenticatedIdentities"] = *change.guests;
  if (change.developer_provider) pool["DeveloperProviderName"] = *change.developer_provider;
  if (change.openid) pool["OpenIdConnectProviderARNs"] = *change.openid;
  if (!change.logins) return {};
  auto logins = logins_of(*change.logins);
  if (!logins) return std::move(logins).error();
  pool["SupportedLoginProviders"] = std::move(*logins);
  return {};
}

}  // namespace

// --- pools ----------------------------------------------------------------------------------------------------------

Result<Exit> list_pools(const AdminPlace& place) {
  static constexpr int kPage = 60;
  auto client = service::AdminClient::open(place.data);
  if (!client) return std::move(client).error();
  Json pools = Json::array();
  Json request = {{"MaxResults", kPage}};
  while (true) {
    auto page = parsed(client->ask({.words = {"identity", "ListIdentityPools"}, .body = request.dump()}));
    if (!page) return std::move(page).error();
    for (Json& pool : (*page)["IdentityPools"]) pools.push_back(std::move(pool));
    if (!page->contains("NextToken")) break;
    request["NextToken"] = (*page)["NextToken"];
  }
  print_list(place, "IdentityPools", pools, {"IdentityPoolId", "IdentityPoolName"});
  return Exit::kOk;
}

Result<Exit> describe_pool(const AdminPlace& place, const std::string& pool) {
  auto found = ask_identity(place, "DescribeIdentityPool", {{"IdentityPoolId", pool}});
  if (!found) return std::move(found).error();
  print(place, *found);
  return Exit::kOk;
}

Result<Exit> change_pool(const AdminPlace& place, const PoolChange& change) {
  Json pool = {{"AllowUnauthenticatedIdentities", false}};
  if (!change.pool.empty()) {
    auto found = ask_identity(place, "DescribeIdentityPool", {{"IdentityPoolId", change.pool}});
    if (!found) return std::move(found).error();
    pool = std::move(*found);
  }
  if (auto applied = apply(change, pool); !applied) return std::move(applied).error();
  auto changed = ask_identity(place, change.pool.empty() ? "CreateIdentityPool" : "UpdateIdentityPool", pool);
  if (!changed) return std::move(changed).error();
  print(place, *changed);
  return Exit::kOk;
}

Result<Exit> delete_pool(const AdminPlace& place, const std::string& pool) {
  auto deleted = ask_identity(place, "DeleteIdentityPool", {{"IdentityPoolId", pool}});
  if (!deleted) return std::move(deleted).error();
  print(place, *deleted);
  return Exit::kOk;
}

// --- keys -----------------------------------------------------------------------------------------------------------

Result<Exit> list_keys(const AdminPlace& place) {
  auto keys = ask(place, {.words = {"keys-list"}});
  if (!keys) return std::move(keys).error();
  for (Json& key : (*keys)["keys"]) {
    const std::chrono::seconds made(key.value("created_at", std::int64_t{0}));
    key["created_at"] = iso_time(Timestamp(made));
  }
  print_list(place, "keys", (*keys)["keys"], {"access_key_id", "created_at"});
  return Exit::kOk;
}

Result<Exit> rotate_keys(const AdminPlace& place) {
  auto key = ask(place, {.words = {"keys-rotate"}});
  if (!key) return std::move(key).error();
  print(place, *key);
  return Exit::kOk;
}

Result<Exit> revoke_key(const AdminPlace& place, const std::string& key) {
  auto revoked = ask(place, {.words = {"keys-revoke", key}});
  if (!revoked) return std::move(revoked).error();
  print(place, *revoked);
  return Exit::kOk;
}

// --- quotas and usage -----------------------------------------------------------------------------------------------

Result<Exit> show_quotas(const AdminPlace& place) {
  auto client = service::AdminClient::open(place.data);
  if (!client) return std::move(client).error();
  // They are in its config file, which only it knows.
  if (!client->running()) return invalid(place.data + ": no service runs here, and only a running one has quotas");
  auto quotas = parsed(client->ask({.words = {"quotas"}}));
  if (!quotas) return std::move(quotas).error();
  print(place, *quotas);
  return Exit::kOk;
}

namespace {

// The service's API as its developer, and what keeps it there.
struct Api {
  std::optional<service::AdminClient> here;
  SyncApi api;
};

Result<Api> open_api(const AdminPlace& place) {
  std::optional<service::AdminClient> here;
  SyncApiOptions options;
  if (place.elsewhere) {
    options.endpoint = place.elsewhere->endpoint;
    options.region = place.elsewhere->region;
    options.ca_file = place.elsewhere->ca_file;
    options.credentials = static_credentials(place.elsewhere->credentials);
  } else {
    auto client = service::AdminClient::open(place.data);
    if (!client) return std::move(client).error();
    auto about = parsed(client->ask({.words = {"about"}}));
    if (!about) return std::move(about).error();
    options.endpoint = text_of(*about, "endpoint");
    options.region = text_of(*about, "region");
    options.credentials = static_credentials(
        {.access_key_id = text_of(*about, "access_key_id"), .secret_access_key = text_of(*about, "secret_access_key")});
    here.emplace(std::move(*client));
  }
  auto api = SyncApi::open(std::move(options));
  if (!api) return std::move(api).error();
  return Api{.here = std::move(here), .api = std::move(*api)};
}

Json json_of(const api::IdentityPoolUsage& usage) {
  Json json = {{"pool", usage.pool_id}, {"bytes", usage.bytes}, {"sync_sessions", usage.sync_sessions}};
  if (usage.modified_at) json["modified_at"] = iso_time(*usage.modified_at);
  return json;
}

Json json_of(const api::IdentityUsage& usage) {
  Json json = {
      {"pool", usage.pool_id}, {"identity", usage.identity_id}, {"bytes", usage.bytes}, {"datasets", usage.datasets}};
  if (usage.modified_at) json["modified_at"] = iso_time(*usage.modified_at);
  return json;
}

Result<Exit> show_all_usages(const AdminPlace& place, SyncApi& api) {
  Json usages = Json::array();
  api::ListIdentityPoolUsageRequest request;
  do {
    auto page = api.list_identity_pool_usage(request);
    if (!page) return std::move(page).error();
    for (const auto& usage : page->usages) usages.push_back(json_of(usage));
    request.next_token = page->next_token;
  } while (!request.next_token.empty());
  print_list(place, "usages", usages, {"pool", "bytes", "sync_sessions", "modified_at"});
  return Exit::kOk;
}

}  // namespace

Result<Exit> show_usage(const AdminPlace& place, const std::string& pool, const std::string& identity) {
  auto opened = open_api(place);
  if (!opened) return std::move(opened).error();
  if (pool.empty()) return show_all_usages(place, opened->api);
  auto pool_id = IdentityPoolId::parse(pool);
  if (!pool_id) return std::move(pool_id).error();
  if (identity.empty()) {
    auto usage = opened->api.describe_identity_pool_usage({.pool = std::move(*pool_id)});
    if (!usage) return std::move(usage).error();
    print(place, json_of(usage->usage));
    return Exit::kOk;
  }
  auto identity_id = IdentityId::parse(identity);
  if (!identity_id) return std::move(identity_id).error();
  auto usage = opened->api.describe_identity_usage({.pool = std::move(*pool_id), .identity = std::move(*identity_id)});
  if (!usage) return std::move(usage).error();
  print(place, json_of(usage->usage));
  return Exit::kOk;
}

// --- dead letters ---------------------------------------------------------------------------------------------------

Result<Exit> list_dead_letters(const AdminPlace& place, const std::string& pool) {
  auto client = service::AdminClient::open(place.data);
  if (!client) return std::move(client).error();
  Json letters = Json::array();
  std::int64_t last = 0;
  do {
    service::AdminRequest request{.words = {"dead-letters", std::to_string(last)}};
    if (!pool.empty()) request.words.push_back(pool);
    auto page = parsed(client->ask(request));
    if (!page) return std::move(page).error();
    for (Json& letter : (*page)["dead_letters"]) {
      for (const char* date : {"created_at", "died_at"}) {
        letter[date] = iso_time(Timestamp(std::chrono::seconds(letter.value(date, std::int64_t{0}))));
      }
      letters.push_back(std::move(letter));
    }
    last = page->value("last", std::int64_t{0});
  } while (last != 0);
  print_list(place, "dead_letters", letters,
             {"id", "died_at", "kind", "pool", "identity", "dataset", "device", "sync_count", "attempts", "failure"});
  return Exit::kOk;
}

Result<Exit> replay_dead_letters(const AdminPlace& place, const std::string& which) {
  auto replayed = ask(place, {.words = {"dead-letters-replay", which}});
  if (!replayed) return std::move(replayed).error();
  print(place, *replayed);
  return Exit::kOk;
}

Result<Exit> discard_dead_letters(const AdminPlace& place, const std::string& which) {
  auto discarded = ask(place, {.words = {"dead-letters-discard", which}});
  if (!discarded) return std::move(discarded).error();
  print(place, *discarded);
  return Exit::kOk;
}

// --- copies ---------------------------------------------------------------------------------------------------------

Result<Exit> back_up(const AdminPlace& place, const std::string& file) {
  auto made = ask(place, {.words = {"backup", std::filesystem::absolute(file).lexically_normal().string()}});
  if (!made) return std::move(made).error();
  print(place, *made);
  return Exit::kOk;
}

Result<Exit> restore(const AdminPlace& place, const std::string& file) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto restored = service::restore_backup(place.data, file, now);
  if (!restored) return std::move(restored).error();
  Json json = {{"data", place.data}, {"restored_from", file}};
  if (!restored->set_aside.empty()) json["set_aside"] = restored->set_aside;
  print(place, json);
  return Exit::kOk;
}

}  // namespace syncline::cli

#include "cli/admin_command_line.h"

#include <string>
#include <utility>

namespace syncline::cli {

namespace {

constexpr const char* kAdminFooter = R"(
Of the options of syncline --help it takes --data DIR (the service's, default ./syncline-data) and --json. All but
restore work whether the service runs or not, for whoever may use the directory; quotas needs it running. usage also
takes --endpoint, --region, --access-key, --secret-key and --ca-file, for a service elsewhere.)";

// What was read; shared by the commands' callbacks.
struct Words {
  std::string pool;
  std::string identity;
  std::string key;
  std::string file;
  std::string letters;  // which dead letters
  PoolChange change;
  std::vector<std::string> logins;
  std::vector<std::string> openid;
};
using SharedWords = std::shared_ptr<Words>;

// Without a subcommand of its own.
CLI::App* add(CLI::App* parent, const char* name, const char* help, AdminRun& chosen, AdminRun run) {
  auto* command = parent->add_subcommand(name, help);
  command->callback([&chosen, run = std::move(run)] { chosen = run; });
  return command;
}

void add_pool(CLI::App* command, std::string& pool) {
  command->add_option("POOL", pool, "The identity pool's id")->required();
}

void add_pool_options(CLI::App* command, const SharedWords& words) {
  command->add_option("--guests", words->change.guests, "Whether it gives identities to guests: true or false");
  command->add_option("--developer-provider", words->change.developer_provider,
                      "What the developer's own users are called under");
  command->add_option("--login", words->logins, "PROVIDER=APP-ID whose tokens it takes; all of them, one option each");
  command->add_option("--openid", words->openid, "ARN of an OpenID Connect provider; all of them, one option each");
}

AdminRun change(const SharedWords& words) {
  return [words](const AdminPlace& place) {
    if (!words->logins.empty()) words->change.logins = words->logins;
    if (!words->openid.empty()) words->change.openid = words->openid;
    words->change.pool = words->pool;
    return change_pool(place, words->change);
  };
}

void add_pools(CLI::App* admin, const SharedWords& words, AdminRun& chosen) {
  auto* pools = admin->add_subcommand("pools", "Identity pools")->require_subcommand(1);
  add(pools, "list", "Ids and names", chosen, list_pools);
  auto* create = add(pools, "create", "Make one; prints it", chosen, change(words));
  create->add_option("NAME", words->change.name, "Its name")->required();
  add_pool_options(create, words);
  auto* describe = add(pools, "describe", "Show one", chosen,
                       [words](const AdminPlace& place) { return describe_pool(place, words->pool); });
  add_pool(describe, words->pool);
  auto* update = add(pools, "update", "Change what is named; prints it", chosen, change(words));
  add_pool(update, words->pool);
  update->add_option("--name", words->change.name, "Its name");
  add_pool_options(update, words);
  auto* remove = add(pools, "delete", "Delete one with all its identities and their data", chosen,
                     [words](const AdminPlace& place) { return delete_pool(place, words->pool); });
  add_pool(remove, words->pool);
}

void add_keys(CLI::App* admin, const SharedWords& words, AdminRun& chosen) {
  auto* keys = admin->add_subcommand("keys", "Developer keys")->require_subcommand(1);
  add(keys, "list", "Ids and since when, the oldest first", chosen, list_keys);
  add(keys, "rotate", "Make a new one, valid at once; the others stay until they are revoked", chosen, rotate_keys);
  auto* revoke = add(keys, "revoke", "End one at once; never the only one", chosen,
                     [words](const AdminPlace& place) { return revoke_key(place, words->key); });
  revoke->add_option("KEY", words->key, "The access key's id")->required();
}

void add_dead_letters(CLI::App* admin, const SharedWords& words, AdminRun& chosen) {
  static constexpr const char* kWhich = "One's id, a pool's id for its own, or all";
  auto* letters = admin->add_subcommand("dead-letters", "What could not be delivered")->require_subcommand(1);
  auto* list = add(letters, "list", "Show them, the oldest first", chosen,
                   [words](const AdminPlace& place) { return list_dead_letters(place, words->pool); });
  list->add_option("POOL", words->pool, "Of one identity pool (default: of each)");
  auto* replay = add(letters, "replay", "Deliver again, as if they were written now", chosen,
                     [words](const AdminPlace& place) { return replay_dead_letters(place, words->letters); });
  replay->add_option("WHICH", words->letters, kWhich)->required();
  auto* discard = add(letters, "discard", "Forget them", chosen,
                      [words](const AdminPlace& place) { return discard_dead_letters(place, words->letters); });
  discard->add_option("WHICH", words->letters, kWhich)->required();
}

void add_copies(CLI::App* admin, const SharedWords& words, AdminRun& chosen) {
  auto* backup = add(admin, "backup", "Copy the store into a new file while the service goes on; it holds secrets",
                     chosen, [words](const AdminPlace& place) { return back_up(place, words->file); });
  backup->add_option("FILE", words->file, "The file to make")->required();
  auto* restoring = add(admin, "restore", "Put a backup in the store's place; the service must not run", chosen,
                        [words](const AdminPlace& place) { return restore(place, words->file); });
  restoring->add_option("FILE", words->file, "The backup")->required();
}

}  // namespace

void add_admin_command(CLI::App& app, AdminRun& chosen) {
  const auto words = std::make_shared<Words>();
  auto* admin = app.add_subcommand("admin", "Look after a service: pools, keys, usage, backups");
  admin->require_subcommand(1);
  admin->footer(kAdminFooter);
  add_pools(admin, words, chosen);
  add_keys(admin, words, chosen);
  add(admin, "quotas", "Show the running service's quotas", chosen, show_quotas);
  auto* usage = add(admin, "usage", "Show what is stored and how often it was synchronized", chosen,
                    [words](const AdminPlace& place) { return show_usage(place, words->pool, words->identity); });
  usage->add_option("POOL", words->pool, "Of one identity pool (default: of each)");
  usage->add_option("IDENTITY", words->identity, "Of one identity of it");
  add_dead_letters(admin, words, chosen);
  add_copies(admin, words, chosen);
}

}  // namespace syncline::cli

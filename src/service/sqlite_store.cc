// ServiceStore over SQLite: composes the lock, the writer, who shares its commits, and the readers.
#include <mutex>
#include <utility>

#include "service/backup.h"
#include "service/developer_keys.h"
#include "service/group_commit.h"
#include "service/service_store.h"
#include "service/sqlite_changes.h"
#include "service/sqlite_devices.h"
#include "service/sqlite_identities.h"
#include "service/sqlite_outbox.h"
#include "service/sqlite_pools.h"
#include "service/sqlite_reader.h"
#include "service/sqlite_writer.h"
#include "service/store_file.h"

namespace syncline::service {

namespace {

class SqliteStore final : public ServiceStore {
 public:
  SqliteStore(DirectoryLock lock, Connection writer, const StoreOptions& options, Installation installation)
      : lock_(std::move(lock)),
        installation_(std::move(installation)),
        writer_(std::move(writer), options.history, sessions_, SyncCount{installation_.count_floor}, options.outbox) {
    keys_.set(installation_.developer_keys);
  }
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  // If that fails, nobody is left to hear of it; the counts are the only thing that is late.
  ~SqliteStore() override { static_cast<void>(save_sessions(writer_.connection(), sessions_)); }

  Result<void> prepare(const std::string& path, int readers) {
    path_ = path;
    return writer_.prepare().and_then([&] { return load_sessions(writer_.connection(), sessions_); }).and_then([&] {
      return readers_.open(path, readers, SyncCount{installation_.count_floor});
    });
  }

  [[nodiscard]] const Installation& installation() const override { return installation_; }

  Result<DatasetState> dataset(const wire::Target& target) override {
    return readers_.with([&](Reader& reader) { return reader.dataset(target); });
  }

  Result<std::vector<NamedDataset>> datasets(const wire::Target& target, std::string_view after,
                                             std::size_t limit) override {
    return readers_.with([&](Reader& reader) { return reader.datasets(target, after, limit); });
  }

  Result<RecordPage> list_records(const wire::Target& target, const ListRule& rule) override {
    return readers_.with([&](Reader& reader) { return reader.list_records(target, rule); });
  }

  Result<UpdateDecision> update_records(const wire::Target& target, UpdateCall call, const UpdateRule& rule) override {
    auto decision = writes_.run([&](Connection&) { return writer_.update_records(target, std::move(call), rule); });
    writer_.outbox().announce();
    return decision;
  }

  Result<DatasetState> delete_dataset(const wire::Target& target, Timestamp now) override {
    auto deleted = writes_.run([&](Connection&) { return writer_.delete_dataset(target, now); });
    writer_.outbox().announce();
    return deleted;
  }

  Result<Standing> standing(const IdentityPoolId& pool, const IdentityId& identity) override {
    return readers_.with([&](Reader& reader) { return reader.standing(pool, identity); });
  }

  Result<IdentityFigures> identity_usage(const IdentityPoolId& pool, const IdentityId& identity) override {
    return reading([&](Connection& connection) { return read_identity_usage(connection, pool, identity); });
  }

  Result<std::vector<PoolFigures>> pool_usages(std::string_view after, std::size_t limit) override {
    return reading([&](Connection& connection) { return read_pool_usages(connection, sessions_, after, limit); });
  }

  Result<PoolFigures> pool_usage(const IdentityPoolId& pool) override {
    return reading([&](Connection& connection) { return read_pool_usage(connection, sessions_, pool); });
  }

  void count_session(const IdentityPoolId& pool) override { sessions_.count(pool.text()); }

  Result<StoredDocument> document(const IdentityPoolId& pool, PoolDocument document) override {
    return reading([&](Connection& connection) { return read_document(connection, pool, document); });
  }

  Result<void> replace_document(const IdentityPoolId& pool, PoolDocument document, std::string_view body,
                                std::int64_t expected) override {
    return writing([&](Connection& connection) { return write_document(connection, pool, document, body, expected); });
  }

  Result<std::string> register_device(const IdentityPoolId& pool, const IdentityId& identity, const Device& device,
                                      Timestamp now) override {
    return writing([&](Connection& connection) { return write_device(connection, pool, identity, device, now); });
  }

  Result<SubscriptionOutcome> subscribe(const wire::Target& target, std::string_view device) override {
    return writing([&](Connection& connection) { return write_subscription(connection, target, device, true); });
  }

  Result<SubscriptionOutcome> unsubscribe(const wire::Target& target, std::string_view device) override {
    return writing([&](Connection& connection) { return write_subscription(connection, target, device, false); });
  }

  Result<std::vector<Device>> subscribers(const wire::Target& target) override {
    return reading([&](Connection& connection) { return read_subscribers(connection, target); });
  }

  Result<Changes> changes(const wire::Target& target, std::int64_t after) override {
    return reading([&](Connection& connection) { return read_changes(connection, target, after); });
  }

  void on_queued(std::function<void()> listener) override { writer_.outbox().listen(std::move(listener)); }

  Result<std::vector<WaitingMessage>> due_messages(OutboxKind kind, Timestamp now, std::size_t limit,
                                                   const std::set<std::int64_t>& busy) override {
    return reading([&](Connection& connection) { return read_due_messages(connection, kind, now, limit, busy); });
  }

  Result<void> settle(const std::vector<Settlement>& settlements, Timestamp now) override {
    return writing([&](Connection& connection) { return write_settlements(connection, settlements, now); });
  }

  Result<void> tidy_outbox(Timestamp oldest, Timestamp latest) override {
    return writing([&](Connection& connection) { return tidy_messages(connection, oldest, latest); });
  }

  Result<OutboxFigures> outbox_figures() override { return reading(read_outbox_figures); }

  Result<std::vector<DeadLetter>> dead_letters(std::int64_t after, std::size_t limit) override {
    return reading([&](Connection& connection) { return read_dead_letters(connection, after, limit); });
  }

  Result<std::int64_t> replay_dead_letters(const DeadLetterChoice& which, Timestamp now) override {
    return writing([&](Connection& connection) { return revive_dead_letters(connection, which, now); });
  }

  Result<std::int64_t> discard_dead_letters(const DeadLetterChoice& which) override {
    return writing([&](Connection& connection) { return remove_dead_letters(connection, which); });
  }

  Result<std::optional<PushAddress>> push_address(const wire::Target& target, std::string_view device) override {
    return reading([&](Connection& connection) { return read_push_address(connection, target, device); });
  }

  Result<void> set_push_endpoint(std::string_view device, std::string_view application,
                                 std::string_view endpoint) override {
    return writing(
        [&](Connection& connection) { return write_push_endpoint(connection, device, application, endpoint); });
  }

  Result<std::vector<IdentityPoolId>> publishing_pools() override { return reading(read_publishing_pools); }

  Result<BulkProgress> advance_bulk_publish(const IdentityPoolId& pool, Timestamp started_at, std::size_t limit,
                                            Timestamp now) override {
    return writing([&](Connection& connection) { return advance_bulk(connection, pool, started_at, limit, now); });
  }

  Result<void> end_bulk_publish(const IdentityPoolId& pool) override {
    return writing([&](Connection& connection) { return end_bulk(connection, pool); });
  }

  [[nodiscard]] std::optional<std::string> developer_secret(std::string_view access_key_id) const override {
    return keys_.secret(access_key_id);
  }

  [[nodiscard]] std::vector<DeveloperKey> developer_keys() const override { return keys_.all(); }

  Result<DeveloperKey> add_developer_key(Timestamp now) override {
    DeveloperKey key = new_developer_key(now);
    const std::lock_guard lock(changes_of_keys_);
    auto keys = writing([&](Connection& connection) {
      return write_developer_key(connection, key).and_then([&] { return read_developer_keys(connection); });
    });
    if (!keys) return std::move(keys).error();
    keys_.set(std::move(*keys));
    return key;
  }

  Result<void> revoke_developer_key(std::string_view access_key_id) override {
    const std::lock_guard lock(changes_of_keys_);
    auto keys = writing([&](Connection& connection) {
      return remove_developer_key(connection, access_key_id).and_then([&] { return read_developer_keys(connection); });
    });
    if (!keys) return std::move(keys).error();
    keys_.set(std::move(*keys));
    return {};
  }

  Result<StoreFigures> figures() override {
    return reading([&](Connection& connection) { return read_figures(connection, path_); });
  }

  Result<void> back_up(const std::string& file) override { return copy_database(path_, file); }

  Result<void> create_pool(const IdentityPoolId& pool, std::string_view definition, Timestamp now) override {
    return writing([&](Connection& connection) { return write_pool(connection, pool, definition, now); });
  }

  Result<bool> delete_pool(const IdentityPoolId& pool) override {
    auto deleted = writing([&](Connection& connection) { return remove_pool(connection, pool); });
    if (deleted) sessions_.forget(pool.text());
    return deleted;
  }

  Result<std::vector<std::string>> pools(std::string_view after, std::size_t limit) override {
    return reading([&](Connection& connection) { return read_pools(connection, after, limit); });
  }

  Result<std::optional<Identity>> find_identity(const IdentityId& identity) override {
    return reading([&](Connection& connection) { return read_identity(connection, identity); });
  }

  Result<std::vector<Identity>> identities(const IdentityPoolId& pool, std::string_view after, std::size_t limit,
                                           bool hide_disabled) override {
    return reading(
        [&](Connection& connection) { return read_identities(connection, pool, after, limit, hide_disabled); });
  }

  Result<std::optional<Identity>> owner(const IdentityPoolId& pool, const Login& login) override {
    return reading([&](Connection& connection) { return read_owner(connection, pool, login); });
  }

  Result<IdentityId> log_in(const IdentityPoolId& pool, const IdentityId& presented, const std::vector<Login>& logins,
                            const LoginRule& rule, Timestamp now) override {
    return writing([&](Connection& connection) { return write_login(connection, pool, presented, logins, rule, now); });
  }

  Result<void> unlink(const IdentityId& identity, const std::vector<Login>& logins, Timestamp now) override {
    return writing([&](Connection& connection) { return remove_logins(connection, identity, logins, now); });
  }

  Result<bool> delete_identity(const IdentityId& identity, Timestamp now) override {
    return writing([&](Connection& connection) { return remove_identity(connection, identity, now); });
  }

 private:
  template <typename Read>
  auto reading(Read read) -> decltype(read(std::declval<Connection&>())) {
    return readers_.with([&](Reader& reader) { return read(reader.connection()); });
  }

  // One transaction, rolled back after an error.
  template <typename Write>
  auto writing(Write write) -> decltype(write(std::declval<Connection&>())) {
    return writes_.run(std::move(write));
  }

  // Destroyed from the last to the first: the readers go before the writer, whose closing checkpoints, under the lock.
  DirectoryLock lock_;
  Installation installation_;
  std::string path_;
  KeyRing keys_;
  std::mutex changes_of_keys_;  // held from the write to the ring: of two, the later one must have the last word there
  SessionCounts sessions_;
  Writer writer_;
  GroupCommit writes_{writer_.connection()};
  ReaderPool readers_;
};

}  // namespace

Result<std::unique_ptr<ServiceStore>> open_sqlite_store(const StoreOptions& options) {
  if (auto made = make_data_directory(options.data_dir); !made) return std::move(made).error();
  auto lock = DirectoryLock::take(options.data_dir);
  if (!lock) return std::move(lock).error();
  auto path = make_store_file(options.data_dir);
  if (!path) return std::move(path).error();
  auto writer = Connection::open(*path);
  if (!writer) return std::move(writer).error();
  auto installation = open_installation(*writer, options, *path);
  if (!installation) return std::move(installation).error();
  auto store = std::make_unique<SqliteStore>(std::move(*lock), std::move(*writer), options, std::move(*installation));
  if (auto prepared = store->prepare(*path, options.readers); !prepared) return std::move(prepared).error();
  return std::unique_ptr<ServiceStore>(std::move(store));
}

}  // namespace syncline::service

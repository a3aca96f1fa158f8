// The service's store in memory, as plainly as can be: the second implementation of its port, beside SQLite's (S9).
// One lock for everything; what a write that failed has changed is taken back by a copy made before.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "service/service_store.h"

namespace syncline::testing {

class MemoryStore final : public service::ServiceStore {
 public:
  // Made anew each time; data_dir and readers are not looked at.
  explicit MemoryStore(const service::StoreOptions& options);

  [[nodiscard]] const service::Installation& installation() const override { return installation_; }

  Result<service::DatasetState> dataset(const wire::Target& target) override;
  Result<std::vector<service::NamedDataset>> datasets(const wire::Target& target, std::string_view after,
                                                      std::size_t limit) override;
  Result<service::RecordPage> list_records(const wire::Target& target, const service::ListRule& rule) override;
  Result<service::UpdateDecision> update_records(const wire::Target& target, service::UpdateCall call,
                                                 const service::UpdateRule& rule) override;
  Result<service::DatasetState> delete_dataset(const wire::Target& target, Timestamp now) override;

  Result<service::Standing> standing(const IdentityPoolId& pool, const IdentityId& identity) override;
  Result<service::IdentityFigures> identity_usage(const IdentityPoolId& pool, const IdentityId& identity) override;
  Result<std::vector<service::PoolFigures>> pool_usages(std::string_view after, std::size_t limit) override;
  Result<service::PoolFigures> pool_usage(const IdentityPoolId& pool) override;
  void count_session(const IdentityPoolId& pool) override;
  Result<service::StoredDocument> document(const IdentityPoolId& pool, service::PoolDocument document) override;
  Result<void> replace_document(const IdentityPoolId& pool, service::PoolDocument document, std::string_view body,
                                std::int64_t expected) override;

  Result<std::string> register_device(const IdentityPoolId& pool, const IdentityId& identity,
                                      const service::Device& device, Timestamp now) override;
  Result<service::SubscriptionOutcome> subscribe(const wire::Target& target, std::string_view device) override;
  Result<service::SubscriptionOutcome> unsubscribe(const wire::Target& target, std::string_view device) override;
  Result<std::vector<service::Device>> subscribers(const wire::Target& target) override;
  Result<service::Changes> changes(const wire::Target& target, std::int64_t after) override;

  Result<void> create_pool(const IdentityPoolId& pool, std::string_view definition, Timestamp now) override;
  Result<bool> delete_pool(const IdentityPoolId& pool) override;
  Result<std::vector<std::string>> pools(std::string_view after, std::size_t limit) override;
  Result<std::optional<service::Identity>> find_identity(const IdentityId& identity) override;
  Result<std::vector<service::Identity>> identities(const IdentityPoolId& pool, std::string_view after,
                                                    std::size_t limit, bool hide_disabled) override;
  Result<std::optional<service::Identity>> owner(const IdentityPoolId& pool, const service::Login& login) override;
  Result<IdentityId> log_in(const IdentityPoolId& pool, const IdentityId& presented,
                            const std::vector<service::Login>& logins, const service::LoginRule& rule,
                            Timestamp now) override;
  Result<void> unlink(const IdentityId& identity, const std::vector<service::Login>& logins, Timestamp now) override;
  Result<bool> delete_identity(const IdentityId& identity, Timestamp now) override;

  [[nodiscard]] std::optional<std::string> developer_secret(std::string_view access_key_id) const override;
  [[nodiscard]] std::vector<service::DeveloperKey> developer_keys() const override;
  Result<service::DeveloperKey> add_developer_key(Timestamp now) override;
  Result<void> revoke_developer_key(std::string_view access_key_id) override;
  Result<service::StoreFigures> figures() override;
  // Never: it has no files.
  Result<void> back_up(const std::string& file) override;

  // Nothing leaves: as SQLite's when no endpoint is set.
  void on_queued(std::function<void()> /*listener*/) override {}
  Result<std::vector<service::WaitingMessage>> due_messages(service::OutboxKind /*kind*/, Timestamp /*now*/,
                                                            std::size_t /*limit*/,
                                                            const std::set<std::int64_t>& /*busy*/) override {
    return std::vector<service::WaitingMessage>{};
  }
  Result<void> settle(const std::vector<service::Settlement>& /*settlements*/, Timestamp /*now*/) override {
    return {};
  }
  Result<void> tidy_outbox(Timestamp /*oldest*/, Timestamp /*latest*/) override { return {}; }
  Result<service::OutboxFigures> outbox_figures() override { return service::OutboxFigures{}; }
  Result<std::vector<service::DeadLetter>> dead_letters(std::int64_t /*after*/, std::size_t /*limit*/) override {
    return std::vector<service::DeadLetter>{};
  }
  Result<std::int64_t> replay_dead_letters(const service::DeadLetterChoice& /*which*/, Timestamp /*now*/) override {
    return std::int64_t{0};
  }
  Result<std::int64_t> discard_dead_letters(const service::DeadLetterChoice& /*which*/) override {
    return std::int64_t{0};
  }
  Result<std::optional<service::PushAddress>> push_address(const wire::Target& /*target*/,
                                                           std::string_view /*device*/) override {
    return std::optional<service::PushAddress>();
  }
  Result<void> set_push_endpoint(std::string_view /*device*/, std::string_view /*application*/,
                                 std::string_view /*endpoint*/) override {
    return {};
  }
  Result<std::vector<IdentityPoolId>> publishing_pools() override { return std::vector<IdentityPoolId>{}; }
  Result<service::BulkProgress> advance_bulk_publish(const IdentityPoolId& /*pool*/, Timestamp /*started_at*/,
                                                     std::size_t /*limit*/, Timestamp /*now*/) override {
    return service::BulkProgress{.complete = true};
  }
  Result<void> end_bulk_publish(const IdentityPoolId& /*pool*/) override { return {}; }

 private:
  struct OldVersion {
    service::StoredRecord stored;
    SyncCount superseded;
    Timestamp at{};
  };
  struct Dataset {
    service::DatasetState state;
    std::map<std::string, service::StoredRecord> records;  // by key
    std::vector<OldVersion> history;
    std::string twin_of;  // empty: it is no twin
    std::set<std::string> subscribers;
    std::int64_t change = 0;
    std::int64_t change_by_others = 0;
  };
  struct IdentityEntry {
    bool given_out = false;  // by Cognito Identity; else a developer wrote data under the id
    service::Identity identity;
    std::map<std::string, Dataset> datasets;
    std::map<std::string, service::Device> devices;
  };
  struct Pool {
    std::array<service::StoredDocument, 4> documents;
    std::map<std::string, IdentityEntry> identities;
    std::int64_t sessions = 0;
    std::int64_t bytes = 0;
    std::optional<Timestamp> modified_at;
    std::int64_t changes = 0;
  };

  template <typename Write>
  auto writing(Write write) -> decltype(write());
  Pool* find_pool(const IdentityPoolId& pool);
  IdentityEntry* find_entry(const IdentityPoolId& pool, const IdentityId& identity);
  Dataset* find_dataset(const wire::Target& target);
  IdentityEntry* find_given_out(const IdentityId& identity);
  IdentityEntry* find_owner(const IdentityPoolId& pool, const service::Login& login);
  void write_records(const wire::Target& target, const service::UpdateDecision& decision);
  void forget_history(Timestamp now);
  void carry_out(const IdentityPoolId& pool, const service::LoginDecision& decision, Timestamp now);
  static void merge(IdentityEntry& source, IdentityEntry& destination, Timestamp now);
  static void move_dataset(const std::string& name, Dataset dataset, const std::string& source_id,
                           IdentityEntry& destination);
  Result<service::SubscriptionOutcome> change_subscription(const wire::Target& target, std::string_view device,
                                                           bool subscribed);
  service::PoolFigures figures_of(const std::string& name, const Pool& pool) const;

  service::Installation installation_;
  std::chrono::milliseconds history_;
  mutable std::mutex mutex_;
  std::map<std::string, Pool> pools_;
  std::vector<service::DeveloperKey> keys_;
  std::int64_t last_record_ = 0;
  std::size_t last_key_ = 1;
};

}  // namespace syncline::testing

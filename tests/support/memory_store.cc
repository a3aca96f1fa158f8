#include "support/memory_store.h"

#include <algorithm>
#include <utility>

#include "syncline/limits.h"

namespace syncline::testing {

namespace {

using namespace service;  // NOLINT(google-build-using-namespace)

Error no_pool() {
  return Error{.code = ErrorCode::kResourceNotFound, .message = "The identity pool does not exist"};
}

DeveloperKey key_number(std::size_t number, Timestamp now) {
  return {.access_key_id = "SLDKMEMORY" + std::to_string(number),
          .secret_access_key = "secret" + std::to_string(number),
          .created_at = now};
}

// In the order of lists.
bool before(const StoredRecord& left, const StoredRecord& right) {
  return std::pair(left.record.version.count.value, left.id) < std::pair(right.record.version.count.value, right.id);
}

}  // namespace

MemoryStore::MemoryStore(const StoreOptions& options)
    : installation_{.region = options.region,
                    .pool = options.region + ":00000000-0000-4000-8000-000000000000",
                    .token_key = std::string(64, '0'),
                    .developer_keys = {key_number(1, options.now)}},
      history_(options.history),
      keys_(installation_.developer_keys) {
  pools_[installation_.pool];
}

// All or nothing.
template <typename Write>
auto MemoryStore::writing(Write write) -> decltype(write()) {
  const std::lock_guard lock(mutex_);
  auto as_it_was = pools_;
  auto written = write();
  if (!written) pools_ = std::move(as_it_was);
  return written;
}

MemoryStore::Pool* MemoryStore::find_pool(const IdentityPoolId& pool) {
  const auto found = pools_.find(pool.text());
  return found == pools_.end() ? nullptr : &found->second;
}

MemoryStore::IdentityEntry* MemoryStore::find_entry(const IdentityPoolId& pool, const IdentityId& identity) {
  Pool* const in = find_pool(pool);
  if (in == nullptr) return nullptr;
  const auto found = in->identities.find(identity.text());
  return found == in->identities.end() ? nullptr : &found->second;
}

MemoryStore::Dataset* MemoryStore::find_dataset(const wire::Target& target) {
  IdentityEntry* const entry = find_entry(target.pool, target.identity);
  if (entry == nullptr) return nullptr;
  const auto found = entry->datasets.find(target.dataset.text());
  return found == entry->datasets.end() ? nullptr : &found->second;
}

// --- datasets -------------------------------------------------------------------------------------------------------

Result<DatasetState> MemoryStore::dataset(const wire::Target& target) {
  const std::lock_guard lock(mutex_);
  const Dataset* const found = find_dataset(target);
  return found == nullptr ? DatasetState() : found->state;
}

Result<std::vector<NamedDataset>> MemoryStore::datasets(const wire::Target& target, std::string_view after,
                                                        std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<NamedDataset> found;
  const IdentityEntry* const entry = find_entry(target.pool, target.identity);
  if (entry == nullptr) return found;
  for (auto at = entry->datasets.upper_bound(std::string(after)); at != entry->datasets.end(); ++at) {
    if (found.size() == limit) break;
    if (at->second.state.exists) found.push_back({.name = at->first, .state = at->second.state});
  }
  return found;
}

Result<RecordPage> MemoryStore::list_records(const wire::Target& target, const ListRule& rule) {
  const std::lock_guard lock(mutex_);
  const Dataset* const found = find_dataset(target);
  auto range = rule(found == nullptr ? DatasetState() : found->state);
  if (!range) return std::move(range).error();
  RecordPage page;
  if (found == nullptr) return page;
  for (const auto& [name, other] : find_entry(target.pool, target.identity)->datasets) {
    if (other.state.exists && other.twin_of == target.dataset.text()) page.twins.push_back(name);
  }
  if (range->empty) return page;
  std::vector<StoredRecord> all;
  for (const auto& [key, stored] : found->records) all.push_back(stored);
  for (const OldVersion& old : found->history) {
    if (old.superseded > range->snapshot) all.push_back(old.stored);
  }
  StoredRecord after;
  after.id = range->after_id;
  after.record.version.count = range->after_count;
  std::erase_if(all, [&](const StoredRecord& stored) {
    return stored.record.version.count > range->snapshot || !before(after, stored);
  });
  std::sort(all.begin(), all.end(), before);
  page.more = all.size() > range->limit;
  if (page.more) all.resize(range->limit);
  page.records = std::move(all);
  return page;
}

Result<UpdateDecision> MemoryStore::update_records(const wire::Target& target, UpdateCall call,
                                                   const UpdateRule& rule) {
  return writing([&]() -> Result<UpdateDecision> {
    const IdentityEntry* const entry = find_entry(target.pool, target.identity);
    if (call.by_identity && (entry == nullptr || !entry->given_out || !entry->identity.enabled)) {
      return Error{.code = ErrorCode::kNotAuthorized,
                   .message = "The security token included in the request is invalid."};
    }
    const Dataset* const found = find_dataset(target);
    std::vector<CurrentRecord> current(call.patches.size());
    for (std::size_t i = 0; found != nullptr && i < current.size(); ++i) {
      const auto stored = found->records.find(call.patches[i].key);
      if (stored == found->records.end()) continue;
      const Version& version = stored->second.record.version;
      current[i] = {.count = version.count, .present = version.value.has_value(), .bytes = 0};
      if (version.value) current[i].bytes = static_cast<std::int64_t>(stored->first.size() + version.value->size());
    }
    std::int64_t datasets = 0;
    if (entry != nullptr) {
      datasets = std::count_if(entry->datasets.begin(), entry->datasets.end(),
                               [](const auto& named) { return named.second.state.exists; });
    }
    auto decision = rule(found == nullptr ? DatasetState() : found->state, current, datasets, std::move(call));
    if (decision && !decision->written.empty()) write_records(target, *decision);
    return decision;
  });
}

void MemoryStore::write_records(const wire::Target& target, const UpdateDecision& decision) {
  Pool& pool = *find_pool(target.pool);
  IdentityEntry& entry = pool.identities[target.identity.text()];
  if (!entry.given_out) entry.identity.id = target.identity;
  Dataset& dataset = entry.datasets[target.dataset.text()];
  pool.bytes += decision.after.bytes - dataset.state.bytes;
  pool.modified_at = decision.after.modified_at;
  if (dataset.state.modified_by != decision.after.modified_by) dataset.change_by_others = dataset.change;
  dataset.change = ++pool.changes;
  dataset.state = decision.after;
  for (const RemoteRecord& record : decision.written) {
    StoredRecord& stored = dataset.records[record.key];
    if (stored.id != 0) dataset.history.push_back({stored, decision.after.count, decision.after.modified_at});
    if (stored.id == 0) stored.id = ++last_record_;
    stored.record = record;
  }
  forget_history(decision.after.modified_at);
}

void MemoryStore::forget_history(Timestamp now) {
  for (auto& [pool_name, pool] : pools_) {
    for (auto& [id, entry] : pool.identities) {
      for (auto& [name, dataset] : entry.datasets) {
        std::erase_if(dataset.history, [&](const OldVersion& old) { return old.at < now - history_; });
      }
    }
  }
}

Result<DatasetState> MemoryStore::delete_dataset(const wire::Target& target, Timestamp now) {
  return writing([&]() -> Result<DatasetState> {
    Dataset* const found = find_dataset(target);
    if (found == nullptr) return DatasetState();
    DatasetState deleted = found->state;
    if (!deleted.exists) return deleted;
    Pool& pool = *find_pool(target.pool);
    pool.bytes -= deleted.bytes;
    pool.modified_at = now;
    for (const auto& [key, stored] : found->records) found->history.push_back({stored, deleted.count.next(), now});
    found->records.clear();
    found->subscribers.clear();
    found->twin_of.clear();
    found->state.exists = false;
    found->state.records = 0;
    found->state.bytes = 0;
    found->state.modified_at = now;
    forget_history(now);
    return deleted;
  });
}

// --- pools ----------------------------------------------------------------------------------------------------------

Result<Standing> MemoryStore::standing(const IdentityPoolId& pool, const IdentityId& identity) {
  const std::lock_guard lock(mutex_);
  const IdentityEntry* const entry = find_entry(pool, identity);
  return Standing{.pool_exists = find_pool(pool) != nullptr,
                  .identity_enabled = entry != nullptr && entry->given_out && entry->identity.enabled};
}

Result<IdentityFigures> MemoryStore::identity_usage(const IdentityPoolId& pool, const IdentityId& identity) {
  const std::lock_guard lock(mutex_);
  IdentityFigures figures;
  const IdentityEntry* const entry = find_entry(pool, identity);
  if (entry == nullptr) return figures;
  for (const auto& [name, dataset] : entry->datasets) {
    if (dataset.state.exists) ++figures.datasets;
    figures.bytes += dataset.state.bytes;
    figures.modified_at = std::max(figures.modified_at, std::optional(dataset.state.modified_at));
  }
  return figures;
}

PoolFigures MemoryStore::figures_of(const std::string& name, const Pool& pool) const {
  return {.pool = name, .sync_sessions = pool.sessions, .bytes = pool.bytes, .modified_at = pool.modified_at};
}

Result<std::vector<PoolFigures>> MemoryStore::pool_usages(std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<PoolFigures> found;
  for (auto at = pools_.upper_bound(std::string(after)); at != pools_.end() && found.size() < limit; ++at) {
    found.push_back(figures_of(at->first, at->second));
  }
  return found;
}

Result<PoolFigures> MemoryStore::pool_usage(const IdentityPoolId& pool) {
  const std::lock_guard lock(mutex_);
  const Pool* const found = find_pool(pool);
  if (found == nullptr) return no_pool();
  return figures_of(pool.text(), *found);
}

void MemoryStore::count_session(const IdentityPoolId& pool) {
  const std::lock_guard lock(mutex_);
  if (Pool* const found = find_pool(pool)) ++found->sessions;
}

Result<StoredDocument> MemoryStore::document(const IdentityPoolId& pool, PoolDocument document) {
  const std::lock_guard lock(mutex_);
  const Pool* const found = find_pool(pool);
  if (found == nullptr) return no_pool();
  return found->documents[static_cast<std::size_t>(document)];
}

Result<void> MemoryStore::replace_document(const IdentityPoolId& pool, PoolDocument document, std::string_view body,
                                           std::int64_t expected) {
  return writing([&]() -> Result<void> {
    Pool* const found = find_pool(pool);
    if (found == nullptr) return no_pool();
    StoredDocument& stored = found->documents[static_cast<std::size_t>(document)];
    if (stored.revision != expected) {
      return Error{.code = ErrorCode::kConcurrentModification, .message = "The identity pool was changed"};
    }
    stored = {.body = std::string(body), .revision = expected + 1};
    return {};
  });
}

// --- devices and changes --------------------------------------------------------------------------------------------

Result<std::string> MemoryStore::register_device(const IdentityPoolId& pool, const IdentityId& identity,
                                                 const Device& device, Timestamp /*now*/) {
  return writing([&]() -> Result<std::string> {
    IdentityEntry* const entry = find_entry(pool, identity);
    if (entry == nullptr) {
      return Error{.code = ErrorCode::kResourceNotFound, .message = "The identity does not exist"};
    }
    for (const auto& [id, known] : entry->devices) {
      if (known.platform == device.platform && known.token == device.token) return id;
    }
    entry->devices[device.id] = device;
    return device.id;
  });
}

Result<SubscriptionOutcome> MemoryStore::change_subscription(const wire::Target& target, std::string_view device,
                                                             bool subscribed) {
  return writing([&]() -> Result<SubscriptionOutcome> {
    Dataset* const found = find_dataset(target);
    if (found == nullptr || !found->state.exists) return SubscriptionOutcome::kNoDataset;
    const auto& devices = find_entry(target.pool, target.identity)->devices;
    if (!devices.contains(std::string(device))) return SubscriptionOutcome::kNoDevice;
    if (subscribed) {
      found->subscribers.emplace(device);
    } else {
      found->subscribers.erase(std::string(device));
    }
    return SubscriptionOutcome::kDone;
  });
}

Result<SubscriptionOutcome> MemoryStore::subscribe(const wire::Target& target, std::string_view device) {
  return change_subscription(target, device, true);
}

Result<SubscriptionOutcome> MemoryStore::unsubscribe(const wire::Target& target, std::string_view device) {
  return change_subscription(target, device, false);
}

Result<std::vector<Device>> MemoryStore::subscribers(const wire::Target& target) {
  const std::lock_guard lock(mutex_);
  std::vector<Device> devices;
  const Dataset* const found = find_dataset(target);
  if (found == nullptr) return devices;
  const auto& known = find_entry(target.pool, target.identity)->devices;
  for (const std::string& id : found->subscribers) {
    if (const auto device = known.find(id); device != known.end()) devices.push_back(device->second);
  }
  return devices;
}

Result<Changes> MemoryStore::changes(const wire::Target& target, std::int64_t after) {
  const std::lock_guard lock(mutex_);
  Changes changes;
  if (const Pool* const pool = find_pool(target.pool)) changes.last = pool->changes;
  const IdentityEntry* const entry = find_entry(target.pool, target.identity);
  if (entry == nullptr) return changes;
  for (const auto& [name, dataset] : entry->datasets) {
    if (!dataset.state.exists || dataset.change <= after) continue;
    changes.datasets.push_back({.dataset = name,
                                .count = dataset.state.count,
                                .number = dataset.change,
                                .writer = dataset.state.modified_by,
                                .by_others = dataset.change_by_others});
  }
  std::sort(changes.datasets.begin(), changes.datasets.end(),
            [](const DatasetChange& left, const DatasetChange& right) { return left.number < right.number; });
  return changes;
}

// --- for the operator -----------------------------------------------------------------------------------------------

std::optional<std::string> MemoryStore::developer_secret(std::string_view access_key_id) const {
  const std::lock_guard lock(mutex_);
  for (const DeveloperKey& key : keys_) {
    if (key.access_key_id == access_key_id) return key.secret_access_key;
  }
  return std::nullopt;
}

std::vector<DeveloperKey> MemoryStore::developer_keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

Result<DeveloperKey> MemoryStore::add_developer_key(Timestamp now) {
  const std::lock_guard lock(mutex_);
  return keys_.emplace_back(key_number(++last_key_, now));
}

Result<void> MemoryStore::revoke_developer_key(std::string_view access_key_id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const DeveloperKey& key) { return key.access_key_id == access_key_id; });
  if (found == keys_.end()) return Error{.code = ErrorCode::kNotFound, .message = "there is no such developer key"};
  if (keys_.size() == 1) return Error{.code = ErrorCode::kInvalidArgument, .message = "it is the only developer key"};
  keys_.erase(found);
  return {};
}

Result<StoreFigures> MemoryStore::figures() {
  const std::lock_guard lock(mutex_);
  StoreFigures figures{.pools = static_cast<std::int64_t>(pools_.size())};
  for (const auto& [name, pool] : pools_) figures.data_bytes += pool.bytes;
  return figures;
}

Result<void> MemoryStore::back_up(const std::string& file) {
  return Error{.code = ErrorCode::kStorage, .message = file + ": a store in memory has nothing to copy"};
}

// --- Cognito Identity -----------------------------------------------------------------------------------------------

Result<void> MemoryStore::create_pool(const IdentityPoolId& pool, std::string_view definition, Timestamp /*now*/) {
  return writing([&]() -> Result<void> {
    if (find_pool(pool) != nullptr) return Error{.code = ErrorCode::kStorage, .message = "the pool exists"};
    pools_[pool.text()].documents[static_cast<std::size_t>(PoolDocument::kDefinition)] = {
        .body = std::string(definition), .revision = 1};
    return {};
  });
}

Result<bool> MemoryStore::delete_pool(const IdentityPoolId& pool) {
  const std::lock_guard lock(mutex_);
  return pools_.erase(pool.text()) != 0;
}

Result<std::vector<std::string>> MemoryStore::pools(std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto at = pools_.upper_bound(std::string(after)); at != pools_.end() && names.size() < limit; ++at) {
    names.push_back(at->first);
  }
  return names;
}

MemoryStore::IdentityEntry* MemoryStore::find_given_out(const IdentityId& identity) {
  for (auto& [name, pool] : pools_) {
    const auto found = pool.identities.find(identity.text());
    if (found != pool.identities.end() && found->second.given_out) return &found->second;
  }
  return nullptr;
}

MemoryStore::IdentityEntry* MemoryStore::find_owner(const IdentityPoolId& pool, const Login& login) {
  Pool* const in = find_pool(pool);
  if (in == nullptr) return nullptr;
  for (auto& [id, entry] : in->identities) {
    if (!entry.given_out) continue;
    const auto& logins = entry.identity.logins;
    const bool owns = login.provider == kOwnProvider ? id == login.user
                                                     : std::find(logins.begin(), logins.end(), login) != logins.end();
    if (owns) return &entry;
  }
  return nullptr;
}

Result<std::optional<Identity>> MemoryStore::find_identity(const IdentityId& identity) {
  const std::lock_guard lock(mutex_);
  const IdentityEntry* const entry = find_given_out(identity);
  return entry == nullptr ? std::nullopt : std::optional(entry->identity);
}

Result<std::vector<Identity>> MemoryStore::identities(const IdentityPoolId& pool, std::string_view after,
                                                      std::size_t limit, bool hide_disabled) {
  const std::lock_guard lock(mutex_);
  std::vector<Identity> found;
  const Pool* const in = find_pool(pool);
  if (in == nullptr) return found;
  for (auto at = in->identities.upper_bound(std::string(after)); at != in->identities.end(); ++at) {
    if (found.size() == limit) break;
    const IdentityEntry& entry = at->second;
    if (entry.given_out && (entry.identity.enabled || !hide_disabled)) found.push_back(entry.identity);
  }
  return found;
}

Result<std::optional<Identity>> MemoryStore::owner(const IdentityPoolId& pool, const Login& login) {
  const std::lock_guard lock(mutex_);
  const IdentityEntry* const entry = find_owner(pool, login);
  return entry == nullptr ? std::nullopt : std::optional(entry->identity);
}

Result<IdentityId> MemoryStore::log_in(const IdentityPoolId& pool, const IdentityId& presented,
                                       const std::vector<Login>& logins, const LoginRule& rule, Timestamp now) {
  return writing([&]() -> Result<IdentityId> {
    LoginFacts facts;
    const IdentityEntry* const named = presented.empty() ? nullptr : find_given_out(presented);
    if (named != nullptr && named->identity.pool == pool) facts.presented = named->identity;
    for (const Login& login : logins) {
      const IdentityEntry* const entry = find_owner(pool, login);
      facts.owners.push_back(entry == nullptr ? std::nullopt : std::optional(entry->identity));
    }
    auto decision = rule(facts);
    if (!decision) return std::move(decision).error();
    if (find_pool(pool) == nullptr) return no_pool();
    carry_out(pool, *decision, now);
    return std::move(decision->identity);
  });
}

void MemoryStore::carry_out(const IdentityPoolId& pool, const LoginDecision& decision, Timestamp now) {
  auto& identities = find_pool(pool)->identities;
  IdentityEntry& entry = identities[decision.identity.text()];
  if (decision.made) {
    entry.given_out = true;
    entry.identity = {.pool = pool, .id = decision.identity, .created_at = now, .modified_at = now, .logins = {}};
  }
  if (decision.merged.empty() && decision.linked.empty()) return;
  for (const IdentityId& source : decision.merged) {
    if (const auto found = identities.find(source.text()); found != identities.end()) merge(found->second, entry, now);
  }
  for (const Login& login : decision.linked) entry.identity.logins.push_back(login);
  std::sort(entry.identity.logins.begin(), entry.identity.logins.end());
  entry.identity.modified_at = now;
}

void MemoryStore::merge(IdentityEntry& source, IdentityEntry& destination, Timestamp now) {
  for (Login& login : source.identity.logins) destination.identity.logins.push_back(std::move(login));
  source.identity.logins.clear();
  source.devices.clear();
  for (auto at = source.datasets.begin(); at != source.datasets.end();) {
    at->second.subscribers.clear();
    if (!at->second.state.exists) {
      ++at;
      continue;
    }
    move_dataset(at->first, std::move(at->second), source.identity.id.text(), destination);
    at = source.datasets.erase(at);
  }
  source.identity.enabled = false;
  source.identity.modified_at = now;
}

void MemoryStore::move_dataset(const std::string& name, Dataset dataset, const std::string& source_id,
                               IdentityEntry& destination) {
  const auto place = destination.datasets.find(name);
  if (place == destination.datasets.end()) {
    destination.datasets.emplace(name, std::move(dataset));
    return;
  }
  if (place->second.state.exists) {
    for (int attempt = 0;; ++attempt) {
      const std::string tail = (attempt == 0 ? "" : "_" + std::to_string(attempt)) + "." + source_id;
      const std::string twin = name.substr(0, kMaxDatasetNameCharacters - tail.size()) + tail;
      if (destination.datasets.contains(twin)) continue;
      dataset.twin_of = name;
      destination.datasets.emplace(twin, std::move(dataset));
      return;
    }
  }
  // In the place of a deleted one, whose counts it goes on from and whose history stays.
  const std::int64_t gone = place->second.state.count.value;
  dataset.state.count.value += gone;
  dataset.state.first_count.value += gone;
  for (auto& [key, stored] : dataset.records) stored.record.version.count.value += gone;
  dataset.history = std::move(place->second.history);
  place->second = std::move(dataset);
}

Result<void> MemoryStore::unlink(const IdentityId& identity, const std::vector<Login>& logins, Timestamp now) {
  return writing([&]() -> Result<void> {
    IdentityEntry* const entry = find_given_out(identity);
    if (entry == nullptr) return {};
    Identity& found = entry->identity;
    const bool had_logins = !found.logins.empty();
    for (const Login& login : logins) std::erase(found.logins, login);
    found.modified_at = now;
    if (had_logins && found.logins.empty()) found.enabled = false;
    return {};
  });
}

Result<bool> MemoryStore::delete_identity(const IdentityId& identity, Timestamp now) {
  return writing([&]() -> Result<bool> {
    for (auto& [name, pool] : pools_) {
      const auto found = pool.identities.find(identity.text());
      if (found == pool.identities.end() || !found->second.given_out) continue;
      for (const auto& [dataset_name, dataset] : found->second.datasets) pool.bytes -= dataset.state.bytes;
      pool.modified_at = now;
      pool.identities.erase(found);
      return true;
    }
    return false;
  });
}

}  // namespace syncline::testing

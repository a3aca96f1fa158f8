// What every store of the service promises (service_store.h, identity_store.h), and that all of them give the same
// answers to the same history (S9). Another implementation is one more entry in kStores.
#include <gtest/gtest.h>

#include "service/identity_rules.h"
#include "service/rules.h"
#include "service/service_store.h"
#include "support/memory_store.h"
#include "support/temp_dir.h"

namespace syncline::service {
namespace {

using std::chrono::milliseconds;

using Open = std::unique_ptr<ServiceStore> (*)(const StoreOptions& options);

std::unique_ptr<ServiceStore> open_sqlite(const StoreOptions& options) {
  auto store = open_sqlite_store(options);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

std::unique_ptr<ServiceStore> open_memory(const StoreOptions& options) {
  return std::make_unique<testing::MemoryStore>(options);
}

struct Implementation {
  const char* name;
  Open open;
};
constexpr Implementation kStores[] = {{"Sqlite", open_sqlite}, {"Memory", open_memory}};

constexpr milliseconds kHistory{1000};

Timestamp at(std::int64_t time) {
  return Timestamp(milliseconds(1'700'000'000'000 + time));
}

// A store, and its calls in short.
class Rig {
 public:
  explicit Rig(Open open)
      : store(open({.data_dir = dir_.file("data"), .region = "us-east-1", .history = kHistory, .now = at(0)})),
        pool(IdentityPoolId::parse(store->installation().pool).value()) {}

  [[nodiscard]] wire::Target target(std::string_view dataset, int identity = 1) const {
    wire::Target target{.pool = pool, .identity = id(identity)};
    if (!dataset.empty()) target.dataset = DatasetName::parse(dataset).value();
    return target;
  }
  static IdentityId id(int number) {
    return IdentityId::parse("us-east-1:00000000-0000-4000-8000-00000000000" + std::to_string(number)).value();
  }

  Result<UpdateDecision> update(const wire::Target& to, std::vector<Patch> patches, std::int64_t time = 0,
                                std::string writer = "phone", bool by_identity = false) {
    UpdateCall call{.patches = std::move(patches), .writer = std::move(writer), .by_identity = by_identity};
    call.now = at(time);
    return store->update_records(
        to, std::move(call),
        [](const DatasetState& state, const std::vector<CurrentRecord>& current, std::int64_t datasets,
           UpdateCall asked) { return decide_update(state, current, datasets, std::move(asked), Quotas()); });
  }

  // All behind (after, id) of the snapshot; 0: the present.
  Result<RecordPage> list(const wire::Target& of, std::int64_t after = 0, std::int64_t snapshot = 0,
                          std::size_t limit = 100, std::int64_t id = std::numeric_limits<std::int64_t>::max()) {
    return store->list_records(of, [=](const DatasetState& state) -> Result<RecordRange> {
      return RecordRange{.empty = false,
                         .snapshot = snapshot == 0 ? state.count : SyncCount{snapshot},
                         .after_count = SyncCount{after},
                         .after_id = id,
                         .limit = limit};
    });
  }

  Result<IdentityId> log_in(int presented, const std::vector<Login>& logins, int fresh, std::int64_t time = 0) {
    const LoginCall call{.presented = presented == 0 ? IdentityId() : id(presented),
                         .logins = logins,
                         .guests_allowed = true,
                         .fresh = id(fresh)};
    return store->log_in(
        pool, call.presented, logins, [&](const LoginFacts& facts) { return decide_login(facts, call); }, at(time));
  }

 private:
  testing::TempDir dir_;

 public:
  std::unique_ptr<ServiceStore> store;
  IdentityPoolId pool;
};

Patch put(std::string key, std::string value, std::int64_t expected = 0) {
  return {.key = std::move(key), .value = std::move(value), .expected = SyncCount{expected}, .device_modified_at = {}};
}
Patch removal(std::string key, std::int64_t expected) {
  return {.key = std::move(key), .value = {}, .expected = SyncCount{expected}, .device_modified_at = {}};
}

// "a=1@1 b=-@2 more [twin]"
std::string text_of(const Result<RecordPage>& page) {
  if (!page) return page.error().message;
  std::string text;
  for (const StoredRecord& stored : page->records) {
    text += stored.record.key + "=" + stored.record.version.value.value_or("-") + "@" +
            std::to_string(stored.record.version.count.value) + " ";
  }
  if (page->more) text += "more ";
  for (const std::string& twin : page->twins) text += "[" + twin + "] ";
  if (!text.empty()) text.pop_back();
  return text;
}

std::string text_of(const DatasetState& state) {
  return std::string(state.exists ? "exists" : "gone") + " count " + std::to_string(state.count.value) + " first " +
         std::to_string(state.first_count.value) + " records " + std::to_string(state.records) + " bytes " +
         std::to_string(state.bytes) + " by " + state.modified_by;
}

class StoreContract : public ::testing::TestWithParam<Implementation> {
 protected:
  Rig rig{GetParam().open};
  ServiceStore& store = *rig.store;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(kStores),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

TEST_P(StoreContract, WhatNobodyWroteIsEmpty) {
  EXPECT_EQ(store.dataset(rig.target("save")).value(), DatasetState());
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "");
  EXPECT_TRUE(store.datasets(rig.target(""), "", 10)->empty());
  EXPECT_FALSE(store.delete_dataset(rig.target("save"), at(1))->exists);
  EXPECT_EQ(store.identity_usage(rig.pool, Rig::id(1))->datasets, 0);
  EXPECT_FALSE(store.identity_usage(rig.pool, Rig::id(1))->modified_at);
  EXPECT_EQ(store.changes(rig.target(""), 0)->last, 0);
  EXPECT_TRUE(store.standing(rig.pool, Rig::id(1))->pool_exists);
  EXPECT_FALSE(store.standing(rig.pool, Rig::id(1))->identity_enabled);
}

TEST_P(StoreContract, WhatWasWrittenIsFound) {
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "1"), put("b", "22")}, 5));
  ASSERT_TRUE(rig.update(rig.target("save"), {removal("a", 1), put("c", "")}, 6, "laptop"));
  EXPECT_EQ(text_of(store.dataset(rig.target("save")).value()), "exists count 2 first 1 records 2 bytes 4 by laptop");
  EXPECT_EQ(store.dataset(rig.target("save"))->created_at, at(5));
  EXPECT_EQ(store.dataset(rig.target("save"))->modified_at, at(6));
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "b=22@1 a=-@2 c=@2");
  const RemoteRecord record = rig.list(rig.target("save"))->records[0].record;
  EXPECT_EQ(record.version.modified_by, "phone");
  EXPECT_EQ(record.version.modified_at, at(5));
}

TEST_P(StoreContract, ARefusedUpdateLeavesNothingS2) {
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "1")}));
  const auto refused = rig.update(rig.target("save"), {put("b", "1"), put("a", "2", 7)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Current SyncCount for: a is: 1 not: 7");
  EXPECT_FALSE(rig.update(rig.target("other"), {put("a", "1", 7)}));
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "a=1@1");
  EXPECT_EQ(store.datasets(rig.target(""), "", 10)->size(), 1U);
  EXPECT_EQ(store.pool_usage(rig.pool)->bytes, 2);
}

TEST_P(StoreContract, TheRuleIsToldWhatThereIs) {
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "123"), put("b", "1")}));
  ASSERT_TRUE(rig.update(rig.target("save"), {removal("b", 1)}));
  ASSERT_TRUE(rig.update(rig.target("other"), {put("a", "1")}));
  UpdateCall call{.patches = {put("b", "x"), put("new", "x"), put("a", "x")}, .writer = "phone"};
  const auto decision = store.update_records(rig.target("save"), call,
                                             [](const DatasetState& state, const std::vector<CurrentRecord>& current,
                                                std::int64_t datasets, const UpdateCall&) -> Result<UpdateDecision> {
                                               EXPECT_EQ(state.count, SyncCount{2});
                                               EXPECT_EQ(datasets, 2);
                                               EXPECT_EQ(current.size(), 3U);
                                               EXPECT_EQ(current[0].count, SyncCount{2});
                                               EXPECT_FALSE(current[0].present);
                                               EXPECT_EQ(current[1].count, SyncCount{});
                                               EXPECT_TRUE(current[2].present);
                                               EXPECT_EQ(current[2].bytes, 4);
                                               return UpdateDecision{.after = state, .written = {}};
                                             });
  EXPECT_TRUE(decision);
  EXPECT_EQ(store.dataset(rig.target("save"))->count, SyncCount{2});
}

TEST_P(StoreContract, ListsArePagedInOrderOfCounts) {
  for (const char* key : {"d", "c", "b", "a"}) ASSERT_TRUE(rig.update(rig.target("save"), {put(key, key)}));
  ASSERT_TRUE(rig.update(rig.target("save"), {put("c", "new", 2)}));
  EXPECT_EQ(text_of(rig.list(rig.target("save"), 1)), "b=b@3 a=a@4 c=new@5");
  const auto first = rig.list(rig.target("save"), 0, 0, 2);
  EXPECT_EQ(text_of(first), "d=d@1 b=b@3 more");
  EXPECT_EQ(text_of(rig.list(rig.target("save"), 3, 0, 2, first->records[1].id)), "a=a@4 c=new@5");
}

TEST_P(StoreContract, PagesOfASnapshotStayS3) {
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "1"), put("b", "1"), put("c", "1")}));
  const auto page = rig.list(rig.target("save"), 0, 1, 1);
  ASSERT_EQ(text_of(page), "a=1@1 more");
  const std::int64_t id = page->records[0].id;
  const auto rest = [&] { return text_of(rig.list(rig.target("save"), 1, 1, 100, id)); };
  ASSERT_TRUE(rig.update(rig.target("save"), {put("b", "2", 1), put("d", "2")}, 10));
  EXPECT_EQ(rest(), "b=1@1 c=1@1");
  ASSERT_TRUE(rig.update(rig.target("save"), {put("b", "3", 2)}, 20));
  EXPECT_EQ(rest(), "b=1@1 c=1@1");
  ASSERT_TRUE(store.delete_dataset(rig.target("save"), at(30)));
  EXPECT_EQ(rest(), "b=1@1 c=1@1");
  ASSERT_TRUE(rig.update(rig.target("save"), {put("b", "4")}, 40));
  EXPECT_EQ(rest(), "b=1@1 c=1@1");
  // Later than the history is kept.
  ASSERT_TRUE(rig.update(rig.target("save"), {put("e", "5")}, 40 + kHistory.count() + 1));
  EXPECT_EQ(rest(), "");
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "b=4@4 e=5@5");
}

TEST_P(StoreContract, ADeletedDatasetKeepsItsCounts) {
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "1")}));
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "2", 1)}));
  EXPECT_EQ(text_of(store.delete_dataset(rig.target("save"), at(9)).value()),
            "exists count 2 first 1 records 1 bytes 2 by phone");
  EXPECT_EQ(text_of(store.dataset(rig.target("save")).value()), "gone count 2 first 1 records 0 bytes 0 by phone");
  EXPECT_TRUE(store.datasets(rig.target(""), "", 10)->empty());
  EXPECT_FALSE(store.delete_dataset(rig.target("save"), at(9))->exists);
  EXPECT_EQ(store.pool_usage(rig.pool)->bytes, 0);
  ASSERT_TRUE(rig.update(rig.target("save"), {put("a", "3")}));
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "a=3@3");
}

TEST_P(StoreContract, DatasetsAreListedByName) {
  for (const char* name : {"b", "B", "a.b", "a"}) ASSERT_TRUE(rig.update(rig.target(name), {put("k", "v")}));
  ASSERT_TRUE(rig.update(rig.target("other", 2), {put("k", "v")}));
  const auto names = [&](std::string_view after, std::size_t limit) {
    std::string text;
    const auto found = store.datasets(rig.target(""), after, limit);
    for (const NamedDataset& dataset : *found) text += dataset.name + " ";
    return text;
  };
  EXPECT_EQ(names("", 10), "B a a.b b ");
  EXPECT_EQ(names("a", 1), "a.b ");
  EXPECT_EQ(names("b", 10), "");
}

TEST_P(StoreContract, UsageIsExact) {
  ASSERT_TRUE(rig.update(rig.target("a"), {put("k", "1234")}, 1));
  ASSERT_TRUE(rig.update(rig.target("b"), {put("k", "1")}, 2));
  ASSERT_TRUE(rig.update(rig.target("a", 2), {put("k", "")}, 3));
  ASSERT_TRUE(store.delete_dataset(rig.target("b"), at(4)));
  store.count_session(rig.pool);
  store.count_session(rig.pool);
  const IdentityFigures one = store.identity_usage(rig.pool, Rig::id(1)).value();
  EXPECT_EQ(one.datasets, 1);
  EXPECT_EQ(one.bytes, 5);
  EXPECT_EQ(one.modified_at, at(4));
  const PoolFigures all = store.pool_usage(rig.pool).value();
  EXPECT_EQ(all.bytes, 6);
  EXPECT_EQ(all.sync_sessions, 2);
  EXPECT_EQ(all.modified_at, at(4));
  EXPECT_EQ(store.pool_usages("", 10)->size(), 1U);
  EXPECT_TRUE(store.pool_usages(rig.pool.text(), 10)->empty());
}

TEST_P(StoreContract, DocumentsAreReplacedOnlyByWhoKnowsThem) {
  EXPECT_EQ(store.document(rig.pool, PoolDocument::kEvents)->revision, 0);
  ASSERT_TRUE(store.replace_document(rig.pool, PoolDocument::kEvents, "one", 0));
  const auto late = store.replace_document(rig.pool, PoolDocument::kEvents, "late", 0);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConcurrentModification);
  const std::int64_t revision = store.document(rig.pool, PoolDocument::kEvents)->revision;
  ASSERT_TRUE(store.replace_document(rig.pool, PoolDocument::kEvents, "two", revision));
  EXPECT_EQ(store.document(rig.pool, PoolDocument::kEvents)->body, "two");
  EXPECT_EQ(store.document(rig.pool, PoolDocument::kConfiguration)->body, "");
  const auto nowhere = IdentityPoolId::parse("us-east-1:0").value();
  EXPECT_EQ(store.document(nowhere, PoolDocument::kEvents).error().code, ErrorCode::kResourceNotFound);
  EXPECT_EQ(store.replace_document(nowhere, PoolDocument::kEvents, "", 0).error().code, ErrorCode::kResourceNotFound);
}

TEST_P(StoreContract, DevicesSubscribeToDatasets) {
  const Device phone{.id = "d1", .platform = "GCM", .token = "t1"};
  EXPECT_EQ(store.register_device(rig.pool, Rig::id(1), phone, at(1)).error().code, ErrorCode::kResourceNotFound);
  ASSERT_TRUE(rig.update(rig.target("save"), {put("k", "v")}));
  EXPECT_EQ(store.register_device(rig.pool, Rig::id(1), phone, at(1)).value(), "d1");
  EXPECT_EQ(store.register_device(rig.pool, Rig::id(1), {"d2", "GCM", "t1"}, at(2)).value(), "d1");
  EXPECT_EQ(store.register_device(rig.pool, Rig::id(1), {"d3", "ADM", "t1"}, at(2)).value(), "d3");
  EXPECT_EQ(store.subscribe(rig.target("none"), "d1").value(), SubscriptionOutcome::kNoDataset);
  EXPECT_EQ(store.subscribe(rig.target("save"), "d2").value(), SubscriptionOutcome::kNoDevice);
  for (const char* device : {"d3", "d1", "d1"}) {
    EXPECT_EQ(store.subscribe(rig.target("save"), device).value(), SubscriptionOutcome::kDone);
  }
  ASSERT_EQ(store.subscribers(rig.target("save"))->size(), 2U);
  EXPECT_EQ(store.subscribers(rig.target("save"))->front().token, "t1");
  EXPECT_EQ(store.unsubscribe(rig.target("save"), "d3").value(), SubscriptionOutcome::kDone);
  EXPECT_EQ(store.unsubscribe(rig.target("save"), "d3").value(), SubscriptionOutcome::kDone);
  EXPECT_EQ(store.subscribers(rig.target("save"))->size(), 1U);
  ASSERT_TRUE(store.delete_dataset(rig.target("save"), at(3)));
  EXPECT_TRUE(store.subscribers(rig.target("save"))->empty());
}

TEST_P(StoreContract, ChangesAreNumberedInTheirOrder) {
  ASSERT_TRUE(rig.update(rig.target("a"), {put("1", "")}, 1, "phone"));
  ASSERT_TRUE(rig.update(rig.target("other", 2), {put("1", "")}, 1, "phone"));
  ASSERT_TRUE(rig.update(rig.target("b"), {put("1", "")}, 1, "phone"));
  ASSERT_TRUE(rig.update(rig.target("a"), {put("2", "")}, 1, "laptop"));
  ASSERT_TRUE(rig.update(rig.target("a"), {put("3", "")}, 1, "laptop"));
  const Changes all = store.changes(rig.target(""), 0).value();
  EXPECT_EQ(all.last, 5);
  ASSERT_EQ(all.datasets.size(), 2U);
  EXPECT_EQ(all.datasets[0].dataset, "b");
  EXPECT_EQ(all.datasets[0].number, 3);
  EXPECT_EQ(all.datasets[0].by_others, 0);
  EXPECT_EQ(all.datasets[1].dataset, "a");
  EXPECT_EQ(all.datasets[1].count, SyncCount{3});
  EXPECT_EQ(all.datasets[1].writer, "laptop");
  EXPECT_EQ(all.datasets[1].by_others, 1);
  EXPECT_EQ(store.changes(rig.target(""), 3)->datasets.size(), 1U);
  EXPECT_TRUE(store.changes(rig.target(""), 5)->datasets.empty());
}

// --- Cognito Identity -----------------------------------------------------------------------------------------------

TEST_P(StoreContract, PoolsAreMadeListedAndDeleted) {
  const auto pool = IdentityPoolId::parse("us-east-1:ffffffff-0000-4000-8000-000000000000").value();
  ASSERT_TRUE(store.create_pool(pool, "{}", at(1)));
  EXPECT_EQ(store.document(pool, PoolDocument::kDefinition)->body, "{}");
  EXPECT_EQ(store.pools("", 10)->size(), 2U);
  EXPECT_EQ(store.pools("", 1)->size(), 1U);
  EXPECT_TRUE(store.pools(pool.text(), 10)->empty());
  wire::Target target = rig.target("save");
  target.pool = pool;
  ASSERT_TRUE(rig.update(target, {put("k", "v")}));
  EXPECT_TRUE(store.delete_pool(pool).value());
  EXPECT_FALSE(store.delete_pool(pool).value());
  EXPECT_FALSE(store.standing(pool, {})->pool_exists);
  EXPECT_FALSE(store.dataset(target)->exists);
}

TEST_P(StoreContract, LoginsLeadToTheirIdentity) {
  const Login login{.provider = "google", .user = "u1"};
  EXPECT_EQ(rig.log_in(0, {}, 1, 5).value(), Rig::id(1));
  EXPECT_TRUE(store.standing(rig.pool, Rig::id(1))->identity_enabled);
  EXPECT_EQ(rig.log_in(1, {login}, 9, 6).value(), Rig::id(1));
  EXPECT_EQ(rig.log_in(0, {login}, 9, 7).value(), Rig::id(1));
  const Identity identity = store.find_identity(Rig::id(1)).value().value();
  EXPECT_EQ(identity.logins, std::vector{login});
  EXPECT_EQ(identity.created_at, at(5));
  EXPECT_EQ(identity.modified_at, at(6));
  EXPECT_EQ(store.owner(rig.pool, login)->value().id, Rig::id(1));
  EXPECT_FALSE(store.owner(rig.pool, {"google", "u2"})->has_value());
  EXPECT_EQ(store.owner(rig.pool, {std::string(kOwnProvider), Rig::id(1).text()})->value().id, Rig::id(1));
  ASSERT_TRUE(store.unlink(Rig::id(1), {login}, at(8)));
  EXPECT_FALSE(store.standing(rig.pool, Rig::id(1))->identity_enabled);
  EXPECT_EQ(store.identities(rig.pool, "", 10, false)->size(), 1U);
  EXPECT_TRUE(store.identities(rig.pool, "", 10, true)->empty());
}

TEST_P(StoreContract, OnlyAnIdentityWritesAsOne) {
  EXPECT_EQ(rig.update(rig.target("save"), {put("k", "v")}, 0, "phone", true).error().code, ErrorCode::kNotAuthorized);
  ASSERT_TRUE(rig.log_in(0, {}, 1));
  EXPECT_TRUE(rig.update(rig.target("save"), {put("k", "v")}, 0, "phone", true));
  EXPECT_TRUE(store.delete_identity(Rig::id(1), at(1)).value());
  EXPECT_FALSE(store.delete_identity(Rig::id(1), at(1)).value());
  EXPECT_FALSE(rig.update(rig.target("save"), {put("k", "v")}, 0, "phone", true));
  EXPECT_EQ(store.pool_usage(rig.pool)->bytes, 0);
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "");
}

TEST_P(StoreContract, AMergeMovesDatasetsAndKeepsTwins) {
  const Login login{.provider = "google", .user = "u1"};
  ASSERT_TRUE(rig.log_in(0, {login}, 1));
  ASSERT_TRUE(rig.log_in(0, {}, 2));
  ASSERT_TRUE(rig.update(rig.target("save"), {put("k", "account")}));
  ASSERT_TRUE(rig.update(rig.target("deleted"), {put("k", "account")}));
  ASSERT_TRUE(store.delete_dataset(rig.target("deleted"), at(1)));
  for (const char* name : {"save", "deleted", "moved"}) {
    ASSERT_TRUE(rig.update(rig.target(name, 2), {put("k", "guest")}));
  }
  EXPECT_EQ(rig.log_in(2, {login}, 9, 7).value(), Rig::id(1));
  const std::string twin = "save." + Rig::id(2).text();
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "k=account@1 [" + twin + "]");
  EXPECT_EQ(text_of(rig.list(rig.target(twin))), "k=guest@1");
  EXPECT_EQ(text_of(rig.list(rig.target("moved"))), "k=guest@1");
  EXPECT_EQ(text_of(rig.list(rig.target("deleted"))), "k=guest@2");
  EXPECT_EQ(store.dataset(rig.target("deleted"))->first_count, SyncCount{2});
  EXPECT_FALSE(store.standing(rig.pool, Rig::id(2))->identity_enabled);
  EXPECT_TRUE(store.datasets(rig.target("", 2), "", 10)->empty());
  ASSERT_TRUE(store.delete_dataset(rig.target(twin), at(8)));
  EXPECT_EQ(text_of(rig.list(rig.target("save"))), "k=account@1");
}

// --- for the operator -----------------------------------------------------------------------------------------------

TEST_P(StoreContract, DeveloperKeysAreAddedAndRevoked) {
  const DeveloperKey first = store.developer_keys().front();
  EXPECT_EQ(store.developer_secret(first.access_key_id), first.secret_access_key);
  EXPECT_EQ(store.revoke_developer_key(first.access_key_id).error().code, ErrorCode::kInvalidArgument);

  const DeveloperKey second = store.add_developer_key(at(5)).value();
  EXPECT_NE(second.access_key_id, first.access_key_id);
  EXPECT_EQ(second.created_at, at(5));
  EXPECT_EQ(store.developer_keys().back().access_key_id, second.access_key_id);
  EXPECT_EQ(store.developer_secret(second.access_key_id), second.secret_access_key);

  EXPECT_TRUE(store.revoke_developer_key(first.access_key_id));
  EXPECT_FALSE(store.developer_secret(first.access_key_id));
  EXPECT_EQ(store.developer_keys().size(), 1U);
  EXPECT_EQ(store.revoke_developer_key(first.access_key_id).error().code, ErrorCode::kNotFound);
}

TEST_P(StoreContract, FiguresAreOfAllPools) {
  const auto other = IdentityPoolId::parse("us-east-1:00000000-0000-4000-8000-0000000000ff").value();
  ASSERT_TRUE(store.create_pool(other, "{}", at(1)));
  wire::Target elsewhere = rig.target("save");
  elsewhere.pool = other;
  ASSERT_TRUE(rig.update(rig.target("save"), {put("k", "123")}));
  ASSERT_TRUE(rig.update(elsewhere, {put("key", "12")}));
  EXPECT_EQ(store.figures()->pools, 2);
  EXPECT_EQ(store.figures()->data_bytes, 9);
}

// --- the same history, the same answers (S9) ------------------------------------------------------------------------

// Calls chosen by chance, each answered in words.
class RandomCalls {
 public:
  explicit RandomCalls(std::uint32_t seed) : state_(seed) {}

  // The same on every rig, in order.
  std::string next(std::vector<Rig*> rigs, std::vector<std::string>& answers) {
    const std::uint32_t kind = below(10);
    const int identity = 1 + static_cast<int>(below(3));
    const std::string dataset(1, static_cast<char>('a' + below(3)));
    const std::string key(1, static_cast<char>('p' + below(4)));
    const std::int64_t count = below(6);
    time_ += below(300);
    std::string call = std::to_string(kind) + " " + std::to_string(identity) + " " + dataset + " " + key;
    answers.clear();
    for (Rig* rig : rigs) answers.push_back(answer(*rig, kind, identity, dataset, key, count));
    return call;
  }

 private:
  std::uint32_t below(std::uint32_t limit) {
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return (state_ >> 16U) % limit;
  }

  template <typename T>
  static std::string verdict(const Result<T>& result) {
    return result ? "ok" : std::string(to_string(result.error().code)) + ": " + result.error().message;
  }

  std::string answer(Rig& rig, std::uint32_t kind, int identity, const std::string& dataset, const std::string& key,
                     std::int64_t count) {
    const wire::Target target = rig.target(dataset, identity);
    const std::string value = std::to_string(time_);
    const auto known = rig.list(target);
    std::int64_t current = 0;
    for (const StoredRecord& stored : known->records) {
      if (stored.record.key == key) current = stored.record.version.count.value;
    }
    switch (kind) {
      case 0:
        return verdict(rig.update(target, {put(key, value, count)}, time_));
      case 1:
        return verdict(rig.update(target, {removal(key, current)}, time_, "laptop"));
      case 2:
        return text_of(store_deleted(rig, target));
      case 3:
        return text_of(rig.list(target, 0, count + 1, 2));
      case 4:
        return verdict(rig.log_in(identity, {}, identity, time_));
      case 5:
        return verdict(rig.log_in(identity, {{"google", dataset}}, identity, time_));
      case 6:
        return count == 0 ? verdict(rig.store->delete_identity(Rig::id(identity), at(time_))) : "";
      default:
        return verdict(rig.update(target, {put(key, value, current)}, time_, kind == 7 ? "phone" : "laptop"));
    }
  }

  DatasetState store_deleted(Rig& rig, const wire::Target& target) const {
    return rig.store->delete_dataset(target, at(time_)).value();
  }

  std::uint32_t state_;
  std::int64_t time_ = 0;
};

// Everything that a store shows.
std::string picture(Rig& rig) {
  std::string text = "bytes " + std::to_string(rig.store->pool_usage(rig.pool)->bytes) + "\n";
  for (int identity = 1; identity <= 3; ++identity) {
    text += std::to_string(identity) + (rig.store->standing(rig.pool, Rig::id(identity))->identity_enabled ? "+" : "-");
    const auto datasets = rig.store->datasets(rig.target("", identity), "", 100);
    for (const NamedDataset& found : *datasets) {
      const wire::Target target = rig.target(found.name, identity);
      text += " " + found.name + ": " + text_of(found.state) + ": " + text_of(rig.list(target)) + ";";
    }
    const Changes changes = rig.store->changes(rig.target("", identity), 0).value();
    for (const DatasetChange& change : changes.datasets) {
      text += " " + change.dataset + "#" + std::to_string(change.number) + "/" + std::to_string(change.by_others);
    }
    text += " last " + std::to_string(changes.last) + "\n";
  }
  return text;
}

TEST(StoreContractTwins, TheSameHistoryGivesTheSameAnswersS9) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    std::vector<std::unique_ptr<Rig>> rigs;
    std::vector<Rig*> all;
    for (const Implementation& implementation : kStores) {
      all.push_back(rigs.emplace_back(std::make_unique<Rig>(implementation.open)).get());
    }
    RandomCalls calls(seed);
    std::vector<std::string> answers;
    std::string history;
    for (int step = 0; step < 120; ++step) {
      history += calls.next(all, answers) + "\n";
      for (std::size_t i = 1; i < answers.size(); ++i) {
        ASSERT_EQ(answers[0], answers[i]) << kStores[i].name << ", seed " << seed << " after\n" << history;
        if (step % 10 != 9) continue;
        ASSERT_EQ(picture(*all[0]), picture(*all[i])) << "seed " << seed << " after\n" << history;
      }
    }
  }
}

}  // namespace
}  // namespace syncline::service

// Calls that were let in, and were then overtaken by whoever deleted or merged what they are about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity_fixture.h"
#include "service/operations.h"

namespace syncline::service {
namespace {

class Overtaken : public IdentityTest {
 protected:
  std::unique_ptr<ServiceStore> reopen() {
    close();
    return open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1"}).value();
  }
  static Result<UpdateDecision> update(ServiceStore& store, const wire::Target& target) {
    return store.update_records(
        target, {.patches = {{.key = "k", .value = "v"}}, .writer = "w"},
        [](const DatasetState& state, const auto& current, std::int64_t datasets, UpdateCall waited) {
          return decide_update(state, current, datasets, std::move(waited), {});
        });
  }
  // A handler's answer to whom the gate has let in before.
  auto let_in(Handler handler, ServiceStore& store, const wire::Target& id, const Principal& caller,
              const HttpRequest& http) {
    const ServiceOptions options;
    const Tokens tokens("key");
    return handler({.options = options, .store = store, .tokens = tokens},
                   {.http = http, .target = id, .device_id = {}, .caller = caller, .now = clock.wall()});
  }
};

// S4: what a developer writes to a pool that is gone must not end up with an identity of another pool.
TEST_F(Overtaken, AWriteToAPoolThatWasDeletedIsRefused) {
  const std::string pool = make_pool();
  const auto late = target(pool, get_id(pool), "third");
  const auto store = reopen();
  const auto own = IdentityPoolId::parse(store->installation().pool).value();
  wire::Target other{
      .pool = own, .identity = IdentityId::parse(kIdentity).value(), .dataset = DatasetName::parse("first").value()};
  ASSERT_TRUE(update(*store, other));
  ASSERT_TRUE(store->delete_pool(late.pool).value());
  other.dataset = DatasetName::parse("second").value();
  ASSERT_TRUE(update(*store, other));
  const auto written = update(*store, late);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNotAuthorized) << written.error().message;
  EXPECT_EQ(store->identity_usage(own, other.identity).value().datasets, 2);
}

// D14: a device must not take the end of its identity for a deletion of its dataset.
TEST_F(Overtaken, AListOfAnIdentityThatIsOneNoMoreIsRefused) {
  const std::string pool = make_pool();
  const Session session = guest(pool);
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const auto id = target(pool, session.identity, "save");
  const auto store = reopen();
  const HttpRequest http{.method = "GET", .query = {{"lastSyncCount", "1"}}};
  const auto listed = [&](const Principal& caller) { return let_in(list_records, *store, id, caller, http); };
  const Principal identity{.developer = false, .pool = id.pool, .identity = id.identity};
  EXPECT_TRUE(listed(identity));
  ASSERT_TRUE(store->delete_identity(id.identity, clock.wall()).value());
  const auto late = listed(identity);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotAuthorized);
  EXPECT_TRUE(listed(Principal{.developer = true, .pool = {}, .identity = {}}));
}

// D14: nor for a deletion of its own that took effect: the dataset may be another identity's now.
TEST_F(Overtaken, ADeletionOrALookByAnIdentityThatIsOneNoMoreIsRefused) {
  const std::string pool = make_pool();
  const Session session = guest(pool);
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const auto id = target(pool, session.identity, "save");
  const auto store = reopen();
  const auto error_of = [&](Handler handler, const Principal& caller) {
    const auto answer = let_in(handler, *store, id, caller, {});
    return answer ? ErrorCode::kInternal : answer.error().code;
  };
  const Principal identity{.developer = false, .pool = id.pool, .identity = id.identity};
  const Principal developer{.developer = true, .pool = {}, .identity = {}};
  ASSERT_TRUE(store->delete_identity(id.identity, clock.wall()).value());
  for (const Handler handler : {delete_dataset, describe_dataset}) {
    EXPECT_EQ(error_of(handler, identity), ErrorCode::kNotAuthorized);
    EXPECT_EQ(error_of(handler, developer), ErrorCode::kResourceNotFound);
  }
  EXPECT_EQ(error_of(list_datasets, identity), ErrorCode::kNotAuthorized);
}

}  // namespace
}  // namespace syncline::service

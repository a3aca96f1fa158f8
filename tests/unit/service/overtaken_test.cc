// Calls that were let in, and were then overtaken by whoever deleted or merged what they are about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity_fixture.h"

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

}  // namespace
}  // namespace syncline::service

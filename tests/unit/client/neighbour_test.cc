// Two clients on one data directory (D18): what one does is told, counted and answered for in the other.
#include <gtest/gtest.h>

#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

using Keys = std::vector<std::string>;

class NeighbourTest : public ::testing::Test {
 protected:
  NeighbourTest() { other.options.data_directory = phone.options.data_directory; }

  // Keys that another process added or changed.
  ChangeCallback note() {
    return [this](const DatasetChange& change) {
      if (change.source != ChangeSource::kOtherProcess) return;
      told.insert(told.end(), change.added.begin(), change.added.end());
      told.insert(told.end(), change.updated.begin(), change.updated.end());
    };
  }

  Backend backend;
  Device phone{backend, "phone"};
  Device other{backend, "other"};
  Device laptop{backend, "laptop"};
  Keys told;
};

TEST_F(NeighbourTest, D18WhatOthersWroteIsToldThoughOnesOwnCallChangedNothing) {
  const auto listening = phone.dataset().on_change(note());
  phone.settle();
  other.put("k", "1");
  ASSERT_TRUE(phone.dataset().remove("never there"));
  phone.settle();
  EXPECT_EQ(told, Keys{"k"});
}

TEST_F(NeighbourTest, D18WhatOthersWroteIsToldThoughTheAnswerToAPushChangesNothing) {
  phone.network = [&, through = phone.network](const HttpRequest& request) {
    if (is_push(request)) other.put("theirs", "1");
    return through(request);
  };
  const auto listening = phone.dataset().on_change(note());
  phone.put("mine", "1");
  phone.sync_well();
  phone.settle();
  EXPECT_EQ(told, Keys{"theirs"});
}

// --- one's own wipe
// ---------------------------------------------------------------------------------------------------

}  // namespace
}  // namespace syncline::testing

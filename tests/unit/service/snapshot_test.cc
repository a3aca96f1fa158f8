// ListRecords is one snapshot over all its pages, whatever is written between them (S3).
#include <gtest/gtest.h>

#include <functional>

#include "service_fixture.h"

namespace syncline::service {
namespace {

class Snapshot : public ServiceTest {
 protected:
  wire::ListRecordsRequest request(int most, std::int64_t since = 0) {
    wire::ListRecordsRequest made;
    made.target = caller().target("save");
    made.max_results = most;
    made.last_sync_count = SyncCount{since};
    return made;
  }

  // Reads all pages; calls `between` before each page but the first. Adds each page's text, '|' between them.
  std::string read(wire::ListRecordsRequest asked, const std::function<void()>& between,
                   std::vector<ListedPage>* pages = nullptr) {
    std::string text;
    while (true) {
      auto page = caller().list(asked);
      if (!page) return text + " error: " + page.error().message;
      text += text_of(page->records);
      if (pages != nullptr) pages->push_back(*page);
      if (page->next_token.empty()) return text;
      asked.next_token = page->next_token;
      text += "|";
      between();
    }
  }

  void update(std::vector<wire::RecordPatch> patches) {
    const auto written = caller().update("save", std::move(patches));
    ASSERT_TRUE(written) << written.error().message;
  }
};

TEST_F(Snapshot, PagesFollowOneAnother) {
  update({put("a", "1"), put("b", "1"), put("c", "1")});
  update({put("d", "1")});
  EXPECT_EQ(read(request(2), [] {}), "a=1@1 b=1@1|c=1@1 d=1@2");
  EXPECT_EQ(read(request(1, 1), [] {}), "d=1@2");
  EXPECT_EQ(read(request(3), [] {}), "a=1@1 b=1@1 c=1@1|d=1@2");
  EXPECT_EQ(read(request(4), [] {}), "a=1@1 b=1@1 c=1@1 d=1@2");  // exactly full: no further page
}

TEST_F(Snapshot, WritesBetweenPagesAreNotSeenS3) {
  update({put("a", "1"), put("b", "1"), put("c", "1"), put("d", "1")});
  std::int64_t round = 1;
  std::vector<ListedPage> pages;
  // Each time a read record, an unread one, and a new one are written; one is removed.
  const auto write = [&] {
    update({put("a", "x", round), put("c", "x", round), put("new" + std::to_string(round), "x"),
            round == 1 ? removal("d", 1) : put("d", "x", round)});
    ++round;
  };
  EXPECT_EQ(read(request(1), write, &pages), "a=1@1|b=1@1|c=1@1|d=1@1");
  ASSERT_EQ(pages.size(), 4U);
  for (const ListedPage& page : pages) {
    EXPECT_EQ(page.dataset_count, SyncCount{1});
    EXPECT_TRUE(page.dataset_exists);
    EXPECT_EQ(page.last_modified_by, kIdentity);
  }
  EXPECT_EQ(text_of(caller().list("save")->records), "b=1@1 new1=x@2 new2=x@3 a=x@4 c=x@4 d=x@4 new3=x@4");
}

TEST_F(Snapshot, ADeletionAndReCreationBetweenPagesAreNotSeenS3) {
  update({put("a", "1"), put("b", "1"), put("c", "1")});
  int round = 0;
  const auto interfere = [&] {
    if (++round == 1) {
      ASSERT_TRUE(caller().remove_dataset("save"));
    } else {
      update({put("b", "new"), put("z", "new")});
    }
  };
  std::vector<ListedPage> pages;
  EXPECT_EQ(read(request(1), interfere, &pages), "a=1@1|b=1@1|c=1@1");
  EXPECT_TRUE(pages.back().dataset_exists);
  EXPECT_EQ(pages.back().dataset_count, SyncCount{1});
}

TEST_F(Snapshot, TombstonesPageToo) {
  update({put("a", "1"), put("b", "1")});
  update({removal("a", 1), removal("b", 1)});
  EXPECT_EQ(read(request(1, 1), [&] {}), "a=(removed)@2|b=(removed)@2");
}

TEST_F(Snapshot, TheDeletionFlagStaysOverPages) {
  update({put("old", "1")});
  ASSERT_TRUE(caller().remove_dataset("save"));
  update({put("a", "1"), put("b", "1")});
  std::vector<ListedPage> pages;
  EXPECT_EQ(read(
                request(1, 1), [] {}, &pages),
            "a=1@2|b=1@2");
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_TRUE(pages[0].deleted_after_requested);
  EXPECT_TRUE(pages[1].deleted_after_requested);
}

// Published iOS clients read one page only.
TEST_F(Snapshot, TheDefaultPageHoldsAWholeDataset) {
  std::vector<wire::RecordPatch> patches;
  for (int i = 0; i < 1024; ++i) patches.push_back(put("k" + std::to_string(i), "v"));
  update(patches);
  auto page = caller().list("save");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), 1024U);
  EXPECT_TRUE(page->next_token.empty());
  update({removal("more")});  // a tombstone beyond the 1,024
  page = caller().list("save");
  EXPECT_EQ(page->records.size(), 1024U);
  ASSERT_FALSE(page->next_token.empty());
  wire::ListRecordsRequest next;
  next.target = caller().target("save");
  next.next_token = page->next_token;
  EXPECT_EQ(text_of(caller().list(next)->records), "more=(removed)@2");
}

class PageToken : public Snapshot {
 protected:
  void SetUp() override {
    update({put("a", "1"), put("b", "1"), put("c", "1")});
    first_ = caller().list(request(1)).value().next_token;
  }

  Error next(std::string token, std::string_view dataset = "save", std::string_view identity = kIdentity,
             std::int64_t since = 0) {
    wire::ListRecordsRequest asked;
    asked.target = caller(identity).target(dataset);
    asked.next_token = std::move(token);
    asked.last_sync_count = SyncCount{since};
    const auto page = caller(identity).list(asked);
    return page ? Error{.code = ErrorCode::kOutdated, .message = "no error"} : page.error();
  }

  void expect_bad(const Error& error) {
    EXPECT_EQ(error.http_status, 400);
    EXPECT_EQ(error.service_code, "InvalidParameterException");
    EXPECT_NE(error.message.find("NextToken"), std::string::npos) << error.message;
  }

  std::string first_;
};

TEST_F(PageToken, ABadOneIs400S3) {
  expect_bad(next("nonsense"));
  expect_bad(next(first_ + "A"));
  expect_bad(next(first_, "other"));
  expect_bad(next(first_, "save", "us-east-1:9"));
  expect_bad(next(caller().session("save")));
  expect_bad(next(first_, "save", kIdentity, 1));  // contradicts the list that it belongs to
  EXPECT_EQ(next(first_).message, "no error");
}

TEST_F(PageToken, ExpiresWithTheFirstPageS3) {
  clock.advance(std::chrono::minutes(9));
  wire::ListRecordsRequest asked = request(1);
  asked.next_token = first_;
  const auto second = caller().list(asked);
  ASSERT_TRUE(second);
  clock.advance(std::chrono::minutes(1));
  expect_bad(next(first_));
  expect_bad(next(second->next_token));
}

TEST_F(PageToken, OutlivesARestart) {
  update({put("b", "2", 1)});
  close();
  open();
  wire::ListRecordsRequest asked = request(5);
  asked.next_token = first_;
  EXPECT_EQ(text_of(caller().list(asked)->records), "b=1@1 c=1@1");
}

}  // namespace
}  // namespace syncline::service

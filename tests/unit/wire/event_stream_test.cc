// Server-sent events out of bytes, however they are cut, and whatever they are.
#include "wire/event_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace syncline::wire {
namespace {

struct Heard {
  Result<void> read(std::string_view bytes) {
    return reader.read(bytes, [this](const std::string& data) { events.push_back(data); });
  }
  EventStreamReader reader;
  std::vector<std::string> events;
};

TEST(EventStreamTest, EventsCanBeCutAnywhere) {
  const std::string bytes =
      "retry: 2000\nid: 0\n\n:\n\nid: 1\ndata: one\n\ndata:two\r\nid:2\r\n\r\ndata: a\rdata: b\r\rdata\n\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Heard heard;
    ASSERT_TRUE(heard.read(bytes.substr(0, cut)));
    ASSERT_TRUE(heard.read(bytes.substr(cut)));
    EXPECT_EQ(heard.events, (std::vector<std::string>{"one", "two", "a\nb", ""})) << cut;
    EXPECT_EQ(heard.reader.last_id(), "2");
    EXPECT_EQ(heard.reader.retry(), std::chrono::milliseconds{2'000});
  }
  Heard one_by_one;
  for (const char c : bytes) ASSERT_TRUE(one_by_one.read({&c, 1}));
  EXPECT_EQ(one_by_one.events.size(), 4U);
}

TEST(EventStreamTest, HalfAnEventIsNoneAndItsIdDoesNotCount) {
  Heard heard;
  ASSERT_TRUE(heard.read("id: 1\ndata: one\n\nid: 2\ndata: two\n"));
  EXPECT_EQ(heard.events.size(), 1U);
  EXPECT_EQ(heard.reader.last_id(), "1");
}

TEST(EventStreamTest, GarbageIsSkipped) {
  Heard heard;
  ASSERT_TRUE(heard.read(std::string("\xEF\xBB\xBF") +
                         "id: a b\nid: \xC3\xA4\nretry: -1\nretry: soon\nretry: 1x\nevent: x\n"
                         "nonsense\n\xFF\xFE: y\nid: 7\n\n<html>\n\n"));
  EXPECT_TRUE(heard.events.empty());
  EXPECT_EQ(heard.reader.last_id(), "7");
  EXPECT_FALSE(heard.reader.retry());
  ASSERT_TRUE(heard.read("retry: 999999999999\n"));
  EXPECT_EQ(heard.reader.retry(), std::chrono::hours{24});
}

TEST(EventStreamTest, D20WhatHasNoEndIsGivenUpInBoundedMemory) {
  const auto fails = [](const std::string& begin, const std::string& again) {
    Heard heard;
    std::size_t sent = 0;
    auto outcome = heard.read(begin);
    for (; outcome && sent < 100 * kLongestEvent; sent += again.size()) outcome = heard.read(again);
    EXPECT_FALSE(outcome);
    EXPECT_TRUE(outcome || outcome.error().code == ErrorCode::kBadAnswer);
    EXPECT_LT(sent, 10 * kLongestEvent) << begin;
    EXPECT_TRUE(heard.read("\n\ndata: x\n\n")) << "it reads nothing more";
    EXPECT_TRUE(heard.events.empty());
  };
  fails("data: ", "x");
  fails(":", std::string(1'000, ' '));
  fails("", "data: " + std::string(1'000, 'x') + "\n");
  fails("", "data\n");
  Heard heard;
  EXPECT_TRUE(heard.read("id: " + std::string(kLongestEventId, '1') + "\n\n"));
  EXPECT_FALSE(heard.read("id: " + std::string(kLongestEventId + 1, '1') + "\n\n"));
  EXPECT_EQ(heard.reader.last_id(), std::string(kLongestEventId, '1'));
}

}  // namespace
}  // namespace syncline::wire

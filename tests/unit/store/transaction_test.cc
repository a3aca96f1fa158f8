// D3, D10: what belongs together is one commit, counted in the write-ahead log (sqlite.org/fileformat2.html, section
// 4). A kill between two commits would have to hit a moment; two commits can't hide from a count.
#include <fstream>
#include <iterator>

#include "unit/store/store_fixture.h"

namespace syncline::store {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = (number << 8U) | static_cast<unsigned char>(bytes[i]);
  return number;
}

class TransactionTest : public StoreTest {
 protected:
  // Frames that end a transaction: those that say how long the file is after it.
  [[nodiscard]] std::size_t commits() const {
    std::ifstream file(directory() + "/syncline.db-wal", std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(file), {}};
    if (log.size() < kHeaderBytes) return 0;
    const std::size_t page = number_at(log, 8);
    const auto salt = log.substr(16, 8);
    std::size_t found = 0;
    for (auto at = kHeaderBytes; at + kFrameHeaderBytes + page <= log.size(); at += kFrameHeaderBytes + page) {
      if (log.compare(at + 8, 8, salt) == 0 && number_at(log, at + 4) != 0) ++found;
    }
    return found;
  }
};

TEST_F(TransactionTest, D3ABatchIsOneCommit) {
  const auto before = commits();
  const Change batch[] = {{"a", "1"}, {"b", "2"}, {"c", std::nullopt}, {"d", "4"}};
  ASSERT_TRUE(store_->write(id_, batch, at(1)));
  EXPECT_EQ(commits(), before + 1);
}

TEST_F(TransactionTest, D10EachProtocolEventIsOneCommit) {
  put("mine", "1");
  auto lease = begin();
  auto before = commits();
  ASSERT_TRUE(store_->stage_page(lease, {remote("a", "1", 1), remote("b", "1", 1)}, true));
  EXPECT_EQ(commits(), before + 1) << "a staged page";

  before = commits();
  const Pull all{
      .sync_count = SyncCount{2}, .with_staged = true, .records = {remote("c", "1", 2), remote("d", "1", 2)}};
  ASSERT_TRUE(store_->apply_pull(lease, all, engine::plan));
  EXPECT_EQ(commits(), before + 1) << "an applied pull, its sync count included";

  before = commits();
  const auto sent = prepare(lease);
  EXPECT_EQ(commits(), before + 1) << "a prepared push";

  before = commits();
  acknowledge(lease, sent, answer_to(sent, 3), 2);
  EXPECT_EQ(sync_count(), 3);
  EXPECT_EQ(commits(), before + 1) << "an acknowledged push, its sync count included";
}

TEST_F(TransactionTest, D3AResolutionAndADeletionAreOneCommitEach) {
  put("k", "local");
  pull({remote("k", "theirs", 1)}, 1);
  auto before = commits();
  ASSERT_TRUE(store_->resolve(id_, conflicts().at(0), Resolution::use("both"), at(1)));
  EXPECT_EQ(commits(), before + 1);

  before = commits();
  ASSERT_TRUE(store_->begin_deletion(id_));
  EXPECT_EQ(commits(), before + 1);

  before = commits();
  auto lease = begin();
  ASSERT_TRUE(store_->finish_deletion(lease));
  EXPECT_EQ(commits(), before + 1);
}

}  // namespace
}  // namespace syncline::store

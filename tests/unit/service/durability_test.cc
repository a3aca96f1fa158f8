// What was answered is there after a restart and after a kill (S2, S7).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "service_fixture.h"

namespace syncline::service {
namespace {

class Durability : public ServiceTest {};

TEST_F(Durability, ARestartKeepsEverythingS7) {
  ASSERT_TRUE(caller().update("save", {put("a", "1"), put("b", "1")}));
  ASSERT_TRUE(caller().update("save", {removal("a", 1)}));
  ASSERT_TRUE(caller().update("old", {put("a", "1")}));
  ASSERT_TRUE(caller().remove_dataset("old"));
  const std::string pool = service->identity_pool_id();
  const std::string secret = service->secret_access_key();
  close();
  open();
  EXPECT_EQ(service->identity_pool_id(), pool);
  EXPECT_EQ(service->secret_access_key(), secret);
  EXPECT_EQ(text_of(caller().list("save")->records), "b=1@1 a=(removed)@2");
  EXPECT_EQ(caller().describe("save")->records, 1);
  EXPECT_FALSE(caller().list("old")->dataset_exists);
  EXPECT_EQ(text_of(*caller().update("old", {put("z", "1")})), "z=1@2");  // goes on counting
}

// The child writes until it is killed and reports each answered write through a pipe.
[[noreturn]] void write_until_killed(const ServiceOptions& options, Clock& clock, int report) {
  auto service = Service::open(options);
  if (!service) _exit(1);
  const Caller caller(**service, clock);
  for (std::int64_t count = 0;; ++count) {
    const auto written = caller.update("save", {put("k", "v" + std::to_string(count + 1), count)});
    if (!written) _exit(2);
    if (::write(report, "x", 1) != 1) _exit(3);
  }
}

TEST_F(Durability, AKillLosesNothingThatWasAnsweredS7) {
  close();
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) write_until_killed(options(), clock, pipe_ends[1]);
  ::close(pipe_ends[1]);
  std::int64_t answered = 0;
  char byte = 0;
  while (answered < 20 && ::read(pipe_ends[0], &byte, 1) == 1) ++answered;
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  while (::read(pipe_ends[0], &byte, 1) == 1) ++answered;
  ::close(pipe_ends[0]);
  ASSERT_GE(answered, 20);

  open();  // restarts by itself, and the lock went with its owner
  const auto page = caller().list("save");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_GE(page->dataset_count.value, answered);
  EXPECT_LE(page->dataset_count.value, answered + 1);  // at most one was written and not yet reported
  EXPECT_EQ(text_of(page->records),
            "k=v" + std::to_string(page->dataset_count.value) + "@" + std::to_string(page->dataset_count.value));
}

// Killed at any moment of its first start, the next start still finds or makes an installation.
TEST_F(Durability, AKillDuringTheFirstStartIsHarmlessS7) {
  for (int i = 0; i < 8; ++i) {
    const TempDir fresh;
    ServiceOptions start = options();
    start.data_dir = fresh.file("data");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      (void)Service::open(start).has_value();
      _exit(0);
    }
    ::usleep(static_cast<useconds_t>(i * 1500));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto opened = Service::open(start);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_FALSE((*opened)->identity_pool_id().empty());
    EXPECT_FALSE((*opened)->secret_access_key().empty());
  }
}

}  // namespace
}  // namespace syncline::service

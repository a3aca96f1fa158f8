// Writes that come at the same time share one transaction, and so one sync of the disk, which is most of what a write
// costs. Nobody waits on purpose: whoever finds no other at work leads, and takes along all who came meanwhile.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "service/sqlite.h"
#include "syncline/result.h"

namespace syncline::service {

// [any thread]
class GroupCommit {
 public:
  // `connection` is the one that writes; nobody else uses it meanwhile. It must outlive this.
  explicit GroupCommit(Connection& connection) : connection_(connection) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Calls `write(Connection&)`, which returns a Result, once, inside a transaction; perhaps on another caller's thread.
  // Each is all or nothing by itself: after an error what it wrote is gone, and what the others wrote is not. Returns
  // when all of it is durable, or gone. Errors: that of `write`; the store's if the transaction
  // cannot be begun or committed: then nothing of any of them is there. What `write` throws, this throws. [blocks:
  // disk]
  template <typename Write>
  auto run(Write write) -> decltype(write(std::declval<Connection&>())) {
    Task<Write> task(write);
    join(task);
    if (task.thrown) std::rethrow_exception(task.thrown);
    return std::move(*task.result);
  }

  // How many wait for their turn.
  [[nodiscard]] std::size_t waiting() const;

 private:
  // Somebody's write; it lies on their stack while they wait.
  struct Job {
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;
    virtual bool perform(Connection& connection) noexcept = 0;  // false: it failed
    virtual void fail(const Error& error) noexcept = 0;

    Job* next = nullptr;
    bool settled = false;  // has an answer that the commit cannot change
    bool done = false;     // guarded by mutex_, like `leads`
    bool leads = false;    // it is this one's turn to work
    std::condition_variable turn;
  };

  template <typename Write>
  struct Task final : Job {
    using Outcome = decltype(std::declval<Write&>()(std::declval<Connection&>()));
    explicit Task(Write& to_do) : write(to_do) {}
    bool perform(Connection& connection) noexcept override {
      try {
        result.emplace(write(connection));
        return result->has_value();
      } catch (const std::exception&) {
        thrown = std::current_exception();
        return false;
      }
    }
    void fail(const Error& error) noexcept override {
      try {
        thrown = nullptr;
        result.emplace(error);
      } catch (const std::exception&) {
        thrown = std::current_exception();
      }
    }

    Write& write;
    std::optional<Outcome> result;
    std::exception_ptr thrown;
  };

  void join(Job& job);
  Job* lead();
  Result<void> work(Job*& taken);
  Job* take(Job*& taken);
  Result<void> perform(Job& job, Transaction& transaction, bool& begun);
  Result<void> perform_beside_others(Job& job);

  Connection& connection_;
  mutable std::mutex mutex_;
  bool led_ = false;      // guarded by mutex_, like all below
  Job* first_ = nullptr;  // the queue
  Job* last_ = nullptr;
};

}  // namespace syncline::service

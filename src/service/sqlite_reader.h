// The reading side of the store: connections that each see a snapshot (WAL), so that nobody who reads waits for a
// writer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/service_store.h"
#include "service/sqlite.h"
#include "service/sqlite_rows.h"

namespace syncline::service {

// One connection that reads, and what it has prepared. [one thread at a time]
class Reader {
 public:
  // `floor`: Installation::count_floor.
  static Result<std::unique_ptr<Reader>> open(const std::string& path, SyncCount floor);

  Result<DatasetState> dataset(const wire::Target& target);
  Result<std::vector<NamedDataset>> datasets(const wire::Target& target, std::string_view after, std::size_t limit);
  Result<RecordPage> list_records(const wire::Target& target, const ListRule& rule);
  Result<Standing> standing(const IdentityPoolId& pool, const IdentityId& identity);

  // For what is read so rarely that it is not worth keeping prepared.
  [[nodiscard]] Connection& connection() { return connection_; }

 private:
  explicit Reader(Connection connection) : connection_(std::move(connection)) {}
  Result<void> prepare();
  Result<void> read_lost(DatasetRow& row);
  Result<void> read_twins(std::int64_t identity_id, const DatasetName& dataset, RecordPage& page);
  Result<RecordPage> read_range(const DatasetRow& row, const RecordRange& range);
  static Result<RecordPage> read_page(Query& query, std::size_t limit);

  Connection connection_;
  SyncCount floor_;
  Statement find_dataset_;
  Statement find_lost_;
  Statement list_datasets_;
  Statement list_current_;
  Statement list_snapshot_;
  Statement list_twins_;
  Statement find_standing_;
};

// Lends readers out, and waits for one if all are lent. [any thread, but for open()]
class ReaderPool {
 public:
  Result<void> open(const std::string& path, int count, SyncCount floor) {
    for (int i = 0; i < count; ++i) {
      auto reader = Reader::open(path, floor);
      if (!reader) return std::move(reader).error();
      idle_.push_back(std::move(*reader));
    }
    return {};
  }

  template <typename Read>
  auto with(Read read) {
    Loan loan(*this);
    return read(*loan.reader);
  }

 private:
  struct Loan {
    explicit Loan(ReaderPool& from) : pool(from), reader(from.take()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool.give_back(std::move(reader)); }
    ReaderPool& pool;
    std::unique_ptr<Reader> reader;
  };

  std::unique_ptr<Reader> take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty(); });
    auto reader = std::move(idle_.back());  // the last one used: its cache is warm
    idle_.pop_back();
    return reader;
  }

  void give_back(std::unique_ptr<Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Reader>> idle_;
};

}  // namespace syncline::service

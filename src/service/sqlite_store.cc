// ServiceStore over SQLite: composes the lock, the writer and the readers.
#include <mutex>
#include <utility>

#include "service/service_store.h"
#include "service/sqlite_reader.h"
#include "service/sqlite_writer.h"
#include "service/store_file.h"

namespace syncline::service {

namespace {

class SqliteStore final : public ServiceStore {
 public:
  SqliteStore(DirectoryLock lock, Connection writer, std::chrono::milliseconds history, Installation installation)
      : lock_(std::move(lock)), installation_(std::move(installation)), writer_(std::move(writer), history) {}

  Result<void> prepare(const std::string& path, int readers) {
    return writer_.prepare().and_then([&] { return readers_.open(path, readers); });
  }

  [[nodiscard]] const Installation& installation() const override { return installation_; }

  Result<DatasetState> dataset(const wire::Target& target) override {
    return readers_.with([&](Reader& reader) { return reader.dataset(target); });
  }

  Result<std::vector<NamedDataset>> datasets(const wire::Target& target, std::string_view after,
                                             std::size_t limit) override {
    return readers_.with([&](Reader& reader) { return reader.datasets(target, after, limit); });
  }

  Result<RecordPage> list_records(const wire::Target& target, const ListRule& rule) override {
    return readers_.with([&](Reader& reader) { return reader.list_records(target, rule); });
  }

  Result<UpdateDecision> update_records(const wire::Target& target, UpdateCall call, const UpdateRule& rule) override {
    const std::lock_guard lock(writing_);
    return writer_.update_records(target, std::move(call), rule);
  }

  Result<DatasetState> delete_dataset(const wire::Target& target, Timestamp now) override {
    const std::lock_guard lock(writing_);
    return writer_.delete_dataset(target, now);
  }

 private:
  // Destroyed from the last to the first: the readers go before the writer, whose closing checkpoints, under the lock.
  DirectoryLock lock_;
  Installation installation_;
  std::mutex writing_;
  Writer writer_;
  ReaderPool readers_;
};

}  // namespace

Result<std::unique_ptr<ServiceStore>> open_sqlite_store(const StoreOptions& options) {
  if (auto made = make_data_directory(options.data_dir); !made) return std::move(made).error();
  auto lock = DirectoryLock::take(options.data_dir);
  if (!lock) return std::move(lock).error();
  auto path = make_store_file(options.data_dir);
  if (!path) return std::move(path).error();
  auto writer = Connection::open(*path);
  if (!writer) return std::move(writer).error();
  auto installation = open_installation(*writer, options, *path);
  if (!installation) return std::move(installation).error();
  auto store =
      std::make_unique<SqliteStore>(std::move(*lock), std::move(*writer), options.history, std::move(*installation));
  if (auto prepared = store->prepare(*path, options.readers); !prepared) return std::move(prepared).error();
  return std::unique_ptr<ServiceStore>(std::move(store));
}

}  // namespace syncline::service

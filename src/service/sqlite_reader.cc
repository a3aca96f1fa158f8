#include "service/sqlite_reader.h"

#include "service/store_file.h"

namespace syncline::service {

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path, SyncCount floor) {
  auto connection = Connection::open(path);
  if (!connection) return std::move(connection).error();
  if (auto configured = configure_reader(*connection); !configured) return std::move(configured).error();
  std::unique_ptr<Reader> reader(new Reader(std::move(*connection)));
  reader->floor_ = floor;
  if (auto prepared = reader->prepare(); !prepared) return std::move(prepared).error();
  return reader;
}

Result<void> Reader::prepare() {
  struct Entry {
    Statement Reader::*member;
    std::string_view sql;
  };
  static constexpr Entry kStatements[] = {
      {&Reader::find_dataset_, kFindDataset},
      {&Reader::find_lost_, "SELECT last_known, next_known FROM lost_counts WHERE dataset_id = ?1"},
      {&Reader::list_datasets_,
       "SELECT d.name, d.present, d.sync_count, d.first_count, d.records, d.bytes, d.created_at, d.modified_at,"
       " d.modified_by"
       " FROM pools p JOIN identities i ON i.pool_id = p.id JOIN datasets d ON d.identity_id = i.id"
       " WHERE p.name = ?1 AND i.name = ?2 AND d.present = 1 AND d.name > ?3 ORDER BY d.name LIMIT ?4"},
      {&Reader::list_current_,
       "SELECT id, key, value, sync_count, modified_by, modified_at, device_modified_at FROM records"
       " WHERE dataset_id = ?1 AND sync_count >= ?2 AND (sync_count > ?2 OR id > ?3)"
       " ORDER BY sync_count, id LIMIT ?4"},
      {&Reader::list_snapshot_,
       "SELECT id, key, value, sync_count, modified_by, modified_at, device_modified_at FROM records"
       " WHERE dataset_id = ?1 AND sync_count >= ?2 AND (sync_count > ?2 OR id > ?3) AND sync_count <= ?5"
       " UNION ALL"
       " SELECT record_id, key, value, sync_count, modified_by, modified_at, device_modified_at FROM history"
       " WHERE dataset_id = ?1 AND superseded_count > ?5 AND sync_count <= ?5"
       " AND sync_count >= ?2 AND (sync_count > ?2 OR record_id > ?3)"
       " ORDER BY 4, 1 LIMIT ?4"},
      {&Reader::list_twins_,
       "SELECT name FROM datasets WHERE identity_id = ?1 AND twin_of = ?2 AND present = 1 ORDER BY name"},
      {&Reader::find_standing_, kFindStanding},
  };
  for (const Entry& entry : kStatements) {
    auto statement = connection_.prepare(entry.sql);
    if (!statement) return std::move(statement).error();
    this->*entry.member = std::move(*statement);
  }
  return {};
}

Result<DatasetState> Reader::dataset(const wire::Target& target) {
  return find_dataset(find_dataset_, target, floor_).transform([](DatasetRow row) { return std::move(row.state); });
}

Result<std::vector<NamedDataset>> Reader::datasets(const wire::Target& target, std::string_view after,
                                                   std::size_t limit) {
  std::vector<NamedDataset> found;
  const auto most = static_cast<std::int64_t>(limit);
  Query query(list_datasets_, target.pool.text(), target.identity.text(), after, most);
  while (true) {
    auto row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) return found;
    found.push_back(NamedDataset{.name = std::string(query.text(0)), .state = state_at(query, 1)});
  }
}

Result<RecordPage> Reader::list_records(const wire::Target& target, const ListRule& rule) {
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return std::move(begun).error();
  auto row = find_dataset(find_dataset_, target, floor_);
  if (!row) return std::move(row).error();
  if (auto read = read_lost(*row); !read) return std::move(read).error();
  auto range = rule(row->state);
  if (!range) return std::move(range).error();
  auto page = range->empty ? RecordPage{} : read_range(*row, *range);
  if (!page) return page;
  if (auto read = read_twins(row->identity_id, target.dataset, *page); !read) return std::move(read).error();
  if (auto ended = transaction.commit(); !ended) return std::move(ended).error();
  return page;
}

// In a store that was never restored there is nothing to look for.
Result<void> Reader::read_lost(DatasetRow& row) {
  if (floor_.value == 0 || row.dataset_id == 0) return {};
  Query query(find_lost_, row.dataset_id);
  while (true) {
    auto found = query.next();
    if (!found) return std::move(found).error();
    if (!*found) return {};
    row.state.lost.push_back({.last_known = SyncCount{query.integer(0)}, .next_known = SyncCount{query.integer(1)}});
  }
}

Result<void> Reader::read_twins(std::int64_t identity_id, const DatasetName& dataset, RecordPage& page) {
  Query query(list_twins_, identity_id, dataset.text());
  while (true) {
    auto row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) return {};
    page.twins.emplace_back(query.text(0));
  }
}

Result<Standing> Reader::standing(const IdentityPoolId& pool, const IdentityId& identity) {
  return find_standing(find_standing_, pool, identity);
}

Result<RecordPage> Reader::read_range(const DatasetRow& row, const RecordRange& range) {
  const auto one_more = static_cast<std::int64_t>(range.limit) + 1;
  if (row.state.exists && row.state.count == range.snapshot) {
    Query query(list_current_, row.dataset_id, range.after_count.value, range.after_id, one_more);
    return read_page(query, range.limit);
  }
  Query query(list_snapshot_, row.dataset_id, range.after_count.value, range.after_id, one_more, range.snapshot.value);
  return read_page(query, range.limit);
}

Result<RecordPage> Reader::read_page(Query& query, std::size_t limit) {
  RecordPage page;
  while (true) {
    auto row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) return page;
    if (page.records.size() == limit) {
      page.more = true;
      return page;
    }
    StoredRecord& stored = page.records.emplace_back();
    stored.id = query.integer(0);
    stored.record.key = query.text(1);
    if (!query.is_null(2)) stored.record.version.value = std::string(query.text(2));
    stored.record.version.count = SyncCount{query.integer(3)};
    stored.record.version.modified_by = query.text(4);
    stored.record.version.modified_at = time_of(query.integer(5));
    stored.record.version.device_modified_at = time_of(query.integer(6));
  }
}

}  // namespace syncline::service

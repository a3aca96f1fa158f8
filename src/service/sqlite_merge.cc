// How the datasets of one identity become another's (protocol.md, section 3).
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "service/sqlite_identities.h"
#include "syncline/limits.h"

namespace syncline::service {

namespace {

struct Moved {
  std::int64_t id = 0;
  std::string name;
};

Result<std::vector<Moved>> present_datasets(Connection& connection, std::int64_t identity) {
  std::vector<Moved> datasets;
  auto read = read_rows(
      connection, "SELECT id, name FROM datasets WHERE identity_id = ?1 AND present = 1 ORDER BY name",
      [&](const Query& row) { datasets.push_back({.id = row.integer(0), .name = std::string(row.text(1))}); },
      identity);
  if (!read) return std::move(read).error();
  return datasets;
}

struct Place {
  std::int64_t id = 0;  // 0: nobody ever had this name
  bool present = false;
  std::int64_t count = 0;
};

Result<Place> find_place(Connection& connection, std::int64_t identity, std::string_view name) {
  Place place;
  auto read = read_rows(
      connection, "SELECT id, present, sync_count FROM datasets WHERE identity_id = ?1 AND name = ?2",
      [&](const Query& row) {
        place = {.id = row.integer(0), .present = row.integer(1) != 0, .count = row.integer(2)};
      },
      identity, name);
  if (!read) return std::move(read).error();
  return place;
}

// NAME.SOURCE-ID, shortened where a dataset's name could not be that long; `attempt` tells such ones apart.
std::string twin_name(const std::string& name, std::string_view source_id, int attempt) {
  const std::string tail = (attempt == 0 ? "" : "_" + std::to_string(attempt)) + "." + std::string(source_id);
  return name.substr(0, kMaxDatasetNameCharacters - tail.size()) + tail;
}

Result<std::string> free_twin_name(Connection& connection, std::int64_t destination, const std::string& name,
                                   std::string_view source_id) {
  for (int attempt = 0;; ++attempt) {
    std::string twin = twin_name(name, source_id, attempt);
    auto place = find_place(connection, destination, twin);
    if (!place) return std::move(place).error();
    if (place->id == 0) return twin;
  }
}

// It takes the place of a deleted one, whose counts it goes on from: a device that knew that one must be told that it
// was deleted, and must not take one of these counts for one of those. Lists of the deleted one that are under way find
// their snapshot in its history, which comes along; lists of the moved one belong to the source, and are over.
Result<void> raise_counts(Connection& connection, std::int64_t dataset, const Place& gone) {
  return run_once(connection, "DELETE FROM history WHERE dataset_id = ?1", dataset)
      .and_then([&] {
        return run_once(connection, "UPDATE history SET dataset_id = ?2 WHERE dataset_id = ?1", gone.id, dataset);
      })
      .and_then([&] {
        return run_once(connection, "UPDATE lost_counts SET dataset_id = ?2 WHERE dataset_id = ?1", gone.id, dataset);
      })
      .and_then([&] { return run_once(connection, "DELETE FROM datasets WHERE id = ?1", gone.id); })
      .and_then([&] {
        return run_once(connection, "UPDATE records SET sync_count = sync_count + ?2 WHERE dataset_id = ?1", dataset,
                        gone.count);
      })
      .and_then([&] {
        return run_once(connection,
                        "UPDATE datasets SET sync_count = sync_count + ?2, first_count = first_count + ?2"
                        " WHERE id = ?1",
                        dataset, gone.count);
      });
}

// In a restored store (incarnation.h): where the dataset is now, a lost history may have had it at any count.
Result<void> forget_lost_history(Connection& connection, std::int64_t dataset, std::int64_t last_known) {
  return run_once(connection,
                  "INSERT INTO lost_counts (dataset_id, last_known, next_known) SELECT id, ?2, sync_count FROM datasets"
                  " WHERE id = ?1 AND EXISTS (SELECT 1 FROM installation WHERE name = 'count_floor')",
                  dataset, last_known);
}

Result<void> move_dataset(Connection& connection, const Moved& moved, std::string_view source_id,
                          std::int64_t destination) {
  auto place = find_place(connection, destination, moved.name);
  if (!place) return std::move(place).error();
  // What the source's devices have lost is nothing to the destination's.
  auto cleared = run_once(connection, "DELETE FROM lost_counts WHERE dataset_id = ?1", moved.id);
  if (!cleared) return cleared;
  if (place->present) {
    auto twin = free_twin_name(connection, destination, moved.name, source_id);
    if (!twin) return std::move(twin).error();
    return run_once(connection, "UPDATE datasets SET identity_id = ?2, name = ?3, twin_of = ?4 WHERE id = ?1", moved.id,
                    destination, *twin, moved.name)
        .and_then([&] { return forget_lost_history(connection, moved.id, 0); });
  }
  if (place->id != 0) {
    if (auto raised = raise_counts(connection, moved.id, *place); !raised) return raised;
  }
  return run_once(connection, "UPDATE datasets SET identity_id = ?2 WHERE id = ?1", moved.id, destination)
      .and_then([&] { return forget_lost_history(connection, moved.id, place->count); });
}

}  // namespace

Result<void> merge_datasets(Connection& connection, std::int64_t source, std::string_view source_id,
                            std::int64_t destination) {
  auto datasets = present_datasets(connection, source);
  if (!datasets) return std::move(datasets).error();
  for (const Moved& dataset : *datasets) {
    if (auto moved = move_dataset(connection, dataset, source_id, destination); !moved) return moved;
  }
  return {};
}

}  // namespace syncline::service

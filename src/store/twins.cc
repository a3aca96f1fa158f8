// Merged datasets that the service keeps apart, and what the app has said about them.
#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

namespace {

// The app has said what is to become of it, or it is here as a dataset of its own, which is in use: a guest's that was
// kept apart has the twin's very name.
bool is_known(Connection& connection, DatasetId dataset, std::string_view name) {
  auto known = connection.use(R"sql(
    SELECT 1 FROM twin WHERE dataset = ?1 AND name = ?2
    UNION ALL
    SELECT 1 FROM dataset AS d JOIN dataset AS other ON other.identity = d.identity
    WHERE d.id = ?1 AND other.name = ?2)sql");
  return known.bind(dataset).bind(name).step();
}

}  // namespace

Result<std::vector<std::string>> Store::new_twins(DatasetId dataset, const std::vector<std::string>& names) {
  return reading_snapshot(*impl_, [&](Connection& connection) {
    std::vector<std::string> fresh;
    for (const auto& name : names) {
      if (!is_known(connection, dataset, name)) fresh.push_back(name);
    }
    return fresh;
  });
}

Result<void> Store::answer_twins(DatasetId dataset, const std::vector<std::string>& names, bool doomed) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    auto& connection = transaction.connection();
    check_not_wiped(connection, dataset);
    for (const auto& name : names) {
      // The answer is about what was there when the app was asked: what it has opened since is in use.
      if (!is_known(connection, dataset, name)) add_twin(connection, dataset, name, doomed);
    }
    transaction.commit();
  });
}

Result<std::vector<std::string>> Store::doomed_twins(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    // One that was opened since is in use. It is asked about no more, and stays.
    auto row = connection.use(R"sql(
      SELECT t.name FROM twin AS t JOIN dataset AS d ON d.id = t.dataset
      WHERE t.dataset = ? AND t.doomed = 1 AND row_sum('t', t.dataset, t.name, t.doomed) = t.checksum
        AND NOT EXISTS (SELECT 1 FROM dataset AS other WHERE other.identity = d.identity AND other.name = t.name)
      ORDER BY t.name)sql");
    row.bind(dataset);
    std::vector<std::string> names;
    while (row.step()) names.push_back(row.text(0));
    return names;
  });
}

Result<void> Store::drop_twin(DatasetId dataset, const std::string& name) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    transaction.connection()
        .use("DELETE FROM twin WHERE dataset = ? AND name = ?")
        .bind(dataset)
        .bind(std::string_view(name))
        .run();
    transaction.commit();
  });
}

}  // namespace syncline::store

// Merged datasets that the service keeps apart, and what the app has said about them.
#include "store/impl.h"
#include "store/rows.h"

namespace syncline::store {

Result<std::vector<std::string>> Store::new_twins(DatasetId dataset, const std::vector<std::string>& names) {
  return reading_snapshot(*impl_, [&](Connection& connection) {
    std::vector<std::string> fresh;
    for (const auto& name : names) {
      // One that is here as a dataset of its own is in use: a guest's that was kept apart has the twin's very name.
      auto known = connection.use(R"sql(
        SELECT 1 FROM twin WHERE dataset = ?1 AND name = ?2
        UNION ALL
        SELECT 1 FROM dataset AS d JOIN dataset AS other ON other.identity = d.identity
        WHERE d.id = ?1 AND other.name = ?2)sql");
      if (!known.bind(dataset).bind(std::string_view(name)).step()) fresh.push_back(name);
    }
    return fresh;
  });
}

Result<void> Store::answer_twins(DatasetId dataset, const std::vector<std::string>& names, bool doomed) {
  return guarded(*impl_, [&] {
    WriteTransaction transaction(*impl_, Lasting::kAsOption);
    for (const auto& name : names) add_twin(transaction.connection(), dataset, name, doomed);
    transaction.commit();
  });
}

Result<std::vector<std::string>> Store::doomed_twins(DatasetId dataset) {
  return reading(*impl_, [&](Connection& connection) {
    auto row = connection.use(
        "SELECT name FROM twin WHERE dataset = ? AND doomed = 1 AND row_sum('t', dataset, name, doomed) = checksum "
        "ORDER BY name");
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

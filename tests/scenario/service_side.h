// The service of a scenario: the real handlers and store, in process, and a view of its records that does not go
// through any of the library's decoding. [one thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/http.h"
#include "scenario/fields.h"
#include "service/handlers.h"
#include "support/fake_clock.h"
#include "syncline/credentials.h"

namespace syncline::scenario {

// What ListRecords tells of a dataset, all pages.
struct ServiceRecord {
  std::optional<std::string> value;  // absent: a tombstone
  std::int64_t count = 0;
};
struct ServiceDataset {
  bool exists = false;
  std::int64_t count = 0;
  std::map<std::string, ServiceRecord> records;
};

// What a sync trigger makes of each UpdateRecords (protocol.md, section 7): the patches that reach the service.
struct Trigger {
  std::map<std::string, std::string> set;  // another value for a patched key, or a record that nobody sent
  std::set<std::string> drop;              // patches that are left out
};

class ServiceSide {
 public:
  explicit ServiceSide(std::filesystem::path home);

  HttpResponse handle(const HttpRequest& request);
  // Signs and sends a request of the runner's own.
  HttpResponse call(HttpRequest request);
  // `place`: identity and dataset.
  ServiceDataset read(const std::string& identity, const std::string& dataset);
  void delete_dataset(const std::string& identity, const std::string& dataset);

  void restart();
  void kill();  // what is on the disk at this moment is all there is
  void save(const std::string& name);
  void restore(const std::string& name);
  void admin_restore(const std::string& name);  // as `syncline admin restore` does it
  void set_page_size(int records) { page_size_ = records; }
  void set_trigger(std::optional<Trigger> trigger) { trigger_ = std::move(trigger); }

  [[nodiscard]] testing::FakeClock& clock() { return clock_; }
  [[nodiscard]] Credentials credentials() const;
  [[nodiscard]] const std::string& pool() const { return service_->identity_pool_id(); }

 private:
  void open();
  void sign(HttpRequest& request, Timestamp date) const;
  // Changes made here are signed anew, with the device's date: what a real trigger does happens behind the signature.
  HttpRequest rewritten(HttpRequest request);
  void apply_trigger(HttpRequest& request);
  [[nodiscard]] std::string records_path(const std::string& identity, const std::string& dataset) const;

  std::filesystem::path home_;
  std::filesystem::path data_;
  int lives_ = 0;
  testing::FakeClock clock_;
  std::unique_ptr<service::Service> service_;
  std::optional<int> page_size_;
  std::optional<Trigger> trigger_;
};

inline constexpr const char* kHost = "127.0.0.1:7373";
inline constexpr const char* kRegion = "us-east-1";

// The identity that scenarios call "one", "two" or "three".
std::string identity_id(const std::string& name);

}  // namespace syncline::scenario

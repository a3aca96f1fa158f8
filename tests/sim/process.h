// One process of an app on a simulated device, which works for an identity that it is told: what it does, and what it
// is shown. [one thread]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/life.h"
#include "sim/service_host.h"
#include "syncline/syncline.h"

namespace syncline::sim {

// A synchronize() that a process has called.
struct SyncRun {
  std::string dataset;
  std::int64_t began = 0;  // in the ledger's order
  int completions = 0;
};

// What belongs to the device and not to one of its processes.
struct DeviceState {
  int index = 0;
  std::string directory;
  Answer answer = Answer::kNewest;
  Signing signing = Signing::kRight;
  std::vector<std::weak_ptr<const SyncRun>> runs;  // of all its processes
  std::int64_t values = 0;                         // written by its app's handlers so far
  std::optional<int> last_identity;                // that a process has opened as; absent: not known
  std::map<std::string, std::int64_t> deleted;     // here, and perhaps not at the service yet: when
  std::map<std::string, std::vector<Change>>
      torn_batches;  // put_all() that did not return, but for what was written since
};

class Process final : public Life {
 public:
  Process(Context& context, Network& network, ServiceHost& service, DeviceState& device, SimClock& clock);
  ~Process() override;

  bool open() override;
  void close();

  void put(const Step& step);
  void remove(const Step& step);
  void put_all(const Step& step);
  void resolve(const Step& step);
  void delete_dataset(const Step& step);
  void describe(const Step& step);
  // Closes it and opens it as another identity, or as the last one (D15).
  void switch_identity(const Step& step);
  void become(int identity);
  // Of the identity that it works for.
  [[nodiscard]] std::string device_id() const { return name(); }
  [[nodiscard]] std::string label(int dataset) const { return label_of(identity_, dataset); }
  void synchronize(const std::string& dataset);

  // The device's answer to conflicts is another one.
  void use_answer();

  // D1 and D9 of all data sets that this history uses.
  void check_all();
  [[nodiscard]] bool syncing() const;
  // How the last synchronize() of a data set went.
  [[nodiscard]] bool succeeded(const std::string& dataset) const { return succeeded_.contains(dataset); }
  // Null: it can't be opened, or is another identity's.
  Dataset* dataset(const std::string& label);

 private:
  using Run = SyncRun;
  class Signer;

  void rested() override;
  void forget() override;
  [[nodiscard]] Place place(const std::string& dataset, const std::string& key) const;
  ClientOptions options();
  void note_identity();
  void connect(const std::string& dataset);
  void note_write(const std::string& dataset, const Change& change, const Result<void>& result, std::int64_t since);
  void write(const std::string& dataset, const std::vector<Change>& changes);
  std::int64_t base_of(const std::string& dataset, const std::string& key);
  std::int64_t since(const std::string& dataset) const;
  std::int64_t seen_since(const std::string& dataset, const Change& change);
  Resolution decide(const std::string& dataset, const Conflict& conflict);
  Resolution answer(const std::string& dataset, const Conflict& conflict);
  std::string own_value();
  void complete(const std::shared_ptr<Run>& run, const Result<SyncReport>& report);
  void check(const std::string& dataset);
  void check_count(const std::string& dataset, const std::vector<PendingChange>& pending);
  void check_batch(const std::string& dataset);

  ServiceHost& service_;
  DeviceState& device_;

  int identity_ = 0;
  bool as_last_ = false;  // opens as whichever identity was the last one
  std::map<std::string, Dataset> datasets_;
  std::vector<std::shared_ptr<Run>> runs_;
  int calls_ = 0;  // other questions to the service that are not answered yet
  std::set<std::string> to_check_;
  std::set<std::string> succeeded_;
};

}  // namespace syncline::sim

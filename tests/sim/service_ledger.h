// What the service must hold, reckoned from its answers alone, and what it may answer next (S1, S2, S3, S6, S7). Each
// commit is told to the ledger of writes. [one thread]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/http.h"
#include "sim/verdict.h"
#include "sim/write_ledger.h"

namespace syncline::sim {

struct HeldVersion {
  std::optional<std::string> value;  // absent: a tombstone
  std::int64_t count = 0;
  std::string by;
  bool operator==(const HeldVersion&) const = default;
};

struct HeldDataset {
  bool exists = false;
  std::int64_t count = 0;  // stays when it is deleted
  bool deleted_once = false;
  std::map<std::string, HeldVersion> records;
};

using Held = std::map<std::string, HeldDataset>;

// What one call has changed.
struct HeldChange {
  std::string dataset;
  std::int64_t count = 0;
  std::string by;
  bool removal = false;  // the dataset was deleted, at that count
  std::map<std::string, std::optional<std::string>> records = {};
};

class ServiceLedger {
 public:
  ServiceLedger(Verdict& verdict, WriteLedger& writes) : verdict_(verdict), writes_(writes) {}

  // Is told of each change as soon as it is known to be committed.
  void on_change(std::function<void(const HeldChange&)> listener) { on_change_ = std::move(listener); }

  // One request and what came of it; nullopt: the service died over it. `faulty`: its disk failed meanwhile.
  void observe(int device, const HttpRequest& request, const std::optional<HttpResponse>& answer, bool faulty);
  // What a reader sees after a start, or at the end: all that was answered (S7), or that and one call that was not.
  void reconcile(const std::string& dataset, const HeldDataset& read);
  [[nodiscard]] const Held& held() const { return held_; }
  [[nodiscard]] bool ever_restored() const { return ever_restored_; }

  // From now on the service takes no more records in a dataset; 0: as many as ever.
  void set_quota(int records) { quota_ = records; }
  // The service is as it was when `held` was taken.
  void restored(const Held& held);
  void sync_begins(int device, const std::string& dataset) { way_back_.erase({device, dataset}); }
  void sync_ended(int device, const std::string& dataset);
  // Whether the device may hold counts of a time that the service has forgotten without having been told so.
  [[nodiscard]] bool misled(int device, const std::string& dataset) const;

 private:
  struct Patch {
    std::string key;
    std::optional<std::string> value;
    std::int64_t expected = 0;
  };
  // A call that was not answered: it has happened or not.
  struct Open {
    std::string dataset;
    std::string by;
    bool deletes = false;
    std::vector<Patch> patches;
  };
  using Place = std::pair<int, std::string>;

  void observe_list(int device, const std::string& dataset, const HttpRequest& request, const HttpResponse& answer);
  void observe_update(const Open& call, const HttpResponse& answer);
  void observe_delete(const std::string& dataset, const HttpResponse& answer);
  void check_list(const std::string& dataset, std::int64_t from, const std::string& body);
  void check_refusal(const Open& call);
  [[nodiscard]] std::int64_t present_after(const Open& call) const;
  void commit(const Open& call);
  void delete_dataset(const std::string& dataset);
  void note_list(int device, const std::string& dataset, std::int64_t from, bool refused);
  static HeldDataset after(HeldDataset held, const Open& call);

  Verdict& verdict_;
  WriteLedger& writes_;
  std::function<void(const HeldChange&)> on_change_;
  Held held_;
  std::vector<Open> open_;
  bool ever_restored_ = false;
  std::int64_t quota_ = 0;
  std::map<Place, std::int64_t> highest_told_;  // counts that a device may hold
  std::map<Place, std::int64_t> forgotten_;     // a restore went back to this count, and the device was ahead
  std::set<Place> way_back_;                    // the running sync was told of all there is
};

}  // namespace syncline::sim

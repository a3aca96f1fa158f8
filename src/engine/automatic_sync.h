// When to synchronize which dataset without being asked to, and what an interface shows meanwhile. Pure, like the
// session: what happened goes in with its moment, what to begin and when to look again comes out. Any event is legal at
// any moment. [one thread]
//
// A dataset is due
//   after writes     when none came for `settle`, or `longest_settle` after the first
//   after a hint, a start, a network that came back, an app that came to the front     at once
//   after a sync     a period later, while the app is in front
// each a jitter later. A failure that may pass puts a back-off in front of all that; a Retry-After one in front of all
// datasets. Nothing begins while there is no network, while it costs and must not, and once the service has refused
// the credentials; no dataset that failed for good. What was due meanwhile begins when that has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "syncline/automatic_sync.h"
#include "syncline/connectivity.h"
#include "syncline/sync_status.h"
#include "syncline/values.h"

namespace syncline::engine {

class AutomaticSyncRules {
 public:
  using DatasetId = std::int64_t;

  // --- events
  struct Opened {  // known on this device, what is pending counts as written now; again: counted anew
    DatasetId dataset = 0;
    std::size_t pending = 0;
    std::size_t conflicts = 0;
  };
  struct Counted {  // anew; of a dataset that is not known: nothing
    DatasetId dataset = 0;
    std::size_t conflicts = 0;
  };
  struct Forgotten {
    DatasetId dataset = 0;
  };
  struct Written {  // once or more since the last event
    DatasetId dataset = 0;
  };
  struct Hinted {
    DatasetId dataset = 0;
  };
  struct RunBegun {  // by whomever
    DatasetId dataset = 0;
  };
  struct RunEnded {
    DatasetId dataset = 0;
    std::optional<Error> error = {};
    std::size_t conflicts = 0;
    bool left = false;  // it went well, and changes that wait for nobody are still here
  };
  // Told by the app, or by a monitor. A network is metered if either says so: the system's monitor can't tell.
  struct NetworkChanged {
    Connectivity network = {};
    bool by_app = false;
  };
  struct CameToFront {};
  struct WentToBack {};
  struct CredentialsChanged {};
  struct StartedOver {};  // for another identity: no dataset is known
  struct TimePassed {};
  using Event = std::variant<Opened, Counted, Forgotten, Written, Hinted, RunBegun, RunEnded, NetworkChanged,
                             CameToFront, WentToBack, CredentialsChanged, StartedOver, TimePassed>;

  struct Plan {
    std::vector<DatasetId> begin = {};       // now; each counts as running until it is reported as ended or forgotten
    std::optional<MonotonicTime> wake = {};  // when TimePassed is wanted; absent: with the next event
  };

  // `local_service`: it is on this very machine, no network matters. `random` outlives this.
  AutomaticSyncRules(const AutomaticSync& options, bool local_service, Random& random)
      : options_(options), local_service_(local_service), random_(random) {}

  Plan on(const Event& event, MonotonicTime now);
  [[nodiscard]] SyncStatus status() const;
  // No request could leave this device.
  [[nodiscard]] bool offline() const;

 private:
  using Moment = std::optional<MonotonicTime>;
  struct Burst {
    MonotonicTime first;
    MonotonicTime last;
    std::chrono::milliseconds jitter;
  };
  struct Dataset {
    bool running = false;
    std::optional<Burst> writes;
    Moment wanted;
    Moment next_period;
    int failures = 0;  // in a row
    Moment retry;      // after a failure that may pass
    std::optional<Error> error;
    bool stopped = false;   // by that error
    bool forgiven = false;  // what stood in the way has changed since the run began
    std::size_t conflicts = 0;
  };
  enum class Whom : std::uint8_t { kAll, kThoseThatWait };

  void handle(const Opened& event, MonotonicTime now);
  void handle(const Counted& event, MonotonicTime now);
  void handle(const Forgotten& event, MonotonicTime now);
  void handle(const Written& event, MonotonicTime now);
  void handle(const Hinted& event, MonotonicTime now);
  void handle(const RunBegun& event, MonotonicTime now);
  void handle(const RunEnded& event, MonotonicTime now);
  void handle(const NetworkChanged& event, MonotonicTime now);
  void handle(const CameToFront& event, MonotonicTime now);
  void handle(const WentToBack& event, MonotonicTime now);
  void handle(const CredentialsChanged& event, MonotonicTime now);
  void handle(const StartedOver& event, MonotonicTime now);
  void handle(const TimePassed& event, MonotonicTime now);

  void failed(Dataset& dataset, const Error& error, MonotonicTime now);
  void back_off(Dataset& dataset, MonotonicTime now);
  void note_write(Dataset& dataset, MonotonicTime now);
  void want(Dataset& dataset, std::chrono::milliseconds jitter, MonotonicTime now);
  void forgive(Whom whom, MonotonicTime now);
  static void begin(Dataset& dataset);
  [[nodiscard]] static bool waits(const Dataset& dataset);
  [[nodiscard]] bool held() const;
  [[nodiscard]] Moment due(const Dataset& dataset) const;
  [[nodiscard]] std::chrono::milliseconds up_to(std::chrono::milliseconds longest);
  [[nodiscard]] SyncStatus status_between_syncs() const;

  const AutomaticSync options_;
  const bool local_service_;
  Random& random_;
  std::map<DatasetId, Dataset> datasets_;
  Connectivity network_;
  bool metered_by_app_ = false;
  bool metered_by_monitor_ = false;
  bool network_told_ = false;
  bool in_front_ = true;
  std::optional<Error> refused_;  // the credentials were
  Moment not_before_;             // Retry-After
};

}  // namespace syncline::engine

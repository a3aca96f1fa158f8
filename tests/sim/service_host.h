// The simulated machine that the real service runs on: its process, its disk, its backups, and who reads it for the
// ledger. [one thread]
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/handlers.h"
#include "sim/context.h"
#include "sim/deliveries.h"
#include "syncline/credentials.h"

namespace syncline::sim {

inline constexpr const char* kHost = "127.0.0.1:7373";
inline constexpr const char* kRegion = "us-east-1";

using Image = std::map<std::string, std::string>;  // files by name

struct Installation {
  Image files;
  std::string pool = {};  // the devices'; empty: the first start's, and devices have the developer's key
};

class ServiceHost {
 public:
  ServiceHost(Context& context, const Installation& installation);
  ~ServiceHost();

  // Is told of each request and what came of it, in the place of the ledgers; nullopt: the service died over it.
  using Observer = std::function<void(int device, const HttpRequest&, const std::optional<HttpResponse>&)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }

  // A device's bytes in, the answer's bytes out; nullopt: it is down, or died.
  std::optional<std::string> serve(int device, const std::string& bytes, bool first);

  void kill(const Step& step);
  void power_cut();
  // A call that must get nothing (S4).
  void intrude(const Step& step);
  void fail(const Step& step) { context_.faults.arm(process_, step); }
  void back_up();
  void restore();
  // Runs, whatever it takes; the disk does no more harm.
  void must_run();

  // As a stranger with the developer's key reads it; nullopt: it does not answer.
  std::optional<HeldDataset> read(const std::string& dataset);
  void check_all();
  // The same of any identity.
  std::optional<HeldDataset> read(const std::string& identity, const std::string& dataset);
  // nullopt: it does not answer.
  std::optional<std::vector<std::string>> datasets_of(const std::string& identity);
  // An operation of Cognito Identity, as the app's own backend calls it.
  Result<std::string> as_developer(const std::string& operation, const std::string& body);

  // --- of the profile "deliveries"; service_outside.cc
  // In the place of the device's own calls, for which it would need to be an identity.
  void subscribe(const std::string& device, const std::string& dataset);
  void set_stream(bool enabled);
  void replay_dead_letters();
  void fail_receiver(const Step& step);
  // Nothing waits, and what did not arrive is a dead letter.
  void check_deliveries();
  std::vector<service::DeadLetter> dead_letters();

  [[nodiscard]] Credentials credentials() const { return credentials_; }
  [[nodiscard]] const std::string& pool() const { return pool_; }

 private:
  HttpRequest intruder(const Step& step, const std::string& dataset);
  [[nodiscard]] std::string path_of(const std::string& pool, const std::string& label) const;
  std::optional<std::string> ask(HttpRequest request);
  void start();
  void die();
  void start_later();
  // False: the process died over what it just did, and that is seen to.
  bool survived();
  void note_change(const HeldChange& change);
  void begin_deliveries();
  void deliver();
  void deliver_after(std::int64_t milliseconds);
  HttpRequest in_pages(HttpRequest request) const;
  void sign(HttpRequest& request, Timestamp date) const;
  static void sign(HttpRequest& request, Timestamp date, const Credentials& credentials);
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  Context& context_;
  SimClock clock_;
  std::string directory_;
  testing::ProcessId process_ = 0;
  std::unique_ptr<service::Service> service_;
  bool starting_ = false;
  bool faults_ended_ = false;
  Credentials credentials_;
  std::string pool_;
  Observer observer_;
  Image backup_;
  Held backup_held_;
  std::unique_ptr<Outside> outside_;        // null: the service tells nobody
  std::unique_ptr<Deliveries> deliveries_;  // of the process that runs
  std::optional<std::int64_t> deliver_at_;
  DeliveryLedger::Lanes backup_lanes_;
};

}  // namespace syncline::sim

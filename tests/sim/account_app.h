// An app whose users are guests and accounts: the real client gets its identities from the simulated service, through
// its own credentials provider and a secret store that outlives the process. [one thread]
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/identity_ledger.h"
#include "sim/life.h"
#include "sim/service_host.h"

namespace syncline::sim {

// What a device keeps over the deaths of its processes.
class Secrets final : public SecretStore {
 public:
  Result<std::optional<std::string>> get(std::string_view name) override;
  Result<void> set(std::string_view name, std::string_view value) override;
  Result<void> remove(std::string_view name) override;
  void refuse(bool refuses) { refuses_ = refuses; }

 private:
  std::map<std::string, std::string, std::less<>> kept_;
  bool refuses_ = false;
};

// What the system tells of the network.
class Reception final : public ConnectivityMonitor {
 public:
  void start(Callback changed) override;
  void stop() override { changed_ = nullptr; }
  void tell(Connectivity::State state);

 private:
  Callback changed_;
  Connectivity now_;
};

struct AccountDevice {
  int index = 0;
  std::string directory;
  Answer answer = Answer::kNewest;
  bool keeps_deleted = false;
  MergedAnswer merged = MergedAnswer::kKeep;
  std::chrono::milliseconds period{0};  // of automatic syncs
  std::shared_ptr<Secrets> secrets = std::make_shared<Secrets>();
  int person = 0;  // whom the app opens the client for: a setting of its own

  std::optional<std::string> identity;  // as last seen; absent: never yet
  Who who = 0;
  Who nobody = 0;  // whose writes may be nobody's again: a power cut can take back what no call has returned from
  std::set<Who> accounts;  // of which the app was told that they are no guests
  std::set<Who> guests;    // others that it worked for
  std::set<Who> moved_on;  // of these, who became somebody else here
  std::set<Who> offered;   // whom the app's backend was asked to give to a user
  int discards = 0;        // sign-ins with GuestData::kDiscard whose end was not heard of
  std::int64_t values = 0;
};

class AccountApp final : public Life {
 public:
  AccountApp(Context& context, Network& network, ServiceHost& service, IdentityLedger& ledger, AccountDevice& device,
             SimClock& clock);
  ~AccountApp() override;

  bool open() override;
  void close();

  // --- steps
  void write(const Step& step);
  void delete_dataset(const Step& step);
  void synchronize(const Step& step);
  // `by_itself`: it only opens what the service has; automatic syncs do the rest.
  void synchronize_all(bool by_itself = false);
  void sign_in(int person, GuestData guest_data, Manner manner);
  void leave(Leave how);
  void resolve(const Step& step);
  void subscribe();
  // `newest`: the service's count of the dataset.
  void push(const Step& step, const std::string& dataset, std::int64_t newest);
  void flush();
  void hear(Connectivity::State state);
  void come_to_front(bool front);

  [[nodiscard]] bool waits() const { return calls_ > 0; }
  // How the last sign_in() went; absent: it is not over.
  [[nodiscard]] const std::optional<Result<SignInReport>>& signed_in() const { return signed_in_; }
  // What of this device's is with nobody else yet, of all identities; absent: it can't be read.
  [[nodiscard]] std::optional<std::vector<UnsentData>> unsent();
  // "" if the device holds of its identity's what the service holds.
  std::string difference(const std::set<std::string>& remote);
  // D1 and D15 of all that it has of its identity's.
  void check();
  [[nodiscard]] std::string identity() const { return device_.identity.value_or(""); }

 private:
  void rested() override;
  void forget() override;
  ClientOptions options();
  void note_identity();
  [[nodiscard]] Login login_of(int person, Manner manner);
  template <typename T>
  void answer_login(Manner manner, std::function<void(Result<T>)> answer, const std::function<Result<T>()>& make);
  Result<DeveloperToken> ask_backend(int person, const std::string& identity);
  // The app's part of a call that is answered exactly once (D13).
  template <typename T>
  std::function<void(const Result<T>&)> once(const std::string& what, std::function<void(const Result<T>&)> then);
  [[nodiscard]] std::optional<Dataset> dataset(const std::string& name);
  [[nodiscard]] std::string chosen(const Step& step);
  void put(const std::string& dataset, const std::string& key, const std::optional<std::string>& value);
  Resolution decide(const Conflict& conflict, Answer answer);
  std::string own_value(const std::string& key);
  void note_sign_in(int person, GuestData guest_data, const Result<SignInReport>& report);
  std::string difference(const std::string& name, bool remote);
  std::string push_bytes(Hint hint, const std::string& dataset, std::int64_t newest) const;

  ServiceHost& service_;
  IdentityLedger& ledger_;
  AccountDevice& device_;
  std::shared_ptr<Reception> reception_;
  int calls_ = 0;
  bool to_check_ = false;
  std::optional<Result<SignInReport>> signed_in_;
  std::vector<std::any> held_;  // what a login callback never answers
};

}  // namespace syncline::sim

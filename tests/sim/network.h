// The simulated network: bytes take their time, get lost, come twice, late or cut off. What befalls a request is
// decided when it is sent, by the steps of the plan. [one thread]
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/http.h"
#include "sim/events.h"
#include "sim/plan.h"
#include "sim/trace.h"

namespace syncline::sim {

// The requests that one process has under way. The network keeps it; the process may be gone.
struct Mailbox {
  int device = 0;
  bool dead = false;  // what arrives is for nobody
  std::map<HttpTransport::CallId, HttpTransport::Completion> calls;
  std::deque<std::pair<HttpTransport::CallId, Result<HttpResponse>>> arrived;
  std::function<void()> on_arrival;
  std::uint64_t requests = 0;
};

class Network {
 public:
  // The service's answer to a device's bytes; nullopt: it is down, or died over them. `first`: false for a copy that
  // the network made, or that comes after its caller has gone on.
  using Serve = std::function<std::optional<std::string>(int device, const std::string& bytes, bool first)>;

  // `caller`: as traces call who sends, before its number.
  Network(Events& events, Trace& trace, std::uint64_t seed, Serve serve, std::string caller = "device ");

  void send(const std::shared_ptr<Mailbox>& from, HttpTransport::CallId call, const HttpRequest& request);

  // For the device's next request of an operation (0: any, 1: ListRecords, 2: UpdateRecords, 3: DeleteDataset,
  // 4: one of Cognito Identity's).
  void arm(const Step& fault);
  void cut_off(int device, std::int64_t milliseconds);
  // No fault any more, but for what is under way.
  void heal();

 private:
  struct Message {
    std::shared_ptr<Mailbox> from;
    HttpTransport::CallId call = 0;
    std::string bytes;
    std::int64_t way = 0;  // milliseconds, each way
    std::optional<Step> fault;
  };
  using MessageP = std::shared_ptr<const Message>;

  std::optional<Step> take_fault(int device, const std::string& operation);
  [[nodiscard]] bool is_cut_off(int device) const;
  void travel(const MessageP& message);
  void carry(const MessageP& message);
  void carry_back(const MessageP& message, std::optional<std::string> answer);
  void give_up(const MessageP& message, ErrorCode code, std::int64_t delay);
  void deliver(const MessageP& message, Result<HttpResponse> outcome, std::int64_t delay);

  Events& events_;
  Trace& trace_;
  std::uint64_t seed_;
  Serve serve_;
  std::string caller_;
  std::vector<Step> armed_;
  std::map<int, std::int64_t> cut_until_;
};

// What the client is given as its transport.
class SimTransport final : public HttpTransport {
 public:
  SimTransport(std::shared_ptr<Mailbox> mailbox, Network& network, std::function<bool()> alive)
      : mailbox_(std::move(mailbox)), network_(network), alive_(std::move(alive)) {}
  ~SimTransport() override;

  CallId start(HttpRequest request, Completion done) override;
  // The simulated network carries no streams: it is an ordinary request, and the answer comes as a whole.
  CallId start_stream(HttpRequest request, OnPart /*on_part*/, Completion done) override {
    return start(std::move(request), std::move(done));
  }
  void cancel(CallId call) override;
  void step() override;
  void wait(std::chrono::milliseconds /*longest*/) override {}
  void wake() override {}
  [[nodiscard]] bool busy() const override { return !mailbox_->calls.empty(); }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Network& network_;
  std::function<bool()> alive_;
  CallId last_call_ = 0;
};

}  // namespace syncline::sim

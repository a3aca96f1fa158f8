// An HttpTransport without a network: a function of the test answers, and faults happen where the test wants them.
// Nothing runs but inside step(), in the order of start(), so that a run is the same each time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/http.h"

namespace syncline::testing {

// What goes wrong with one request. Several may befall the same one; they act in the order in which a request travels.
class Fault {
 public:
  enum class Kind : std::uint8_t {
    kDropRequest,  // the handler never sees it; the caller gets kNetwork
    kHoldRequest,  // the handler sees it after release()
    kDuplicate,    // the handler sees it twice; the second answer counts, as after a retry inside the network
    kReplace,      // the handler sees it; the caller gets another answer
    kTruncate,     // the handler sees it; the answer's body ends early, unnoticed by the transport
    kDropAnswer,   // the handler sees it; the caller gets kNetwork
    kHoldAnswer,   // the handler sees it; the caller gets the answer after release()
  };

  static Fault drop_request() { return Fault(Kind::kDropRequest); }
  static Fault hold_request() { return Fault(Kind::kHoldRequest); }
  static Fault duplicate() { return Fault(Kind::kDuplicate); }
  static Fault replace(HttpResponse answer);
  static Fault truncate(std::size_t kept_bytes);
  static Fault drop_answer() { return Fault(Kind::kDropAnswer); }
  static Fault hold_answer() { return Fault(Kind::kHoldAnswer); }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const HttpResponse& answer() const { return answer_; }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }

 private:
  explicit Fault(Kind kind) : kind_(kind) {}
  Kind kind_;
  HttpResponse answer_;
  std::size_t kept_bytes_ = 0;
};

// What HttpTransport says of threads holds for its own functions; those that are a test's are for [any thread].
class FakeTransport final : public HttpTransport {
 public:
  using Handler = std::function<Result<HttpResponse>(const HttpRequest&)>;
  using Predicate = std::function<bool(const HttpRequest&)>;
  static constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();

  // The handler is called from step(), under no lock; it may do to the client whatever a test needs at that moment.
  explicit FakeTransport(Handler handler);
  ~FakeTransport() override;  // completes what is under way with kCancelled

  CallId start(HttpRequest request, Completion done) override;
  CallId start_stream(HttpRequest request, OnPart on_part, Completion done) override;
  void cancel(CallId call) override;
  void step() override;
  void wait(std::chrono::milliseconds longest) override;
  void wake() override;
  [[nodiscard]] bool busy() const override;

  // For the request with this number; the first one is 1.
  void fault_request(std::size_t number, Fault fault);
  // For the next `times` requests that the predicate is true of.
  void fault_when(Predicate predicate, Fault fault, std::size_t times = kAlways);
  void clear_faults();
  // Lets go all that is held at this moment.
  void release();
  [[nodiscard]] std::size_t held() const;
  // For a test beside a client's own thread. False: it took longer. [blocks]
  [[nodiscard]] bool wait_until_held(std::size_t count, std::chrono::milliseconds longest = std::chrono::seconds{10});

  // A stream is open from an answer of 2xx on, whose body is its first part. These are for all that are open.
  void send_part(std::string bytes);
  void end_streams(std::optional<Error> broken = std::nullopt);
  [[nodiscard]] std::size_t open_streams() const;

  // Every request that was started, in order, faulty ones included.
  [[nodiscard]] std::vector<HttpRequest> log() const;
  [[nodiscard]] std::size_t requests() const;

 private:
  struct Call;
  struct Rule;
  using Calls = std::deque<std::shared_ptr<Call>>;

  CallId start_call(HttpRequest request, OnPart on_part, Completion done);

  // With mutex_ held.
  std::vector<Fault> faults_of(const HttpRequest& request, std::size_t number);
  [[nodiscard]] std::size_t held_now() const;

  void travel(const std::shared_ptr<Call>& call);
  Result<HttpResponse> answer(const Call& call);
  bool take(const std::shared_ptr<Call>& call);
  void hand_on(const std::shared_ptr<Call>& call);

  const Handler handler_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Calls calls_;
  std::vector<Rule> rules_;
  std::vector<HttpRequest> log_;
  CallId next_id_ = 1;
  bool woken_ = false;
};

}  // namespace syncline::testing

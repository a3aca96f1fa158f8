// What goes wrong with the requests of one device: a rule of a scenario file, and how it is carried out. Some happen in
// the transport (dropped, held, twice, cut off), others to the answer on its way back. [one thread]
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/http.h"
#include "scenario/fields.h"
#include "support/fake_transport.h"

namespace syncline::scenario {

// The operation's name in the API model; empty: no operation.
std::string operation_of(const HttpRequest& request);
// Throws BadScenario unless it is a name of an operation.
void check_operation(const std::string& name);

// Which requests are meant: those of one operation, or all; the first few skipped; so many of them.
class Selection {
 public:
  Selection(std::string operation, std::int64_t skip, std::int64_t times);
  // Reads "request", "skip" and "times".
  explicit Selection(Fields& details);
  // Counts the request in.
  bool meets(const HttpRequest& request);
  [[nodiscard]] bool ever_met() const { return met_ > 0; }

 private:
  std::string operation_;
  std::int64_t skip_;
  std::int64_t times_;
  std::int64_t met_ = 0;
};

struct FaultRule {
  enum class Kind : std::uint8_t {
    kInTransport,  // `transport` says what
    kRefuse,       // the answer is `answer`, and the service never saw the request
    kRefuseAfter,  // the same after the service did what was asked
    kEdit,         // the answer is changed as `edit` says
    kDelay,        // lost for the caller, seen by the service at the next "deliver" step
    kEcho,         // answered, and seen once more at the next "deliver" step
  };
  std::string name;
  Kind kind;
  Selection selection;
  std::optional<testing::Fault> transport;
  HttpResponse answer;
  Json edit;
};

// Reads the arguments of a "fault" step.
std::shared_ptr<FaultRule> read_fault(Arguments& arguments);

void edit_answer(const Json& edit, HttpResponse& answer);

}  // namespace syncline::scenario

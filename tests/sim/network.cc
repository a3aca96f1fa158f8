#include "sim/network.h"

#include <algorithm>
#include <array>

#include "sim/chance.h"
#include "sim/http_bytes.h"
#include "wire/messages.h"

namespace syncline::sim {

namespace {

constexpr std::int64_t kTimeOut = 10'000;
constexpr std::array<const char*, 5> kOperations{"", "ListRecords", "UpdateRecords", "DeleteDataset", "identity"};

std::string operation_of(const HttpRequest& request) {
  if (find_header(request.headers, "X-Amz-Target") != nullptr) return "identity";
  const auto route = wire::parse_route(request.method, request.path);
  return route ? std::string(wire::to_string(route->operation)) : "unknown";
}

// What a proxy, a broken service or one that is overloaded says.
HttpResponse refusal(std::int64_t number) {
  const auto typed = [](int status, const char* type, const char* message) {
    return HttpResponse{.status = status,
                        .headers = {{"x-amzn-ErrorType", type}},
                        .body = std::string("{\"message\":\"") + message + "\"}"};
  };
  switch (number % 8) {
    case 0:
      return typed(500, "InternalErrorException", "simulated");
    case 1: {
      auto answer = typed(429, "TooManyRequestsException", "simulated");
      answer.headers.push_back({"Retry-After", std::to_string(number % 50)});
      return answer;
    }
    case 2: {
      auto answer = typed(503, "ServiceUnavailable", "simulated");
      answer.headers.push_back({"Retry-After", std::to_string(number % 7)});
      return answer;
    }
    case 3:
      return typed(400, "InvalidParameterException", "simulated");
    case 4:
      return typed(403, "NotAuthorizedException", "simulated");
    case 5:
      return typed(404, "ResourceNotFoundException", "simulated");
    case 6:
      return typed(409, "ResourceConflictException", "Current SyncCount for: k1 is: 5 not: 4");
    default:
      return HttpResponse{.status = 502, .headers = {{"Content-Type", "text/html"}}, .body = "<html>Bad Gateway"};
  }
}

// Somewhere in the head or in the body: gzip's size is chance, as tokens are, so not at a share of the whole.
void cut(std::string& answer, std::int64_t number) {
  const auto head = answer.find("\r\n\r\n") + 4;
  const auto share = static_cast<std::size_t>(number % 100);
  answer.resize(number % 3 == 0 ? (head - 4) * share / 100 : head + (answer.size() - head) * share / 100);
}

Error failed(ErrorCode code) {
  return Error{.code = code, .message = "simulated network"};
}

}  // namespace

Network::Network(Events& events, Trace& trace, std::uint64_t seed, Serve serve, std::string caller)
    : events_(events), trace_(trace), seed_(seed), serve_(std::move(serve)), caller_(std::move(caller)) {}

void Network::arm(const Step& fault) {
  armed_.push_back(fault);
}

void Network::cut_off(int device, std::int64_t milliseconds) {
  cut_until_[device] = events_.now() + milliseconds;
}

void Network::heal() {
  armed_.clear();
  cut_until_.clear();
}

bool Network::is_cut_off(int device) const {
  const auto until = cut_until_.find(device);
  return until != cut_until_.end() && events_.now() < until->second;
}

std::optional<Step> Network::take_fault(int device, const std::string& operation) {
  const auto meant = std::find_if(armed_.begin(), armed_.end(), [&](const Step& fault) {
    return fault.device == device &&
           (fault.key == 0 || kOperations[static_cast<std::size_t>(fault.key) % kOperations.size()] == operation);
  });
  if (meant == armed_.end()) return std::nullopt;
  const Step fault = *meant;
  armed_.erase(meant);
  return fault;
}

void Network::send(const std::shared_ptr<Mailbox>& from, HttpTransport::CallId call, const HttpRequest& request) {
  const std::string operation = operation_of(request);
  const auto number = ++from->requests;
  const auto chance = drawn(seed_, static_cast<std::uint64_t>(from->device), number);
  auto message = std::make_shared<Message>(Message{.from = from,
                                                   .call = call,
                                                   .bytes = request_bytes(request),
                                                   .way = 2 + static_cast<std::int64_t>(chance % 60),
                                                   .fault = take_fault(from->device, operation)});
  const std::string fault = message->fault ? " fault " + std::to_string(message->fault->kind) : "";
  trace_.line(std::to_string(events_.now()) + " " + caller_ + std::to_string(from->device) + " sends " + operation +
              fault);
  travel(message);
}

void Network::travel(const MessageP& message) {
  if (is_cut_off(message->from->device)) return give_up(message, ErrorCode::kNetwork, message->way);
  std::int64_t extra = 0;
  if (message->fault) {
    const auto number = message->fault->number;
    switch (static_cast<NetFault>(message->fault->kind)) {
      case NetFault::kDropRequest:
        return give_up(message, ErrorCode::kNetwork, message->way);
      case NetFault::kLoseRequest:
        return give_up(message, ErrorCode::kTimeout, kTimeOut);
      case NetFault::kRefuseBefore:
        return deliver(message, refusal(number), 2 * message->way);
      case NetFault::kDelayRequest:
        extra = number;
        break;
      default:
        break;
    }
  }
  if (extra > kTimeOut) give_up(message, ErrorCode::kTimeout, kTimeOut);
  events_.after(message->way + extra, [this, message] { carry(message); });
}

void Network::carry(const MessageP& message) {
  const bool awaited = message->from->calls.contains(message->call) && !message->from->dead;
  const auto device = message->from->device;
  carry_back(message, serve_(device, message->bytes, awaited));
  if (message->fault && static_cast<NetFault>(message->fault->kind) == NetFault::kDuplicate) {
    events_.after(message->fault->number, [this, message, device] { serve_(device, message->bytes, false); });
  }
}

void Network::carry_back(const MessageP& message, std::optional<std::string> answer) {
  if (!answer || is_cut_off(message->from->device)) return give_up(message, ErrorCode::kNetwork, message->way);
  std::int64_t extra = 0;
  if (message->fault) {
    const auto number = message->fault->number;
    switch (static_cast<NetFault>(message->fault->kind)) {
      case NetFault::kDropAnswer:
        return give_up(message, ErrorCode::kNetwork, message->way);
      case NetFault::kLoseAnswer:
        return give_up(message, ErrorCode::kTimeout, kTimeOut);
      case NetFault::kRefuseAfter:
        return deliver(message, refusal(number), message->way);
      case NetFault::kDelayAnswer:
        extra = number;
        break;
      case NetFault::kTruncate:
        cut(*answer, number);
        break;
      case NetFault::kShorten: {
        auto shortened = read_answer(*answer);
        if (shortened) shortened->body.resize(shortened->body.size() * static_cast<std::size_t>(number % 100) / 100);
        return deliver(message, std::move(shortened), message->way);
      }
      default:
        break;
    }
  }
  if (extra > kTimeOut) return give_up(message, ErrorCode::kTimeout, kTimeOut);
  deliver(message, read_answer(*answer), message->way + extra);
}

void Network::give_up(const MessageP& message, ErrorCode code, std::int64_t delay) {
  deliver(message, failed(code), delay);
}

void Network::deliver(const MessageP& message, Result<HttpResponse> outcome, std::int64_t delay) {
  events_.after(delay, [message, outcome = std::move(outcome)] {
    Mailbox& to = *message->from;
    if (to.dead || !to.calls.contains(message->call)) return;
    const bool twice = std::any_of(to.arrived.begin(), to.arrived.end(),
                                   [&](const auto& each) { return each.first == message->call; });
    if (twice) return;
    to.arrived.emplace_back(message->call, outcome);
    if (to.on_arrival) to.on_arrival();
  });
}

// --- a process's end of it ----------------------------------------------------------------------------------------

SimTransport::~SimTransport() {
  while (!mailbox_->calls.empty()) cancel(mailbox_->calls.begin()->first);
  mailbox_->dead = true;
}

SimTransport::CallId SimTransport::start(HttpRequest request, Completion done) {
  const CallId call = ++last_call_;
  mailbox_->calls.emplace(call, std::move(done));
  if (alive_()) network_.send(mailbox_, call, request);
  return call;
}

void SimTransport::cancel(CallId call) {
  auto found = mailbox_->calls.extract(call);
  if (found.empty()) return;
  found.mapped()(Error{.code = ErrorCode::kCancelled, .message = "simulated network: cancelled"});
}

void SimTransport::step() {
  while (!mailbox_->arrived.empty()) {
    auto [call, outcome] = std::move(mailbox_->arrived.front());
    mailbox_->arrived.pop_front();
    auto found = mailbox_->calls.extract(call);
    if (!found.empty()) found.mapped()(std::move(outcome));
  }
}

}  // namespace syncline::sim

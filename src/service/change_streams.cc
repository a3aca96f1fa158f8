#include "service/change_streams.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "service/answer.h"
#include "syncline/limits.h"
#include "wire/messages.h"

namespace syncline::service {

namespace {

constexpr std::string_view kPathStart = "/syncline";
constexpr std::string_view kPathEnd = "/changes";
// How long a client should wait before it comes again.
constexpr std::string_view kRetry = "retry: 2000\n";
constexpr std::string_view kHeartbeat = ":\n\n";

const std::string* find_parameter(const HttpRequest& request, std::string_view name) {
  const auto found =
      std::find_if(request.query.begin(), request.query.end(), [&](const auto& pair) { return pair.first == name; });
  return found == request.query.end() ? nullptr : &found->second;
}

// The identity is named as in the path of DescribeIdentityUsage.
Result<wire::Target> target_of(std::string_view path) {
  path.remove_prefix(kPathStart.size());
  path.remove_suffix(kPathEnd.size());
  const auto route = wire::parse_route("GET", path);
  if (!route || route->operation != wire::Operation::kDescribeIdentityUsage) {
    return Error{.code = ErrorCode::kInvalidParameter, .message = "The path of a stream must name one identity"};
  }
  return wire::check_target(*route);
}

Result<std::string> device_of(const HttpRequest& request) {
  const std::string* device = find_parameter(request, "deviceId");
  if (device == nullptr) return std::string();
  if (device->empty() || device->size() > kMaxDeviceIdCharacters) {
    return Error{.code = ErrorCode::kInvalidParameter,
                 .message = "deviceId must have 1 to " + std::to_string(kMaxDeviceIdCharacters) + " characters"};
  }
  return *device;
}

// nullopt: the client comes for the first time. What is no number of ours asks for everything.
std::optional<std::int64_t> last_event_of(const HttpRequest& request) {
  const std::string* text = find_header(request.headers, "Last-Event-ID");
  if (text == nullptr) text = find_parameter(request, "lastEventId");
  if (text == nullptr || text->empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = failed == std::errc() && end == text->data() + text->size() && number >= 0;
  return whole ? number : 0;
}

std::string event(const wire::Target& target, const DatasetChange& change) {
  return "id: " + std::to_string(change.number) +
         "\ndata: {\"source\":\"cognito-sync\",\"identityPoolId\":" + json_quote(target.pool.text()) +
         ",\"identityId\":" + json_quote(target.identity.text()) + ",\"datasetName\":" + json_quote(change.dataset) +
         ",\"syncCount\":" + std::to_string(change.count.value) + "}\n\n";
}

class ChangeStream final : public HttpStream {
 public:
  ChangeStream(ServiceStore& store, const Gate& gate, Clock& clock, Principal caller, wire::Target target,
               std::string device, std::unique_ptr<ChangeHub::Place> place)
      : store_(store),
        gate_(gate),
        clock_(clock),
        caller_(std::move(caller)),
        target_(std::move(target)),
        device_(std::move(device)),
        place_(std::move(place)) {}

  // `last_event`: what the client has had; nullopt: it begins now.
  Result<void> begin(std::optional<std::int64_t> last_event) {
    auto now = store_.changes(target_, 0);
    if (!now) return std::move(now).error();
    after_ = last_event.value_or(now->last);
    if (after_ > now->last) after_ = 0;
    greeting_ = std::string(kRetry) + "id: " + std::to_string(after_) + "\n\n";
    return {};
  }

  void listen(std::function<void()> wake) override { place_->listen(std::move(wake)); }

  std::optional<std::string> next(bool quiet) override {
    if (caller_.expires_at && *caller_.expires_at <= clock_.wall()) return std::nullopt;
    if (!gate_.allow(caller_, Access::kEither, target_)) return std::nullopt;
    auto changes = store_.changes(target_, after_);
    if (!changes) return std::nullopt;
    std::string bytes = std::exchange(greeting_, {});
    for (const DatasetChange& change : changes->datasets) {
      const bool own = !device_.empty() && change.writer == device_;
      if ((own ? change.by_others : change.number) > after_) bytes += event(target_, change);
    }
    after_ = changes->last;
    if (bytes.empty() && quiet) bytes = kHeartbeat;
    return bytes;
  }

 private:
  ServiceStore& store_;
  const Gate& gate_;
  Clock& clock_;
  Principal caller_;
  wire::Target target_;
  std::string device_;  // empty: not known
  std::unique_ptr<ChangeHub::Place> place_;
  std::int64_t after_ = 0;
  std::string greeting_;
};

}  // namespace

// --- ChangeHub ------------------------------------------------------------------------------------------------------

void ChangeHub::Place::listen(std::function<void()> wake) {
  const std::lock_guard lock(hub_.mutex_);
  wake_ = std::move(wake);
}

std::unique_ptr<ChangeHub::Place> ChangeHub::add(const IdentityId& identity) {
  // Made before the lock is taken, so that it goes after: its destructor takes the mutex.
  auto place = std::make_unique<Place>(*this, identity.text());
  const std::lock_guard lock(mutex_);
  auto& places = places_[identity.text()];
  if (places.size() >= kStreamsPerIdentity) return nullptr;
  places.push_back(place.get());
  return place;
}

void ChangeHub::notify(const IdentityId& identity) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(identity.text());
  if (found == places_.end()) return;
  for (const Place* place : found->second) {
    if (place->wake_) place->wake_();
  }
}

void ChangeHub::remove(Place& place) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(place.identity_);
  if (found == places_.end()) return;
  std::erase(found->second, &place);
  if (found->second.empty()) places_.erase(found);
}

// --- ChangeStreams --------------------------------------------------------------------------------------------------

bool ChangeStreams::is_for(const HttpRequest& request) {
  const std::string_view path = request.path;
  return request.method == "GET" && path.size() >= kPathStart.size() + kPathEnd.size() &&
         path.starts_with(kPathStart) && path.ends_with(kPathEnd);
}

Result<std::unique_ptr<HttpStream>> ChangeStreams::open(const HttpRequest& request, Principal caller, Clock& clock) {
  auto target = target_of(request.path);
  if (!target) return std::move(target).error();
  if (auto allowed = gate_.allow(caller, Access::kEither, *target); !allowed) return std::move(allowed).error();
  auto device = device_of(request);
  if (!device) return std::move(device).error();
  auto place = hub_.add(target->identity);
  if (!place) {
    return Error{.code = ErrorCode::kTooManyRequests, .message = "The identity has too many streams open"};
  }
  auto stream = std::make_unique<ChangeStream>(store_, gate_, clock, std::move(caller), std::move(*target),
                                               std::move(*device), std::move(place));
  if (auto begun = stream->begin(last_event_of(request)); !begun) return std::move(begun).error();
  return std::unique_ptr<HttpStream>(std::move(stream));
}

}  // namespace syncline::service

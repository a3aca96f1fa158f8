#include "syncline/client.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "client/client_impl.h"
#include "client/offline_transport.h"
#include "core/text.h"
#include "net/curl_transport.h"
#include "syncline/limits.h"

namespace syncline {

namespace {

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)};
}

// Delays beyond a day help nobody, and those beyond an age overflow the clock.
constexpr std::chrono::milliseconds kLongestDelay = std::chrono::hours{24};

template <typename Id>
Result<void> parse_option(const char* option, const std::string& text, Id& into) {
  if (text.empty()) return {};  // allowed until the first sync
  auto parsed = Id::parse(text);
  if (!parsed) return invalid(std::string("ClientOptions::") + option + ": " + parsed.error().message);
  into = std::move(*parsed);
  return {};
}

Result<wire::Target> parse_target(const ClientOptions& options) {
  wire::Target whose;
  if (auto pool = parse_option("identity_pool_id", options.identity_pool_id, whose.pool); !pool) {
    return std::move(pool).error();
  }
  if (auto identity = parse_option("identity_id", options.identity_id, whose.identity); !identity) {
    return std::move(identity).error();
  }
  return whose;
}

// It becomes a part of each signature, so it must not break a header.
bool is_region(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<void> check_names(const ClientOptions& options) {
  if (options.data_directory.empty()) return invalid("ClientOptions::data_directory is empty");
  if (!is_region(options.region)) return invalid("ClientOptions::region holds other characters than a-z A-Z 0-9 - _");
  const auto device = utf8_length(options.device_id);
  if (!device) return invalid("ClientOptions::device_id is not UTF-8");
  if (*device > kMaxDeviceIdCharacters) return invalid("ClientOptions::device_id has more than 256 characters");
  if (!options.endpoint.empty()) {
    if (auto host = net::endpoint_host(options.endpoint); !host) return std::move(host).error();
  }
  return {};
}

Result<void> check_times(const ClientOptions& options) {
  const auto in_range = [](std::chrono::milliseconds delay) { return delay.count() >= 0 && delay <= kLongestDelay; };
  if (options.retry.attempts < 1) return invalid("ClientOptions::retry.attempts is below 1");
  if (!in_range(options.retry.first_delay) || !in_range(options.retry.longest_delay)) {
    return invalid("ClientOptions::retry: a delay is negative or longer than a day");
  }
  if (options.connect_timeout.count() <= 0 || options.request_timeout.count() <= 0) {
    return invalid("ClientOptions: connect_timeout and request_timeout must be positive");
  }
  if (options.lock_timeout.count() < 0) return invalid("ClientOptions::lock_timeout is negative");
  const auto& automatic = options.automatic_sync;
  for (const auto time : {automatic.settle, automatic.longest_settle, automatic.period, automatic.jitter,
                          automatic.hint_jitter, automatic.first_delay, automatic.longest_delay}) {
    if (!in_range(time)) return invalid("ClientOptions::automatic_sync: a time is negative or longer than a day");
  }
  return {};
}

// All that can be said of the options before anything is opened.
Result<wire::Target> check(const ClientOptions& options) {
  if (auto names = check_names(options); !names) return std::move(names).error();
  if (auto times = check_times(options); !times) return std::move(times).error();
  if (auto identity = check_identity_options(options); !identity) return std::move(identity).error();
  return parse_target(options);
}

Result<std::unique_ptr<HttpTransport>> make_transport(const ClientOptions& options) {
  if (options.endpoint.empty()) return std::unique_ptr<HttpTransport>(std::make_unique<OfflineTransport>());
  return net::make_curl_transport(net::TransportOptions{.endpoint = options.endpoint,
                                                        .connect_timeout = options.connect_timeout,
                                                        .request_timeout = options.request_timeout,
                                                        .ca_file = options.ca_file});
}

}  // namespace

Result<Client> open_with(ClientOptions options, Ports ports) {
  return shielded([&]() -> Result<Client> {
    auto whose = check(options);
    if (!whose) return std::move(whose).error();
    if (!options.dispatcher) options.dispatcher = inline_dispatcher();
    auto store = store::Store::open({.directory = options.data_directory,
                                     .survive_power_cut = options.durability == Durability::kFull,
                                     .lock_timeout = options.lock_timeout});
    if (!store) return std::move(store).error();
    auto identity = (*store)->adopt_identity(whose->identity.text());
    if (!identity) return std::move(identity).error();
    if (auto last = parse_option("identity_id", *identity, whose->identity); !last) return std::move(last).error();
    // What another process, or one that was killed, left of a guest's. Should it fail, the next open tries again.
    std::ignore = (*store)->merge_identities();
    auto impl =
        std::make_shared<ClientImpl>(std::move(options), std::move(ports), std::move(*store), std::move(*whose));
    impl->start();
    return ClientImpl::wrap(std::move(impl));
  });
}

Result<Client> Client::open(ClientOptions options) {
  return shielded([&]() -> Result<Client> {
    if (auto checked = check(options); !checked) return std::move(checked).error();
    auto transport = make_transport(options);
    if (!transport) return std::move(transport).error();
    if (options.automatic_sync.enabled && !options.connectivity) options.connectivity = system_connectivity();
    return open_with(std::move(options), Ports{.clock = std::make_shared<SystemClock>(),
                                               .random = std::make_unique<SystemRandom>(),
                                               .transport = std::move(*transport)});
  });
}

Client::Client(std::shared_ptr<ClientImpl> impl) : impl_(std::move(impl)) {}

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->shutdown(std::chrono::milliseconds{0});
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Client::~Client() {
  if (impl_) impl_->shutdown(std::chrono::milliseconds{0});
}

Result<Dataset> Client::dataset(std::string_view name) {
  auto impl = impl_->dataset(name);
  if (!impl) return std::move(impl).error();
  return Dataset(std::move(*impl));
}

Result<std::vector<std::string>> Client::dataset_names() const {
  return impl_->dataset_names();
}

void Client::list_remote_datasets(std::function<void(const Result<std::vector<RemoteDataset>>&)> done) {
  impl_->list_remote_datasets(std::move(done));
}

void Client::synchronize(SyncAllCallback done) {
  impl_->synchronize_all(std::move(done));
}

std::optional<MonotonicTime> Client::tick(MonotonicTime now) {
  const auto alive = impl_;  // a callback may destroy the client
  return alive->tick(now);
}

ShutdownReport Client::shutdown(std::chrono::milliseconds deadline) {
  const auto alive = impl_;
  return alive->shutdown(deadline);
}

SyncStatus Client::status() {
  return impl_->status();
}

Subscription Client::on_status(StatusCallback callback) {
  return impl_->on_status(std::move(callback));
}

Subscription Client::on_progress(ProgressCallback callback) {
  return impl_->on_progress(std::move(callback));
}

Result<FlushReport> Client::flush(std::chrono::milliseconds deadline) {
  const auto alive = impl_;
  return shielded([&] { return alive->flush(deadline); });
}

void Client::network_changed(const Connectivity& network) {
  impl_->note(Autopilot::Rules::NetworkChanged{.network = network, .by_app = true});
}

void Client::entered_foreground() {
  impl_->note(Autopilot::Rules::CameToFront{});
}

void Client::entered_background() {
  impl_->note(Autopilot::Rules::WentToBack{});
}

void Client::credentials_changed() {
  impl_->note(Autopilot::Rules::CredentialsChanged{});
}

std::string Client::identity_id() const {
  return impl_->identity_id();
}

const std::optional<RecoveryReport>& Client::recovery() const {
  return impl_->recovery();
}

void Client::sign_in(Login login, GuestData guest_data, SignInCallback done) {
  impl_->sign_in(std::move(login), guest_data, std::move(done));
}

Result<std::vector<UnsentData>> Client::unsent(Whose whose) const {
  return shielded([&] { return impl_->unsent(whose); });
}

void Client::sign_out(DoneCallback done) {
  impl_->sign_out(std::move(done));
}

void Client::wipe(Whose whose, DoneCallback done) {
  impl_->wipe(whose, std::move(done));
}

}  // namespace syncline

#include "service/config_settings.h"

namespace syncline::service {

namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30U;
constexpr std::int64_t kMostEntries = 1'000'000;

using Config = ServeConfig&;

constexpr Setting kSettings[] = {
    {"listen", "HOST:PORT or [V6]:PORT; port 0 takes a free one",
     [](Config c) -> Field { return TextField{c.server.listen}; }},
    {"data", "The data directory; made at the first start",
     [](Config c) -> Field { return TextField{c.server.data_dir}; }},
    {"region", "Of the pools' and identities' ids; fixed by the first start",
     [](Config c) -> Field { return TextField{c.server.region}; }},
    {"log_level", "debug, info, warning or error", [](Config c) -> Field { return LevelField{c.log_level}; }},
    {"log_requests", "A line for each request, of level info (error: its answer was 5xx)",
     [](Config c) -> Field { return SwitchField{c.log_requests}; }},

    {"tls.certificate", "PEM file, the server's own certificate first; read anew on SIGHUP. Empty: plain HTTP",
     [](Config c) -> Field {
       return TextField{c.server.tls.certificate, true};
     }},
    {"tls.key", "PEM file without a passphrase; both or neither",
     [](Config c) -> Field {
       return TextField{c.server.tls.key, true};
     }},

    {"metrics.listen",
     "HOST:PORT for /metrics (and /healthz, /readyz), plain HTTP. Empty: `listen` has it, for callers on this machine "
     "only; set it if a proxy on this machine does not send X-Forwarded-For",
     [](Config c) -> Field {
       return TextField{c.server.metrics_listen, true};
     }},

    {"quotas.datasets_per_identity", "Datasets that exist",
     [](Config c) -> Field {
       return NumberField{&c.server.quotas.datasets_per_identity, 1, kMostEntries};
     }},
    {"quotas.records_per_dataset", "Records that exist; removed ones are not counted",
     [](Config c) -> Field {
       return NumberField{&c.server.quotas.records_per_dataset, 1, kMostEntries};
     }},
    {"quotas.bytes_per_dataset", "Of their keys and values",
     [](Config c) -> Field {
       return NumberField{&c.server.quotas.bytes_per_dataset, 1, kMostBytes};
     }},

    {"tokens.session_seconds", "How long a SyncSessionToken is good for",
     [](Config c) -> Field { return SecondsField{c.server.session_lifetime}; }},
    {"tokens.page_seconds", "How long a NextToken is good for, from the first page on",
     [](Config c) -> Field { return SecondsField{c.server.page_lifetime}; }},
    {"tokens.credentials_seconds", "How long an identity's temporary credentials are good for",
     [](Config c) -> Field { return SecondsField{c.server.credentials_lifetime}; }},

    {"rates.identity_per_second", "Calls signed by one identity, and one more for each 64 KiB they move; 0: no limit",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.identity.per_second, 0, kMostEntries};
     }},
    {"rates.identity_burst", "So many at once",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.identity.burst, 1, kMostEntries};
     }},
    {"rates.address_per_second", "Calls from one IPv4 address or IPv6 /64 network, a developer's left out; 0: no limit",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.address.per_second, 0, kMostEntries};
     }},
    {"rates.address_burst", "So many at once",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.address.burst, 1, kMostEntries};
     }},
    {"rates.unsigned_per_second", "Of these, the unsigned ones, such as GetId, which makes identities; 0: no limit",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.unsigned_calls.per_second, 0, kMostEntries};
     }},
    {"rates.unsigned_burst", "So many at once",
     [](Config c) -> Field {
       return NumberField{&c.server.rates.unsigned_calls.burst, 1, kMostEntries};
     }},
    {"rates.proxies",
     "Addresses of proxies before the service: their calls count for the last other address in X-Forwarded-For, and "
     "for none without it",
     [](Config c) -> Field { return TextsField{c.server.rates.proxies}; }},

    {"delivery.sns",
     "Endpoint for pushes, such as https://sns.us-east-1.amazonaws.com; DELIVERY.md. Empty: none are sent",
     [](Config c) -> Field {
       return TextField{c.server.delivery.sns, true};
     }},
    {"delivery.kinesis", "Endpoint for streams. Empty: nothing is streamed",
     [](Config c) -> Field {
       return TextField{c.server.delivery.kinesis, true};
     }},
    {"delivery.s3", "Endpoint for a stream's records above 50 KB. Empty: they stay inside the stream",
     [](Config c) -> Field {
       return TextField{c.server.delivery.s3, true};
     }},
    {"delivery.bucket", "Where these go",
     [](Config c) -> Field {
       return TextField{c.server.delivery.bucket, true};
     }},
    {"delivery.lambda", "Endpoint for sync triggers. Empty: updates pass without them",
     [](Config c) -> Field {
       return TextField{c.server.delivery.lambda, true};
     }},
    {"delivery.region", "Of the signatures. Empty: the service's own",
     [](Config c) -> Field {
       return TextField{c.server.delivery.region, true};
     }},
    {"delivery.access_key_id", "As whom all these are called. Empty: AWS_ACCESS_KEY_ID and its like of the environment",
     [](Config c) -> Field {
       return TextField{c.server.delivery.credentials.access_key_id, true};
     }},
    {"delivery.secret_access_key", "Never shown here",
     [](Config c) -> Field { return SecretField{c.server.delivery.credentials.secret_access_key}; }},
    {"delivery.session_token", "Never shown here",
     [](Config c) -> Field { return SecretField{c.server.delivery.credentials.session_token}; }},
    {"delivery.attempts", "After so many, a message is a dead letter",
     [](Config c) -> Field {
       return NumberField{&c.server.delivery.limits.attempts, 1, kMostEntries};
     }},
    {"delivery.age_seconds", "And after so long",
     [](Config c) -> Field { return SecondsField{c.server.delivery.limits.age}; }},
    {"delivery.longest_delay_seconds", "Between two attempts",
     [](Config c) -> Field { return SecondsField{c.server.delivery.limits.longest_delay}; }},
    {"delivery.request_timeout_seconds", "Of each attempt",
     [](Config c) -> Field { return SecondsField{c.server.delivery.request_timeout}; }},
    {"delivery.triggers_at_once", "Each holds one of limits.worker_threads for up to 5 seconds",
     [](Config c) -> Field {
       return NumberField{&c.server.delivery.triggers_at_once, 1, 256};
     }},

    {"limits.io_threads", "Move bytes and answer GETs; by default one a core, at least 2",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.io_threads, 1, 256};
     }},
    {"limits.worker_threads", "Answer everything else; as many writes can share a commit",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.worker_threads, 1, 256};
     }},
    {"limits.queue", "Requests that wait for a worker; one more is answered 503",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.queue, 1, kMostEntries};
     }},
    {"limits.connections", "One more is answered 503 and closed",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.connections, 1, kMostEntries};
     }},
    {"limits.header_bytes", "Of one request, its first line included; more is 431",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.header_bytes, 1024, kMostBytes};
     }},
    {"limits.body_bytes", "Of one request; more is 413",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.body_bytes, 1024, kMostBytes};
     }},
    {"limits.all_bodies_bytes", "Of all requests under way, as far as they have arrived; more is 503",
     [](Config c) -> Field {
       return NumberField{&c.server.limits.all_bodies_bytes, 1024, 64 * kMostBytes};
     }},
    {"limits.header_timeout_seconds", "From the last answer to the end of the next header",
     [](Config c) -> Field { return SecondsField{c.server.limits.header_timeout}; }},
    {"limits.body_timeout_seconds", "For one request's body, and for sending one answer",
     [](Config c) -> Field { return SecondsField{c.server.limits.body_timeout}; }},
    {"limits.heartbeat_seconds", "How long a stream of changes is silent at most",
     [](Config c) -> Field { return SecondsField{c.server.limits.heartbeat}; }},
    {"limits.stop_timeout_seconds", "How long requests under way have to end after SIGTERM",
     [](Config c) -> Field { return SecondsField{c.server.limits.stop_timeout}; }},
};

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

}  // namespace syncline::service

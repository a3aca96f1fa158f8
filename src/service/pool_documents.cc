#include "service/pool_documents.h"

#include <string>
#include <string_view>
#include <utility>

namespace syncline::service {

namespace {

// What was never written is `none`; what can't be read was not written by us.
template <typename Value>
Result<Revised<Value>> load(ServiceStore& store, const IdentityPoolId& pool, PoolDocument document,
                            Result<Value> (*decode)(std::string_view), Value none) {
  auto stored = store.document(pool, document);
  if (!stored) return std::move(stored).error();
  if (stored->revision == 0) return Revised<Value>{.value = std::move(none), .revision = 0};
  auto value = decode(stored->body);
  if (!value) {
    return Error{.code = ErrorCode::kCorrupt, .message = "a document of a pool: " + value.error().message};
  }
  return Revised<Value>{.value = std::move(*value), .revision = stored->revision};
}

}  // namespace

Result<Revised<wire::IdentityPoolConfigurationAnswer>> load_configuration(ServiceStore& store,
                                                                          const IdentityPoolId& pool) {
  return load(store, pool, PoolDocument::kConfiguration, wire::decode_identity_pool_configuration,
              wire::IdentityPoolConfigurationAnswer{.pool_id = pool.text(), .push_sync = {}, .streams = {}});
}

Result<Revised<wire::GetCognitoEventsAnswer>> load_events(ServiceStore& store, const IdentityPoolId& pool) {
  return load(store, pool, PoolDocument::kEvents, wire::decode_get_cognito_events, wire::GetCognitoEventsAnswer{});
}

Result<Revised<wire::BulkPublishDetails>> load_bulk_publish(ServiceStore& store, const IdentityPoolId& pool) {
  return load(store, pool, PoolDocument::kBulkPublish, wire::decode_bulk_publish_details,
              wire::BulkPublishDetails{.pool_id = pool.text()});
}

Result<Revised<wire::IdentityPool>> load_definition(ServiceStore& store, const IdentityPoolId& pool) {
  return load(store, pool, PoolDocument::kDefinition, wire::decode_identity_pool,
              wire::IdentityPool{.id = pool.text(), .name = "syncline", .allow_guests = false});
}

Result<void> save(ServiceStore& store, const IdentityPoolId& pool,
                  const Revised<wire::IdentityPoolConfigurationAnswer>& configuration) {
  return store.replace_document(pool, PoolDocument::kConfiguration, wire::encode_answer(configuration.value),
                                configuration.revision);
}

Result<void> save(ServiceStore& store, const IdentityPoolId& pool,
                  const Revised<wire::GetCognitoEventsAnswer>& events) {
  return store.replace_document(pool, PoolDocument::kEvents, wire::encode_answer(events.value), events.revision);
}

Result<void> save(ServiceStore& store, const IdentityPoolId& pool, const Revised<wire::BulkPublishDetails>& details) {
  return store.replace_document(pool, PoolDocument::kBulkPublish, wire::encode_answer(details.value), details.revision);
}

Result<void> save(ServiceStore& store, const IdentityPoolId& pool, const Revised<wire::IdentityPool>& definition) {
  return store.replace_document(pool, PoolDocument::kDefinition, wire::encode_identity_pool(definition.value),
                                definition.revision);
}

Result<void> finish_bulk_publish(ServiceStore& store, const IdentityPoolId& pool, const Result<void>& outcome,
                                 Timestamp now) {
  auto details = load_bulk_publish(store, pool);
  if (!details) return std::move(details).error();
  if (details->value.status != wire::BulkPublishStatus::kInProgress) {
    return Error{.code = ErrorCode::kResourceNotFound, .message = "no bulk publish of the pool is under way"};
  }
  details->value.completed_at = now;
  details->value.status = outcome ? wire::BulkPublishStatus::kSucceeded : wire::BulkPublishStatus::kFailed;
  if (!outcome) details->value.failure = outcome.error().message;
  return save(store, pool, *details);
}

}  // namespace syncline::service

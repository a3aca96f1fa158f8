// What a pool was told, as values: the store keeps the API's own JSON. Each is read with its revision, and written only
// if nobody else has written it since: that is what ConcurrentModificationException means here. [any thread]
#pragma once

#include <cstdint>

#include "service/service_store.h"
#include "syncline/result.h"
#include "wire/identity_messages.h"
#include "wire/messages.h"

namespace syncline::service {

template <typename Value>
struct Revised {
  Value value;
  std::int64_t revision = 0;
};

// Errors: kResourceNotFound (no such pool), the store's. [blocks: disk, reading]
Result<Revised<wire::IdentityPoolConfigurationAnswer>> load_configuration(ServiceStore& store,
                                                                          const IdentityPoolId& pool);
Result<Revised<wire::GetCognitoEventsAnswer>> load_events(ServiceStore& store, const IdentityPoolId& pool);
// One that was never defined (the first start's, until it is updated) has no providers and takes no guests.
Result<Revised<wire::IdentityPool>> load_definition(ServiceStore& store, const IdentityPoolId& pool);
Result<Revised<wire::BulkPublishDetails>> load_bulk_publish(ServiceStore& store, const IdentityPoolId& pool);

// Error: kConcurrentModification. [blocks: disk]
Result<void> save(ServiceStore& store, const IdentityPoolId& pool,
                  const Revised<wire::IdentityPoolConfigurationAnswer>& configuration);
Result<void> save(ServiceStore& store, const IdentityPoolId& pool, const Revised<wire::GetCognitoEventsAnswer>& events);
Result<void> save(ServiceStore& store, const IdentityPoolId& pool, const Revised<wire::BulkPublishDetails>& details);
Result<void> save(ServiceStore& store, const IdentityPoolId& pool, const Revised<wire::IdentityPool>& definition);

// Ends the bulk publish that is under way, for whoever carries it out: `outcome` is success or what went wrong.
// Error: kResourceNotFound: none is under way. [blocks: disk]
Result<void> finish_bulk_publish(ServiceStore& store, const IdentityPoolId& pool, const Result<void>& outcome,
                                 Timestamp now);

}  // namespace syncline::service

#include "service/operations.h"

#include <array>
#include <cstddef>

namespace syncline::service {

namespace {

using enum wire::Operation;

// protocol.md, section 1. The method and path of each are in wire/routes.cc.
constexpr std::array<OperationRow, 17> kOperations{{
    {kListIdentityPoolUsage, Access::kDeveloper, list_identity_pool_usage},
    {kDescribeIdentityPoolUsage, Access::kDeveloper, describe_identity_pool_usage},
    {kBulkPublish, Access::kDeveloper, bulk_publish},
    {kGetBulkPublishDetails, Access::kDeveloper, get_bulk_publish_details},
    {kGetIdentityPoolConfiguration, Access::kDeveloper, get_identity_pool_configuration},
    {kSetIdentityPoolConfiguration, Access::kDeveloper, set_identity_pool_configuration},
    {kGetCognitoEvents, Access::kDeveloper, get_cognito_events},
    {kSetCognitoEvents, Access::kDeveloper, set_cognito_events},
    {kDescribeIdentityUsage, Access::kEither, describe_identity_usage},
    {kListDatasets, Access::kEither, list_datasets},
    {kDescribeDataset, Access::kEither, describe_dataset},
    {kDeleteDataset, Access::kEither, delete_dataset},
    {kListRecords, Access::kEither, list_records},
    {kUpdateRecords, Access::kEither, update_records},
    {kRegisterDevice, Access::kIdentity, register_device},
    {kSubscribeToDataset, Access::kIdentity, subscribe_to_dataset},
    {kUnsubscribeFromDataset, Access::kIdentity, unsubscribe_from_dataset},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kOperations.size(); ++i) {
    if (static_cast<std::size_t>(kOperations[i].operation) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a row's place is its operation's number");

}  // namespace

const OperationRow& row_of(wire::Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}

}  // namespace syncline::service

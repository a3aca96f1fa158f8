// Which operation a method and path ask for: the one table of paths (protocol.md, section 1).
#include <algorithm>
#include <array>
#include <span>

#include "core/text.h"
#include "syncline/limits.h"
#include "wire/constraints.h"
#include "wire/messages.h"

namespace syncline::wire {

namespace {

struct RouteRow {
  Operation operation;
  std::string_view name;
  std::string_view method;
  std::string_view pattern;
};

using enum Operation;

constexpr std::array<RouteRow, 17> kRoutes{{
    {kListIdentityPoolUsage, "ListIdentityPoolUsage", "GET", "/identitypools"},
    {kDescribeIdentityPoolUsage, "DescribeIdentityPoolUsage", "GET", "/identitypools/{pool}"},
    {kBulkPublish, "BulkPublish", "POST", "/identitypools/{pool}/bulkpublish"},
    {kGetBulkPublishDetails, "GetBulkPublishDetails", "POST", "/identitypools/{pool}/getBulkPublishDetails"},
    {kGetIdentityPoolConfiguration, "GetIdentityPoolConfiguration", "GET", "/identitypools/{pool}/configuration"},
    {kSetIdentityPoolConfiguration, "SetIdentityPoolConfiguration", "POST", "/identitypools/{pool}/configuration"},
    {kGetCognitoEvents, "GetCognitoEvents", "GET", "/identitypools/{pool}/events"},
    {kSetCognitoEvents, "SetCognitoEvents", "POST", "/identitypools/{pool}/events"},
    {kDescribeIdentityUsage, "DescribeIdentityUsage", "GET", "/identitypools/{pool}/identities/{identity}"},
    {kListDatasets, "ListDatasets", "GET", "/identitypools/{pool}/identities/{identity}/datasets"},
    {kDescribeDataset, "DescribeDataset", "GET", "/identitypools/{pool}/identities/{identity}/datasets/{dataset}"},
    {kDeleteDataset, "DeleteDataset", "DELETE", "/identitypools/{pool}/identities/{identity}/datasets/{dataset}"},
    {kListRecords, "ListRecords", "GET", "/identitypools/{pool}/identities/{identity}/datasets/{dataset}/records"},
    {kUpdateRecords, "UpdateRecords", "POST", "/identitypools/{pool}/identities/{identity}/datasets/{dataset}"},
    {kRegisterDevice, "RegisterDevice", "POST", "/identitypools/{pool}/identity/{identity}/device"},
    {kSubscribeToDataset, "SubscribeToDataset", "POST",
     "/identitypools/{pool}/identities/{identity}/datasets/{dataset}/subscriptions/{device}"},
    {kUnsubscribeFromDataset, "UnsubscribeFromDataset", "DELETE",
     "/identitypools/{pool}/identities/{identity}/datasets/{dataset}/subscriptions/{device}"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRoutes.size(); ++i) {
    if (static_cast<std::size_t>(kRoutes[i].operation) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a row's place is its operation's number");

constexpr std::size_t kLongestRoute = 8;

// The path's segments, their percent-encoding undone; nullopt: malformed, or more than a route has.
std::optional<std::vector<std::string>> segments(std::string_view path) {
  std::vector<std::string> result;
  while (!path.empty()) {
    if (path.front() != '/' || result.size() == kLongestRoute) return std::nullopt;
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end));
    if (!segment || segment->empty()) return std::nullopt;
    result.push_back(std::move(*segment));
    path.remove_prefix(end);
  }
  return result;
}

std::string_view next_segment(std::string_view& pattern) {
  pattern.remove_prefix(1);
  const auto end = std::min(pattern.find('/'), pattern.size());
  const auto segment = pattern.substr(0, end);
  pattern.remove_prefix(end);
  return segment;
}

std::string* part_of(Route& route, std::string_view segment) {
  if (segment == "{pool}") return &route.pool;
  if (segment == "{identity}") return &route.identity;
  if (segment == "{dataset}") return &route.dataset;
  if (segment == "{device}") return &route.device;
  return nullptr;
}

bool matches(std::string_view pattern, std::span<const std::string> path, Route* into) {
  for (const std::string& segment : path) {
    if (pattern.empty()) return false;
    const auto expected = next_segment(pattern);
    if (expected.front() != '{') {
      if (expected != segment) return false;
    } else if (into != nullptr) {
      *part_of(*into, expected) = segment;
    }
  }
  return pattern.empty();
}

bool names(Operation operation, std::string_view part) {
  return kRoutes[static_cast<std::size_t>(operation)].pattern.find(part) != std::string_view::npos;
}

}  // namespace

std::string_view to_string(Operation operation) {
  return kRoutes[static_cast<std::size_t>(operation)].name;
}

std::optional<Route> parse_route(std::string_view method, std::string_view path) {
  const auto parts = segments(path);
  if (!parts || parts->empty()) return std::nullopt;
  for (const RouteRow& row : kRoutes) {
    if (row.method != method || !matches(row.pattern, *parts, nullptr)) continue;
    Route route;
    route.operation = row.operation;
    matches(row.pattern, *parts, &route);
    return route;
  }
  return std::nullopt;
}

Result<Target> check_target(const Route& route) {
  Target target;
  if (!names(route.operation, "{pool}")) return target;
  auto pool = checked_name<IdentityPoolId>(route.pool, "identityPoolId", kMaxIdentityCharacters, kIdentityPattern);
  if (!pool) return std::move(pool).error();
  target.pool = std::move(*pool);

  if (!names(route.operation, "{identity}")) return target;
  auto identity = checked_name<IdentityId>(route.identity, "identityId", kMaxIdentityCharacters, kIdentityPattern);
  if (!identity) return std::move(identity).error();
  target.identity = std::move(*identity);

  if (!names(route.operation, "{dataset}")) return target;
  auto dataset = checked_name<DatasetName>(route.dataset, "datasetName", kMaxDatasetNameCharacters, kDatasetPattern);
  if (!dataset) return std::move(dataset).error();
  target.dataset = std::move(*dataset);
  return target;
}

Result<void> check_device_id(std::string_view device_id) {
  if (is_device_id(device_id)) return {};
  return violation("Value", "deviceId", "have length from 1 to " + std::to_string(kMaxDeviceIdCharacters));
}

}  // namespace syncline::wire

#include "service_fixture.h"

#include <cstdlib>
#include <utility>

namespace syncline::service {

namespace {

template <typename Decoded>
auto decoded(const HttpResponse& response, Decoded decode) -> decltype(decode(response.body)) {
  if (response.status != 200) return wire::decode_error(response);
  return decode(response.body);
}

}  // namespace

wire::RecordPatch put(std::string key, std::string value, std::int64_t count) {
  return {.operation = wire::PatchOperation::kReplace,
          .key = std::move(key),
          .value = std::move(value),
          .sync_count = SyncCount{count},
          .device_modified_at = std::nullopt};
}

wire::RecordPatch removal(std::string key, std::int64_t count) {
  return {.operation = wire::PatchOperation::kRemove,
          .key = std::move(key),
          .value = std::nullopt,
          .sync_count = SyncCount{count},
          .device_modified_at = std::nullopt};
}

std::string text_of(const std::vector<RemoteRecord>& records) {
  std::string text;
  for (const RemoteRecord& record : records) {
    if (!text.empty()) text += ' ';
    text += record.key + "=" + record.version.value.value_or("(removed)") + "@" +
            std::to_string(record.version.count.value);
  }
  return text;
}

Caller::Caller(Service& service, Clock& clock, std::string_view identity)
    : service_(service), clock_(clock), identity_(identity) {}

wire::Target Caller::target(std::string_view dataset) const {
  wire::Target target;
  target.pool = IdentityPoolId::parse(service_.identity_pool_id()).value();
  target.identity = IdentityId::parse(identity_).value();
  if (!dataset.empty()) target.dataset = DatasetName::parse(dataset).value();
  return target;
}

Credentials Caller::credentials() const {
  return {.access_key_id = service_.access_key_id(),
          .secret_access_key = service_.secret_access_key(),
          .session_token = {},
          .expires_at = std::nullopt};
}

HttpRequest Caller::sign(HttpRequest request) const {
  auth::sign(request, kHost, scope(), credentials(), clock_.wall());
  return request;
}

Result<ListedPage> Caller::list(std::string_view dataset, std::int64_t since) const {
  wire::ListRecordsRequest request;
  request.target = target(dataset);
  request.last_sync_count = SyncCount{since};
  return list(request);
}

Result<ListedPage> Caller::list(const wire::ListRecordsRequest& request) const {
  return decoded(send(wire::encode(request)), wire::decode_list_records);
}

std::string Caller::session(std::string_view dataset) const {
  auto page = list(dataset);
  return page ? page->session_token : "no session: " + page.error().message;
}

Result<std::vector<RemoteRecord>> Caller::update(std::string_view dataset,
                                                 std::vector<wire::RecordPatch> patches) const {
  wire::UpdateRecordsRequest request;
  request.target = target(dataset);
  request.patches = std::move(patches);
  request.session_token = session(dataset);
  return update(request);
}

Result<std::vector<RemoteRecord>> Caller::update(const wire::UpdateRecordsRequest& request) const {
  return decoded(send(wire::encode(request)), wire::decode_update_records)
      .transform([](wire::UpdateRecordsAnswer answer) { return std::move(answer.records); });
}

Result<wire::Dataset> Caller::describe(std::string_view dataset) const {
  return decoded(send(wire::encode(wire::DescribeDatasetRequest{target(dataset)})), wire::decode_dataset)
      .transform([](wire::DatasetAnswer answer) { return std::move(answer.dataset); });
}

Result<wire::Dataset> Caller::remove_dataset(std::string_view dataset) const {
  return decoded(send(wire::encode(wire::DeleteDatasetRequest{target(dataset)})), wire::decode_dataset)
      .transform([](wire::DatasetAnswer answer) { return std::move(answer.dataset); });
}

Result<wire::ListDatasetsAnswer> Caller::datasets(std::optional<int> most, std::string token) const {
  wire::ListDatasetsRequest request;
  request.target = target("");
  request.max_results = most;
  request.next_token = std::move(token);
  return decoded(send(wire::encode(request)), wire::decode_list_datasets);
}

ServiceOptions ServiceTest::options() {
  return ServiceOptions{.data_dir = dir.path(), .clock = &clock, .quotas = quotas, .log = {}};
}

void ServiceTest::open() {
  auto opened = Service::open(options());
  ASSERT_TRUE(opened) << opened.error().message;
  service = std::move(*opened);
}

}  // namespace syncline::service

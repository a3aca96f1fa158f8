// What receivers answer to a delivery (Kinesis, S3, SNS), and what a sync trigger's function makes of an update
// (Lambda). Only 2xx is delivered, and what is said of anything else can stand in a log. What a function wants written
// expects what is stored, and passes unchanged through a function that changes nothing. Input: "l", then the function's
// output; or any other byte, four for the status, a line for the type, then the body.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "service/aws_requests.h"
#include "service/sync_trigger_rules.h"

namespace syncline::fuzz {
namespace {

constexpr std::size_t kLongestFailure = 450;  // two texts of 200, and who answered what
constexpr const char* kRegion = "us-east-1";

wire::Target target() {
  return {.pool = IdentityPoolId::parse("us-east-1:00000000-0000-0000-0000-000000000001").value(),
          .identity = IdentityId::parse("us-east-1:00000000-0000-0000-0000-000000000002").value(),
          .dataset = DatasetName::parse("game").value()};
}

bool can_be_shown(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

void check_answer(Bytes bytes) {
  HttpResponse answer{.status = 100 + static_cast<int>(bytes.number() % 500), .headers = {}, .body = {}};
  const auto type = bytes.until('\n');
  if (!type.empty()) answer.headers.push_back({"x-amzn-ErrorType", std::string(type)});
  answer.body = bytes.rest();
  const auto outcome = service::judge("SNS", answer);
  const bool delivered = outcome.kind == service::Outcome::Kind::kDelivered;
  require(delivered == (answer.status / 100 == 2), "a refusal is taken for a delivery, or a delivery for none");
  require(delivered == outcome.failure.empty(), "a failure without a text, or a text without a failure");
  require(outcome.failure.size() <= kLongestFailure && can_be_shown(outcome.failure), "a text that no log can show");
  require(can_be_shown(service::failure_type(answer)), "a type that no log can show");
  const auto endpoint = service::xml_text(answer.body, "EndpointArn");
  require(answer.body.find(endpoint) != std::string::npos, "a text that nobody sent");
}

std::vector<RemoteRecord> stored_records() {
  std::vector<RemoteRecord> records{{.key = "kept"}, {.key = "changed"}, {.key = "removed"}};
  for (std::size_t i = 0; i < records.size(); ++i)
    records[i].version.count = SyncCount{static_cast<std::int64_t>(i + 1)};
  records[0].version.value = "stays";
  records[1].version.value = "before";
  return records;
}

bool equal(const service::Patch& a, const service::Patch& b) {
  return a.key == b.key && a.value == b.value && a.expected == b.expected &&
         a.device_modified_at == b.device_modified_at;
}

void check_output(std::string_view output) {
  const auto stored = stored_records();
  const std::vector<service::Patch> asked{{.key = "changed", .value = "after", .expected = SyncCount{2}},
                                          {.key = "new", .value = "first", .expected = {}}};
  auto written = service::patches_of(output, kRegion, target(), stored, asked);
  if (!written) {
    require(written.error().code == ErrorCode::kInvalidLambdaFunctionOutput && !written.error().message.empty(),
            "no reason");
    return;
  }
  for (const auto& patch : *written) {
    const auto found =
        std::find_if(stored.begin(), stored.end(), [&](const RemoteRecord& each) { return each.key == patch.key; });
    require(patch.expected == (found == stored.end() ? SyncCount{} : found->version.count), "another count");
  }
  const auto event = service::trigger_event(kRegion, target(), stored, *written);
  const auto again = service::patches_of(event, kRegion, target(), stored, *written);
  std::sort(written->begin(), written->end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  require(again && std::equal(again->begin(), again->end(), written->begin(), written->end(), equal),
          "a function that changes nothing changes something");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  fuzz::Bytes bytes(data, size);
  if (bytes.byte() == 'l') {
    fuzz::check_output(bytes.rest());
  } else {
    fuzz::check_answer(bytes);
  }
  return 0;
}

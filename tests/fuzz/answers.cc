// The answers of every operation, and of a failed one, as whoever stands in between could send them. What is decoded
// and encoded again is decoded as the same. Input: a byte for the operation, then the body.
#include <optional>

#include "fuzz/fuzz.h"
#include "wire/messages.h"

namespace syncline::fuzz {
namespace {

template <typename Decode>
void there_and_back(std::string_view body, Decode decode) {
  auto decoded = decode(body);
  if (!decoded) {
    require(!decoded.error().message.empty(), "an error without a message");
    return;
  }
  const auto encoded = wire::encode_answer(*decoded);
  const auto again = decode(encoded);
  require(again.has_value(), "what was encoded is not decoded");
  require(wire::encode_answer(*again) == encoded, "decode, encode, decode is not the same");
}

// "STATUS type\nbody"
void failed(Bytes bytes) {
  HttpResponse response{.status = 400 + bytes.byte(), .headers = {}, .body = {}};
  const auto type = bytes.until('\n');
  if (!type.empty()) response.headers.push_back({"x-amzn-ErrorType", std::string(type)});
  const auto retry_after = bytes.until('\n');
  if (!retry_after.empty()) response.headers.push_back({"Retry-After", std::string(retry_after)});
  response.body = bytes.rest();
  const auto error = wire::decode_error(response);
  require(!error.message.empty(), "an error without a message");
  require(!error.retry_after || error.retry_after->count() >= 0, "a negative delay");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  fuzz::Bytes bytes(data, size);
  switch (bytes.byte()) {
    case 'd':
      fuzz::there_and_back(bytes.rest(), wire::decode_list_datasets);
      break;
    case 'o':
      fuzz::there_and_back(bytes.rest(), wire::decode_dataset);
      break;
    case 'r':
      fuzz::there_and_back(bytes.rest(), wire::decode_list_records);
      break;
    case 'u':
      fuzz::there_and_back(bytes.rest(), wire::decode_update_records);
      break;
    default:
      fuzz::failed(bytes);
      break;
  }
  return 0;
}

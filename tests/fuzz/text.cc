// Text that comes from outside: HTTP dates, UTF-8, names and keys, Accept-Encoding, addresses. What is read and written
// again is the same. Input: the text.
#include "core/text.h"

#include "core/http.h"
#include "fuzz/fuzz.h"
#include "net/gzip.h"
#include "service/listen_address.h"
#include "syncline/values.h"

namespace syncline::fuzz {
namespace {

void check_date(std::string_view text) {
  const auto date = parse_http_date(text);
  if (!date) return;
  require(parse_http_date(format_http_date(*date)) == date, "a date does not come back");
}

void check_names(std::string_view text) {
  const auto length = utf8_length(text);
  require(!length || *length <= text.size(), "more characters than bytes");
  require(check_key(text).has_value() == (length && *length >= 1 && *length <= 1'024), "a key's limit is another");
  require(length || !check_value(text), "a value that is not UTF-8");
  if (const auto name = DatasetName::parse(text)) require(name->text() == text, "a name changed");
  if (const auto id = IdentityId::parse(text)) require(id->text() == text, "an id changed");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::check_date(text);
  fuzz::check_names(text);
  (void)net::offers_gzip(text);
  if (const auto address = service::parse_listen_address(text)) {
    fuzz::require(!address->host.empty(), "an address without a host");
  }
  if (const auto packed = net::gzip(text)) fuzz::require(packed->size() >= 18, "less than gzip's own bytes");
  return 0;
}

// The form of a request that a signature covers, and the signature of it. Private to auth; signer and verifier share
// it. Source: AWS General Reference, "Create a signed AWS API request"; checked against botocore in tests/unit/auth.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/signature.h"
#include "core/http.h"
#include "syncline/values.h"

namespace syncline::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// The query's names, in the form that has the signature there; names are case-sensitive.
inline constexpr std::string_view kQueryAlgorithm = "X-Amz-Algorithm";
inline constexpr std::string_view kQueryCredential = "X-Amz-Credential";
inline constexpr std::string_view kQueryDate = "X-Amz-Date";
inline constexpr std::string_view kQueryExpires = "X-Amz-Expires";
inline constexpr std::string_view kQuerySecurityToken = "X-Amz-Security-Token";
inline constexpr std::string_view kQuerySignature = "X-Amz-Signature";
inline constexpr std::string_view kQuerySignedHeaders = "X-Amz-SignedHeaders";

// "20261122T101500Z", UTC, as ISO 8601's basic form.
std::string format_date(Timestamp moment);
// nullopt: not of exactly that form, or no date of the calendar.
std::optional<Timestamp> parse_date(std::string_view text);

// Dot segments resolved, empty segments dropped, each segment percent-encoded once more than it was sent.
std::string canonical_path(std::string_view path);
// Encoded, sorted by name, then value; X-Amz-Signature left out.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);
// A value trimmed, its inner runs of white space made one space.
std::string canonical_header_value(std::string_view value);
// The names of all headers: lower case, sorted, each once.
std::vector<std::string> header_names(const Headers& headers);
std::string join(std::span<const std::string> names, char separator);

// `names` in lower case; a header that is not there counts as empty.
std::string canonical_request(const HttpRequest& request, std::span<const std::string> names,
                              std::string_view payload_hash);

// "20261122/us-east-1/cognito-sync/aws4_request"
std::string credential_scope(std::string_view date_time, const Scope& scope);

// In lower-case hexadecimal digits.
std::string signature_of(std::string_view canonical_request, std::string_view date_time, const Scope& scope,
                         std::string_view secret);

}  // namespace syncline::auth

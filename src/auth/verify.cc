// The receiver's side. Messages are worded as the vendor's service words them, since its clients' users know these.
#include <algorithm>
#include <charconv>

#include "auth/canonical.h"
#include "auth/digest.h"
#include "auth/signature.h"
#include "core/text.h"

namespace syncline::auth {

namespace {

constexpr std::size_t kLongestAuthorization = 4096;  // a signature of 40 headers takes about 1,000
constexpr std::size_t kLongestToken = 16'384;
constexpr std::size_t kLongestKeyId = 128;
constexpr std::size_t kMostSignedHeaders = 100;
constexpr std::chrono::seconds kLongestLifetime{604'800};  // seven days: the protocol's own limit

constexpr std::string_view kWrongSignature =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method.";
constexpr std::string_view kWrongToken = "The security token included in the request is invalid.";

Error refused(std::string_view message) {
  return Error{.code = ErrorCode::kNotAuthorized, .message = std::string(message)};
}

// What a request says about its own signature, in either form.
struct Claim {
  std::string credential;      // KEY/20261122/us-east-1/cognito-sync/aws4_request
  std::string signed_headers;  // host;x-amz-date
  std::string signature;
  std::string date_time;  // 20261122T101500Z
  std::string token;      // empty: none
  // Of the query form; absent: as short as a signature in a header lasts.
  std::optional<std::chrono::seconds> lifetime;
  bool in_query = false;
};

struct CredentialParts {
  std::string_view key_id;
  std::string_view date;
  std::string_view region;
  std::string_view service;
  std::string_view terminator;
};

// --- the parts of a request, none of which may be there twice
// ---------------------------------------------------------

Result<std::optional<std::string>> single_header(const HttpRequest& request, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& header : request.headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (found) return refused("The header " + std::string(name) + " is there more than once.");
    found = canonical_header_value(header.value);
  }
  return found;
}

Result<std::optional<std::string>> single_parameter(const HttpRequest& request, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [parameter, value] : request.query) {
    if (parameter != name) continue;
    if (found) return refused("The query parameter " + std::string(name) + " is there more than once.");
    found = value;
  }
  return found;
}

Result<std::string> required_parameter(const HttpRequest& request, std::string_view name) {
  auto value = single_parameter(request, name);
  if (!value) return std::move(value).error();
  if (!*value || (*value)->empty()) {
    return refused("AWS query-string parameters must include '" + std::string(name) +
                   "'. Re-examine the query-string parameters.");
  }
  return std::move(**value);
}

// --- the header form ------------------------------------------------------------------------------------------------

// "Credential=..., SignedHeaders=..., Signature=..." after the algorithm.
Result<void> read_authorization(std::string_view text, Claim& claim) {
  if (text.size() > kLongestAuthorization) return refused("The Authorization header is too long.");
  if (!text.starts_with(kAlgorithm) || !text.substr(kAlgorithm.size()).starts_with(' ')) {
    return refused("The Authorization header must start with " + std::string(kAlgorithm) + ".");
  }
  text.remove_prefix(kAlgorithm.size() + 1);
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto part = canonical_header_value(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(part.find('='), part.size());
    const auto name = std::string_view(part).substr(0, equals);
    std::string* into = name == "Credential"      ? &claim.credential
                        : name == "SignedHeaders" ? &claim.signed_headers
                        : name == "Signature"     ? &claim.signature
                                                  : nullptr;
    if (into == nullptr || equals == part.size()) {
      return refused("The Authorization header holds something else than Credential, SignedHeaders and Signature.");
    }
    if (!into->empty()) return refused("The Authorization header holds " + std::string(name) + " more than once.");
    *into = part.substr(equals + 1);
  }
  for (const auto& [name, value] : {std::pair<std::string_view, const std::string&>{"Credential", claim.credential},
                                    {"SignedHeaders", claim.signed_headers},
                                    {"Signature", claim.signature}}) {
    if (value.empty()) return refused("Authorization header requires '" + std::string(name) + "' parameter.");
  }
  return {};
}

Result<Claim> read_header_claim(const HttpRequest& request, std::string_view authorization) {
  Claim claim;
  if (auto read = read_authorization(authorization, claim); !read) return std::move(read).error();
  auto date = single_header(request, "X-Amz-Date");
  if (!date) return std::move(date).error();
  if (!*date) return refused("Authorization header requires existence of an 'X-Amz-Date' header.");
  claim.date_time = std::move(**date);
  return claim;
}

// --- the query form -------------------------------------------------------------------------------------------------

Result<std::optional<std::chrono::seconds>> read_lifetime(const HttpRequest& request) {
  auto text = single_parameter(request, kQueryExpires);
  if (!text) return std::move(text).error();
  if (!*text) return std::optional<std::chrono::seconds>();
  std::int64_t seconds = 0;
  const auto* last = (*text)->data() + (*text)->size();
  const auto [end, error] = std::from_chars((*text)->data(), last, seconds);
  if (error != std::errc{} || end != last || seconds < 1 || seconds > kLongestLifetime.count()) {
    return refused("X-Amz-Expires must be a number of seconds from 1 to 604800.");
  }
  return std::optional(std::chrono::seconds(seconds));
}

Result<Claim> read_query_claim(const HttpRequest& request) {
  Claim claim;
  claim.in_query = true;
  auto algorithm = required_parameter(request, kQueryAlgorithm);
  if (!algorithm) return std::move(algorithm).error();
  if (*algorithm != kAlgorithm) return refused("X-Amz-Algorithm must be " + std::string(kAlgorithm) + ".");
  for (const auto& [name, into] : {std::pair{kQueryCredential, &claim.credential},
                                   {kQueryDate, &claim.date_time},
                                   {kQuerySignedHeaders, &claim.signed_headers},
                                   {kQuerySignature, &claim.signature}}) {
    auto value = required_parameter(request, name);
    if (!value) return std::move(value).error();
    *into = std::move(*value);
  }
  auto lifetime = read_lifetime(request);
  if (!lifetime) return std::move(lifetime).error();
  claim.lifetime = *lifetime;
  return claim;
}

// --- both forms -----------------------------------------------------------------------------------------------------

// In the query form the token may be in either place, but in one.
Result<std::string> read_token(const HttpRequest& request, bool in_query) {
  auto token = single_header(request, kQuerySecurityToken);
  if (!token) return std::move(token).error();
  auto in_parameter = single_parameter(request, kQuerySecurityToken);
  if (!in_parameter) return std::move(in_parameter).error();
  if (in_query && *in_parameter) {
    if (*token) return refused("X-Amz-Security-Token is in the query and in a header.");
    token = std::move(in_parameter);
  }
  if (!*token) return std::string();
  if ((*token)->empty() || (*token)->size() > kLongestToken) return refused(kWrongToken);
  return std::move(**token);
}

Result<Claim> read_claim(const HttpRequest& request) {
  auto authorization = single_header(request, "Authorization");
  if (!authorization) return std::move(authorization).error();
  const bool in_query = std::any_of(request.query.begin(), request.query.end(), [](const auto& parameter) {
    return parameter.first == kQueryAlgorithm || parameter.first == kQueryCredential ||
           parameter.first == kQuerySignature;
  });
  if (!*authorization && !in_query) return refused("Missing Authentication Token");
  if (*authorization && in_query) return refused("The request is signed twice: in the query and in a header.");

  auto claim = in_query ? read_query_claim(request) : read_header_claim(request, **authorization);
  if (!claim) return claim;
  auto token = read_token(request, in_query);
  if (!token) return std::move(token).error();
  claim->token = std::move(*token);
  return claim;
}

Result<CredentialParts> read_credential(std::string_view credential) {
  CredentialParts parts;
  for (auto* part : {&parts.terminator, &parts.service, &parts.region, &parts.date}) {
    const auto slash = credential.rfind('/');
    if (slash == std::string_view::npos) break;
    *part = credential.substr(slash + 1);
    credential = credential.substr(0, slash);
  }
  parts.key_id = credential;
  const bool plain = std::all_of(credential.begin(), credential.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (parts.date.empty() || parts.key_id.empty() || parts.key_id.size() > kLongestKeyId || !plain ||
      parts.key_id.find('/') != std::string_view::npos) {
    return refused("Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/term.");
  }
  return parts;
}

Result<void> check_scope(const CredentialParts& parts, const Scope& scope, std::string_view date_time) {
  if (parts.terminator != kTerminator) {
    return refused("Credential should be scoped with a valid terminator: '" + std::string(kTerminator) + "'.");
  }
  if (parts.region != scope.region) return refused("Credential should be scoped to region: '" + scope.region + "'.");
  if (parts.service != scope.service) {
    return refused("Credential should be scoped to correct service: '" + scope.service + "'.");
  }
  if (parts.date != date_time.substr(0, 8)) {
    return refused("Date in Credential scope does not match YYYYMMDD from the request's X-Amz-Date.");
  }
  return {};
}

Result<void> check_date(const Claim& claim, Timestamp now) {
  const auto date = parse_date(claim.date_time);
  if (!date) return refused("X-Amz-Date must be a date of the form 20261122T101500Z.");
  if (*date > now + kAllowedSkew) {
    return refused("Signature not yet current: " + claim.date_time + " is still later than " +
                   format_date(now + kAllowedSkew) + " (" + format_date(now) + " + 5 min.)");
  }
  const auto lifetime = claim.lifetime.value_or(std::chrono::seconds(kAllowedSkew));
  if (*date + lifetime < now) {
    const auto shown = claim.lifetime ? std::to_string(lifetime.count()) + " sec.)" : std::string("5 min.)");
    return refused("Signature expired: " + claim.date_time + " is now earlier than " + format_date(now - lifetime) +
                   " (" + format_date(now) + " - " + shown);
  }
  return {};
}

Result<std::vector<std::string>> read_signed_headers(std::string_view text) {
  std::vector<std::string> names;
  for (bool more = true; more && names.size() <= kMostSignedHeaders;) {
    const auto end = text.find(';');
    names.emplace_back(text.substr(0, end));
    more = end != std::string_view::npos;
    if (more) text.remove_prefix(end + 1);
  }
  const bool ascending = std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) == names.end();
  const bool lower = std::all_of(names.begin(), names.end(),
                                 [](const std::string& name) { return !name.empty() && ascii_lower(name) == name; });
  if (names.size() > kMostSignedHeaders || !ascending || !lower) {
    return refused("SignedHeaders must be at most 100 names in lower case, sorted, each once.");
  }
  return names;
}

Result<void> check_signed_headers(const HttpRequest& request, const Claim& claim,
                                  const std::vector<std::string>& names) {
  const auto is_signed = [&names](std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  const auto must = [](std::string_view name) {
    return refused("'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.");
  };
  if (auto host = single_header(request, "Host"); !host) return std::move(host).error();
  if (!is_signed("host")) return must("Host");
  if (!claim.in_query && !is_signed("x-amz-date")) return must("X-Amz-Date");
  // It says which operation is meant: of a request that was overheard, another one could be made.
  const bool names_operation = find_header(request.headers, "X-Amz-Target") != nullptr;
  if (names_operation && !is_signed("x-amz-target")) return must("X-Amz-Target");
  const bool token_in_header = find_header(request.headers, kQuerySecurityToken) != nullptr;
  if (token_in_header && !is_signed("x-amz-security-token")) return must("X-Amz-Security-Token");
  const auto absent = std::find_if(names.begin(), names.end(), [&request](const std::string& name) {
    return find_header(request.headers, name) == nullptr;
  });
  if (absent != names.end()) return refused("A header that SignedHeaders names is not in the request.");
  return {};
}

// The body is always covered: a client that says UNSIGNED-PAYLOAD must not send one.
Result<std::string> payload_hash(const HttpRequest& request) {
  auto computed = hex_encode(sha256(request.body));
  auto stated = single_header(request, "X-Amz-Content-Sha256");
  if (!stated) return std::move(stated).error();
  if (!*stated) return computed;
  if (**stated == kUnsignedPayload && request.body.empty()) return std::move(**stated);
  if (**stated != computed) {
    return refused("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return computed;
}

}  // namespace

Result<Verified> verify(const HttpRequest& request, const Scope& scope, Timestamp now, const SecretLookup& lookup) {
  auto claim = read_claim(request);
  if (!claim) return std::move(claim).error();
  const auto parts = read_credential(claim->credential);
  if (!parts) return parts.error();
  if (auto dated = check_date(*claim, now); !dated) return std::move(dated).error();
  if (auto scoped = check_scope(*parts, scope, claim->date_time); !scoped) return std::move(scoped).error();
  const auto names = read_signed_headers(claim->signed_headers);
  if (!names) return names.error();
  if (auto covered = check_signed_headers(request, *claim, *names); !covered) return std::move(covered).error();
  const auto hash = payload_hash(request);
  if (!hash) return hash.error();

  // An unknown key takes the same way as a wrong signature, with a secret that nobody has (no oracle, S4).
  const auto secret = lookup(parts->key_id, claim->token);
  const bool known = secret && !secret->empty();
  const auto expected =
      signature_of(canonical_request(request, *names, *hash), claim->date_time, scope, known ? *secret : "unknown");
  const bool same = equal_in_constant_time(expected, claim->signature);
  if (!known || !same) return refused(kWrongSignature);
  return Verified{std::string(parts->key_id), claim->token};
}

}  // namespace syncline::auth

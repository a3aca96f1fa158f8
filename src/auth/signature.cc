#include "auth/signature.h"

#include <algorithm>
#include <array>

#include "auth/canonical.h"
#include "auth/digest.h"
#include "core/text.h"

namespace syncline::auth {

namespace {

// A request that is sent again is signed anew: what the last signature added goes first.
void remove_signature(HttpRequest& request) {
  static constexpr std::array<std::string_view, 5> kHeaders{"Host", "X-Amz-Date", "X-Amz-Security-Token",
                                                            "X-Amz-Content-Sha256", "Authorization"};
  static constexpr std::array kParameters{kQueryAlgorithm,     kQueryCredential, kQueryDate,         kQueryExpires,
                                          kQuerySecurityToken, kQuerySignature,  kQuerySignedHeaders};
  std::erase_if(request.headers, [](const Header& header) {
    return std::any_of(kHeaders.begin(), kHeaders.end(),
                       [&header](std::string_view name) { return equal_ignoring_case(header.name, name); });
  });
  std::erase_if(request.query, [](const auto& parameter) {
    return std::find(kParameters.begin(), kParameters.end(), parameter.first) != kParameters.end();
  });
}

std::string credential(const Credentials& credentials, std::string_view date_time, const Scope& scope) {
  return credentials.access_key_id + "/" + credential_scope(date_time, scope);
}

}  // namespace

void sign(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
          Timestamp now) {
  remove_signature(request);
  const auto date_time = format_date(now);
  const auto payload_hash = hex_encode(sha256(request.body));
  request.headers.push_back({"Host", std::string(host)});
  request.headers.push_back({"X-Amz-Date", date_time});
  if (!credentials.session_token.empty()) {
    request.headers.push_back({"X-Amz-Security-Token", credentials.session_token});
  }
  request.headers.push_back({"X-Amz-Content-Sha256", payload_hash});

  const auto names = header_names(request.headers);
  const auto canonical = canonical_request(request, names, payload_hash);
  const auto signature = signature_of(canonical, date_time, scope, credentials.secret_access_key);
  request.headers.push_back({"Authorization", std::string(kAlgorithm) +
                                                  " Credential=" + credential(credentials, date_time, scope) +
                                                  ", SignedHeaders=" + join(names, ';') + ", Signature=" + signature});
}

void presign(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
             Timestamp now, std::chrono::seconds lifetime) {
  remove_signature(request);
  const auto date_time = format_date(now);
  request.headers.push_back({"Host", std::string(host)});
  const auto names = header_names(request.headers);
  const auto add = [&request](std::string_view name, std::string value) {
    request.query.emplace_back(name, std::move(value));
  };
  add(kQueryAlgorithm, std::string(kAlgorithm));
  add(kQueryCredential, credential(credentials, date_time, scope));
  add(kQueryDate, date_time);
  add(kQueryExpires, std::to_string(lifetime.count()));
  if (!credentials.session_token.empty()) add(kQuerySecurityToken, credentials.session_token);
  add(kQuerySignedHeaders, join(names, ';'));

  const auto canonical = canonical_request(request, names, hex_encode(sha256(request.body)));
  add(kQuerySignature, signature_of(canonical, date_time, scope, credentials.secret_access_key));
}

}  // namespace syncline::auth

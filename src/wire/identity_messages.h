// Cognito Identity's messages (JSON 1.1: POST /, X-Amz-Target) as values, and their translation for the service's side;
// of the client's side what a device calls. Source: API model cognito-identity 2014-06-30 (protocol.md, section 4). No
// function throws; none does I/O. [any thread]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http.h"
#include "syncline/credentials.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline::wire {

enum class IdentityOperation : std::uint8_t {
  kCreateIdentityPool,
  kDescribeIdentityPool,
  kUpdateIdentityPool,
  kListIdentityPools,
  kDeleteIdentityPool,
  kGetId,
  kGetCredentialsForIdentity,
  kGetOpenIdToken,
  kGetOpenIdTokenForDeveloperIdentity,
  kLookupDeveloperIdentity,
  kMergeDeveloperIdentities,
  kUnlinkDeveloperIdentity,
  kUnlinkIdentity,
  kDescribeIdentity,
  kListIdentities,
  kDeleteIdentities,
};

std::string_view to_string(IdentityOperation operation);
// "AWSCognitoIdentityService.GetId"; nullopt: no such operation.
std::optional<IdentityOperation> parse_identity_target(std::string_view header);

using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct CognitoProvider {
  std::string name = {};
  std::string client_id = {};
  std::optional<bool> token_check = {};  // ServerSideTokenCheck
  bool operator==(const CognitoProvider&) const = default;
};

// A pool as Cognito Identity describes it. Empty: absent.
struct IdentityPool {
  std::string id = {};
  std::string name = {};
  bool allow_guests = false;  // AllowUnauthenticatedIdentities
  std::optional<bool> allow_classic_flow = {};
  TextPairs login_providers = {};  // SupportedLoginProviders: a provider's name, the app's id there
  std::string developer_provider = {};
  std::vector<std::string> openid_arns = {};  // OpenIdConnectProviderARNs
  std::vector<CognitoProvider> cognito_providers = {};
  std::vector<std::string> saml_arns = {};
  TextPairs tags = {};
  bool operator==(const IdentityPool&) const = default;
};

struct Listing {
  int most = 60;
  std::string next_token = {};
};

struct GetIdRequest {
  IdentityPoolId pool = {};
  TextPairs logins = {};  // a provider's name, its token
};
struct IdentityRequest {  // GetCredentialsForIdentity, GetOpenIdToken, UnlinkIdentity, DescribeIdentity
  IdentityId identity = {};
  TextPairs logins = {};
  std::vector<std::string> logins_to_remove = {};
};
struct DeveloperTokenRequest {  // GetOpenIdTokenForDeveloperIdentity
  IdentityPoolId pool = {};
  IdentityId identity = {};
  TextPairs logins = {};
  std::optional<std::int64_t> seconds = {};
};
struct DeveloperUserRequest {  // LookupDeveloperIdentity, UnlinkDeveloperIdentity
  IdentityPoolId pool = {};
  IdentityId identity = {};
  std::string provider = {};
  std::string user = {};
  Listing page = {};
};
struct MergeRequest {  // MergeDeveloperIdentities
  IdentityPoolId pool = {};
  std::string provider = {};
  std::string source = {};
  std::string destination = {};
};
struct ListIdentitiesRequest {
  IdentityPoolId pool = {};
  Listing page = {};
  bool hide_disabled = false;
};

// Errors: kInvalidParameter, naming the field.
Result<IdentityPool> decode_identity_pool_request(std::string_view body, bool with_id);
Result<IdentityPoolId> decode_pool_id_request(std::string_view body);  // Describe-, DeleteIdentityPool
Result<Listing> decode_list_identity_pools_request(std::string_view body);
Result<GetIdRequest> decode_get_id_request(std::string_view body);
Result<IdentityRequest> decode_identity_request(IdentityOperation operation, std::string_view body);
Result<DeveloperTokenRequest> decode_developer_token_request(std::string_view body);
Result<DeveloperUserRequest> decode_developer_user_request(IdentityOperation operation, std::string_view body);
Result<MergeRequest> decode_merge_request(std::string_view body);
Result<ListIdentitiesRequest> decode_list_identities_request(std::string_view body);
Result<std::vector<IdentityId>> decode_delete_identities_request(std::string_view body);

struct IdentityDescription {
  std::string id = {};
  std::vector<std::string> logins = {};  // providers' names
  Timestamp created_at{};
  Timestamp modified_at{};
};

// Bodies of 200 answers.
std::string encode_identity_pool(const IdentityPool& pool);
std::string encode_identity_pools(const std::vector<IdentityPool>& pools, std::string_view next_token);
std::string encode_identity_id(std::string_view identity);
std::string encode_credentials(std::string_view identity, const Credentials& credentials);
std::string encode_openid_token(std::string_view identity, std::string_view token);
std::string encode_developer_users(std::string_view identity, const std::vector<std::string>& users,
                                   std::string_view next_token);
std::string encode_identity(const IdentityDescription& identity);
std::string encode_identities(std::string_view pool, const std::vector<IdentityDescription>& identities,
                              std::string_view next_token);
std::string encode_unprocessed(const std::vector<std::string>& identities);

// What encode_identity_pool() wrote.
Result<IdentityPool> decode_identity_pool(std::string_view body);

// --- client side: identity_client_codec.cc --------------------------------------------------------------------------

// Unsigned, without Host.
HttpRequest encode(const GetIdRequest& request);
HttpRequest encode_get_credentials(const IdentityRequest& request);  // GetCredentialsForIdentity

struct IdentityCredentials {
  IdentityId identity = {};  // may be another one than was asked for
  Credentials credentials = {};
};
// A 2xx answer's body. Errors: kBadAnswer, naming the operation and the field. An error's body: decode_error()
// (messages.h).
Result<IdentityId> decode_get_id(std::string_view body);
Result<IdentityCredentials> decode_get_credentials(std::string_view body);

// {"__type", "message"}, as JSON 1.1 has it. Error::service_code wins over the code's own type.
HttpResponse encode_identity_error(const Error& error);

}  // namespace syncline::wire

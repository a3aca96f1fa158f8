#include "auth/object_link.h"

#include <algorithm>
#include <string>

#include "auth/canonical.h"

namespace syncline::auth {

void presign_object(HttpRequest& request, std::string_view host, const Scope& scope, const Credentials& credentials,
                    Timestamp now, std::chrono::seconds lifetime) {
  presign(request, host, scope, credentials, now, lifetime);
  const auto signature = std::find_if(request.query.begin(), request.query.end(),
                                      [](const auto& parameter) { return parameter.first == kQuerySignature; });
  if (signature == request.query.end()) return;
  // The same request with another word for its body; canonical_request() leaves the signature out by itself.
  signature->second = signature_of(canonical_request(request, header_names(request.headers), kUnsignedPayload),
                                   format_date(now), scope, credentials.secret_access_key);
}

}  // namespace syncline::auth

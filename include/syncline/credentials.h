// Who signs the requests. Protocol: Signature Version 4 (AWS General Reference, "Signing AWS API requests").
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "syncline/export.h"
#include "syncline/result.h"
#include "syncline/values.h"

namespace syncline {

struct Credentials {
  std::string access_key_id = {};
  std::string secret_access_key = {};
  std::string session_token = {};            // empty for long-lived keys
  std::optional<Timestamp> expires_at = {};  // absent: they do not expire
};

using CredentialsCallback = std::function<void(Result<Credentials>)>;

// An app can bring its own.
class SYNCLINE_API CredentialsProvider {
 public:
  CredentialsProvider() = default;
  CredentialsProvider(const CredentialsProvider&) = delete;
  CredentialsProvider& operator=(const CredentialsProvider&) = delete;
  virtual ~CredentialsProvider();
  // Called on the client's thread (or inside tick()) before each request; must not block. Calls `done` exactly once,
  // now or later, from any thread. Throwing, or dropping `done` without a call, fails the request (kInternal).
  virtual void get_credentials(CredentialsCallback done) = 0;
  // The service has refused these. True: asking again brings others, and the request is sent once more with them.
  // [as get_credentials()]
  virtual bool renew(const Credentials& refused);
};

// The same credentials for every request.
SYNCLINE_API std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials);

}  // namespace syncline

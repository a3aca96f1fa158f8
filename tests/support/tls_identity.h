// A fresh key and a self-signed certificate for 127.0.0.1 and localhost.
#pragma once

#include <string>
#include <string_view>

namespace syncline::testing {

struct TlsIdentity {
  std::string key_pem;
  std::string certificate_pem;
};

// `names` as in a certificate's subject alternative names: "IP:127.0.0.1,DNS:localhost".
TlsIdentity make_tls_identity(std::string_view names = "IP:127.0.0.1,DNS:localhost");

}  // namespace syncline::testing

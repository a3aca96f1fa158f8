// Where the service's certificate and key are.
#pragma once

#include <string>

namespace syncline::service {

// PEM files. Both or neither.
struct TlsFiles {
  std::string certificate = {};  // the server's own first, then those that lead to the root
  std::string key = {};          // without a passphrase

  [[nodiscard]] bool empty() const { return certificate.empty() && key.empty(); }
};

}  // namespace syncline::service

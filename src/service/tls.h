// The certificate that the HTTP front shows: loaded at the start, replaced while it runs.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <mutex>

#include "service/tls_files.h"
#include "syncline/result.h"

namespace syncline::service {

// [any thread]
class TlsContext {
 public:
  // Errors: kInvalidArgument, naming the file: it can't be read, is no PEM, or certificate and key do not belong
  // together. What was loaded before stays then.
  Result<void> load(const TlsFiles& files);
  // For a new connection; null: plain HTTP.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace syncline::service

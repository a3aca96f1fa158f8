#include "service/tls.h"

#include <utility>

namespace syncline::service {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Error unusable(const std::string& what, const std::string& file, const error_code& failed) {
  return Error{.code = ErrorCode::kInvalidArgument, .message = what + " " + file + ": " + failed.message()};
}

}  // namespace

Result<void> TlsContext::load(const TlsFiles& files) {
  if (files.empty()) return {};
  if (files.certificate.empty() || files.key.empty()) {
    return Error{.code = ErrorCode::kInvalidArgument, .message = "TLS needs both a certificate file and a key file"};
  }
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code failed;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, failed);
  if (!failed) context->use_certificate_chain_file(files.certificate, failed);
  if (failed) return unusable("TLS certificate", files.certificate, failed);
  context->use_private_key_file(files.key, ssl::context::pem, failed);
  if (failed) return unusable("TLS key", files.key, failed);
  // One of another kind than the certificate's, RSA beside EC, was taken until here.
  if (::SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .message = "TLS key " + files.key + ": is not that of " + files.certificate};
  }
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
  return {};
}

std::shared_ptr<ssl::context> TlsContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace syncline::service

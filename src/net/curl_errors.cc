#include "net/curl_errors.h"

#include <algorithm>
#include <array>
#include <system_error>

namespace syncline::net {

namespace {

std::string words(const CurlFailure& failure) {
  return std::string(failure.text.empty() ? std::string_view(curl_easy_strerror(failure.code)) : failure.text);
}

std::string connect_words(const CurlFailure& failure) {
  if (failure.os_error == 0) return words(failure);
  return std::system_category().message(static_cast<int>(failure.os_error));
}

// libcurl has one code for "the peer does not want this TLS" and "the connection broke during the handshake"; only the
// words of OpenSSL tell them apart, and only the second is worth another try.
bool broke_during_handshake(std::string_view text) {
  static constexpr std::array<std::string_view, 4> kSigns = {"SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN",
                                                             "Connection reset", "unexpected eof"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [text](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
}

Error tls_error(std::string_view host, const CurlFailure& failure) {
  if (failure.code == CURLE_SSL_CONNECT_ERROR && broke_during_handshake(failure.text)) {
    return transport_error(ErrorCode::kNetwork, host, "the connection was cut off during the TLS handshake");
  }
  return transport_error(ErrorCode::kTls, host, "no secure connection: " + words(failure));
}

}  // namespace

Error transport_error(ErrorCode code, std::string_view host, std::string_view what) {
  return Error{.code = code, .message = std::string(host) + ": " + std::string(what)};
}

Error to_error(std::string_view host, const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return transport_error(ErrorCode::kNetwork, host, "could not resolve the host's name");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return transport_error(ErrorCode::kNetwork, host, "could not resolve the proxy's name");
    case CURLE_COULDNT_CONNECT:
      return transport_error(ErrorCode::kNetwork, host, "could not connect: " + connect_words(failure));
    case CURLE_OPERATION_TIMEDOUT:
      return transport_error(ErrorCode::kTimeout, host,
                             failure.sent ? "no complete answer in time" : "timed out while connecting");
    case CURLE_GOT_NOTHING:
      return transport_error(ErrorCode::kNetwork, host, "the connection was closed before an answer came");
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return transport_error(ErrorCode::kNetwork, host, "the answer was cut off: " + words(failure));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return tls_error(host, failure);
    case CURLE_UNSUPPORTED_PROTOCOL:  // what libcurl says of an answer that is HTTP/0.9 or of an unknown version
    case CURLE_WEIRD_SERVER_REPLY:
      return transport_error(ErrorCode::kBadAnswer, host, "the answer is not HTTP: " + words(failure));
    case CURLE_BAD_CONTENT_ENCODING:
      return transport_error(ErrorCode::kBadAnswer, host, "the answer's content encoding is broken or unknown");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
      return transport_error(ErrorCode::kInternal, host, words(failure));
    default:  // sending and receiving: the connection broke
      return transport_error(ErrorCode::kNetwork, host, words(failure));
  }
}

}  // namespace syncline::net

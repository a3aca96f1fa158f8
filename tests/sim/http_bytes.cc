#include "sim/http_bytes.h"

#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "core/text.h"
#include "net/gzip.h"
#include "support/http_text.h"

namespace syncline::sim {

namespace {

constexpr std::size_t kLongestBody = std::size_t{8} << 20U;

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::optional<std::size_t> content_length(const Headers& headers) {
  const std::string* text = find_header(headers, "Content-Length");
  if (text == nullptr) return 0;
  std::size_t length = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), length);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return std::nullopt;
  return length;
}

Error broken(ErrorCode code, const char* what) {
  return Error{.code = code, .message = std::string("simulated network: the answer ") + what};
}

}  // namespace

std::string request_bytes(const HttpRequest& request) {
  std::string bytes = request.method + " " + request.path;
  char mark = '?';
  for (const auto& [name, value] : request.query) {
    bytes += mark + percent_encode(name) + "=" + percent_encode(value);
    mark = '&';
  }
  bytes += " HTTP/1.1\r\nAccept-Encoding: gzip\r\n";
  for (const Header& header : request.headers) bytes += header.name + ": " + header.value + "\r\n";
  return bytes + "Content-Length: " + std::to_string(request.body.size()) + std::string(kEndOfHead) + request.body;
}

std::optional<HttpRequest> read_request(std::string_view bytes) {
  const auto end = bytes.find(kEndOfHead);
  if (end == std::string_view::npos) return std::nullopt;
  auto received = testing::parse_head(bytes.substr(0, end));
  received.body = bytes.substr(end + kEndOfHead.size());
  if (content_length(received.headers) != received.body.size()) return std::nullopt;
  return received.parsed();
}

std::string answer_bytes(const HttpRequest& request, HttpResponse answer) {
  const std::string* offered = find_header(request.headers, "Accept-Encoding");
  if (offered != nullptr && net::offers_gzip(*offered) && answer.body.size() >= net::kLeastToCompress) {
    if (auto packed = net::gzip(answer.body)) {
      answer.body = std::move(*packed);
      answer.headers.push_back({"Content-Encoding", "gzip"});
    }
  }
  return testing::to_bytes(answer);
}

Result<HttpResponse> read_answer(std::string_view bytes) {
  const auto end = bytes.find(kEndOfHead);
  if (end == std::string_view::npos) return broken(ErrorCode::kNetwork, "was cut off in its headers");
  // A status line has the form of a request line: version, status, reason.
  const auto head = testing::parse_head(bytes.substr(0, end));
  HttpResponse answer{.status = std::atoi(head.target.c_str()), .headers = head.headers, .body = {}};
  answer.body = bytes.substr(end + kEndOfHead.size());
  if (content_length(answer.headers) != answer.body.size()) return broken(ErrorCode::kBadAnswer, "was cut off");
  if (find_header(answer.headers, "Content-Encoding") == nullptr) return answer;
  auto unpacked = net::gunzip(answer.body, kLongestBody);
  if (!std::holds_alternative<std::string>(unpacked)) return broken(ErrorCode::kBadAnswer, "is no gzip");
  answer.body = std::move(std::get<std::string>(unpacked));
  return answer;
}

std::string plain_body(const HttpRequest& request) {
  if (find_header(request.headers, "Content-Encoding") == nullptr) return request.body;
  return std::get<std::string>(net::gunzip(request.body, kLongestBody));
}

}  // namespace syncline::sim

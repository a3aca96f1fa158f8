#include "support/http_text.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "core/text.h"

namespace syncline::testing {

namespace {

// The text up to `mark`, which is taken away with it.
std::string_view cut(std::string_view& text, std::string_view mark) {
  const auto at = text.find(mark);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + mark.size());
  return part;
}

}  // namespace

HttpRequest ReceivedRequest::parsed() const {
  HttpRequest request{.method = method, .path = {}, .query = {}, .headers = headers, .body = body};
  std::string_view rest = target;
  request.path = cut(rest, "?");
  while (!rest.empty()) {
    std::string_view value = cut(rest, "&");
    const std::string_view name = cut(value, "=");
    request.query.emplace_back(percent_decode(name).value_or(""), percent_decode(value).value_or(""));
  }
  return request;
}

ReceivedRequest parse_head(std::string_view head) {
  ReceivedRequest request;
  std::string_view line = cut(head, "\r\n");
  request.method = cut(line, " ");
  request.target = cut(line, " ");
  while (!head.empty()) {
    std::string_view value = cut(head, "\r\n");
    const std::string_view name = cut(value, ":");
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    request.headers.push_back(Header{.name = std::string(name), .value = std::string(value)});
  }
  return request;
}

std::string to_bytes(const HttpResponse& response) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
  for (const Header& header : response.headers) bytes += header.name + ": " + header.value + "\r\n";
  return bytes + "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  static constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more asks for a gzip header
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    std::abort();
  }
  std::string input(bytes);
  std::string output(deflateBound(&stream, static_cast<uLong>(input.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  output.resize(stream.total_out);
  deflateEnd(&stream);
  return output;
}

}  // namespace syncline::testing

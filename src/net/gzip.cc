#include "net/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

#include "core/text.h"

namespace syncline::net {

namespace {

// Measured on 1,024 records of 100 random letters: 3.1 ms for 76.8 KB; level 6 takes 5.3 ms for 70.9 KB.
constexpr int kLevel = 1;
constexpr int kGzipWindow = 15 + 16;  // zlib.h: adding 16 asks for a gzip header
constexpr int kMemoryLevel = 8;       // zlib's default
constexpr std::size_t kInflatedAtOnce = std::size_t{64} << 10U;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Whether the parameters hold a weight of zero: "q=0", "q=0.000".
bool has_zero_weight(std::string_view parameters) {
  const auto weight = trimmed(parameters);
  if (weight.size() < 3 || ascii_lower(weight[0]) != 'q' || weight[1] != '=') return false;
  return std::all_of(weight.begin() + 2, weight.end(), [](char c) { return c == '0' || c == '.'; });
}

}  // namespace

bool offers_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const auto comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const auto coding = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const auto semicolon = std::min(coding.find(';'), coding.size());
    const auto name = trimmed(coding.substr(0, semicolon));
    const bool refused = semicolon < coding.size() && has_zero_weight(coding.substr(semicolon + 1));
    if (equal_ignoring_case(name, "gzip")) return !refused;
    if (name == "*") any = !refused;
  }
  return any;
}

std::optional<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  // zlib's interface is older than const; it does not write there.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return packed;
}

std::variant<std::string, GunzipFailure> gunzip(std::string_view bytes, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string plain;
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t done = plain.size();
    plain.resize(std::min(done + kInflatedAtOnce, most + 1));
    stream.next_out = reinterpret_cast<Bytef*>(plain.data() + done);
    stream.avail_out = static_cast<uInt>(plain.size() - done);
    result = inflate(&stream, Z_NO_FLUSH);
    plain.resize(plain.size() - stream.avail_out);
    if (plain.size() > most) return GunzipFailure::kTooLarge;
  }
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result != Z_STREAM_END || stream.avail_in != 0) return GunzipFailure::kDamaged;
  return plain;
}

}  // namespace syncline::net

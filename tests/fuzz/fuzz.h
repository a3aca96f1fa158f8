// What every fuzz target needs. A target checks properties with require(): a violation is a crash, which libFuzzer
// keeps. [one thread]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::fuzz {

// Ends the process if `holds` is false.
void require(bool holds, const char* what);

// Takes the bytes of an input apart, from the front; where they run out there are zeros and empty texts.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte();
  std::uint32_t number();            // of four bytes
  std::string_view until(char end);  // `end` itself is passed over
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// A folder of this process's own, removed at its end.
const std::string& scratch_folder();
void write_file(const std::string& path, std::string_view bytes);
std::string read_file(const std::string& path);

}  // namespace syncline::fuzz

// Each target's file defines this and nothing else outside its namespace.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

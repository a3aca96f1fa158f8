// The linker puts this in the place of RAND_bytes (--wrap, CMakeLists.txt).
#include "sim/entropy.h"

#include <optional>

#include "support/fake_random.h"

extern "C" {
int __real_RAND_bytes(unsigned char* bytes, int count);
int __wrap_RAND_bytes(unsigned char* bytes, int count);
}

namespace syncline::sim {

namespace {

std::optional<testing::FakeRandom>& source() {
  static std::optional<testing::FakeRandom> the_source;
  return the_source;
}

}  // namespace

FixedEntropy::FixedEntropy(std::uint64_t seed) {
  source().emplace(seed);
}

FixedEntropy::~FixedEntropy() {
  source().reset();
}

}  // namespace syncline::sim

int __wrap_RAND_bytes(unsigned char* bytes, int count) {
  auto& source = syncline::sim::source();
  if (!source) return __real_RAND_bytes(bytes, count);
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(source->next() >> 56U);
  return 1;
}

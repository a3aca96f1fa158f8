// What the service and OpenSSL would take from the system's chance: ids of identities, above all. A history that
// depends on it (by the order of ids, or their bytes on the disk) has it follow from its seed. [one thread]
#pragma once

#include <cstdint>

namespace syncline::sim {

class FixedEntropy {
 public:
  explicit FixedEntropy(std::uint64_t seed);
  ~FixedEntropy();  // from here on it is the system's again
  FixedEntropy(const FixedEntropy&) = delete;
  FixedEntropy& operator=(const FixedEntropy&) = delete;
};

}  // namespace syncline::sim

// The protocol's limits, as this library and its service enforce them (API model 2014-06-30; developer guide,
// "Limits"). Sizes are bytes of UTF-8; "characters" are Unicode code points.
#pragma once

#include <cstddef>

namespace syncline {

inline constexpr std::size_t kMaxIdentityCharacters = 55;      // identity pool ids and identity ids
inline constexpr std::size_t kMaxDatasetNameCharacters = 128;  // [a-zA-Z0-9_.:-]
inline constexpr std::size_t kMaxKeyCharacters = 1024;         // at least 1
inline constexpr std::size_t kMaxValueCharacters = 1'048'575;  // "" is a value
inline constexpr std::size_t kMaxDeviceIdCharacters = 256;     // at least 1
inline constexpr std::size_t kMaxDatasetsPerIdentity = 20;
inline constexpr std::size_t kMaxRecordsPerDataset = 1024;  // tombstones not counted (inferred)
inline constexpr std::size_t kMaxDatasetBytes = 1'048'576;  // keys and values of present records (inferred)

}  // namespace syncline

// Which allocations fail. Each allocator that a test replaces asks one of these.
#pragma once

#include <cstdint>

namespace syncline::fault {

// Counts allocations while armed, and fails those from `first` to `last`. [one thread]
class AllocationFaults {
 public:
  void arm(std::uint64_t first, std::uint64_t last) { *this = AllocationFaults(true, first, last); }
  // Ends the faults; true: at least one happened.
  bool disarm() {
    armed_ = false;
    return failed_;
  }
  // For the allocator: whether this one shall fail.
  bool fails() {
    if (!armed_) return false;
    ++count_;
    const bool now = count_ >= first_ && count_ <= last_;
    failed_ = failed_ || now;
    return now;
  }

  AllocationFaults() = default;

 private:
  AllocationFaults(bool armed, std::uint64_t first, std::uint64_t last) : armed_(armed), first_(first), last_(last) {}

  bool armed_ = false;
  bool failed_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace syncline::fault

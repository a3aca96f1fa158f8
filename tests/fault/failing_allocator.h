// Allocations that fail at a chosen one: SQLite's, and operator new's. For a program of its own, as both are global.
#pragma once

#include <cstdint>

namespace syncline::fault {

// Counts allocations while armed, and fails those from `first` to `last`. [one thread]
class AllocationFaults {
 public:
  void arm(std::uint64_t first, std::uint64_t last);
  // Ends the faults; true: at least one happened.
  bool disarm();
  // For the allocator: whether this one shall fail.
  bool fails();

 private:
  bool armed_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t failed_ = 0;
};

AllocationFaults& sqlite_allocations();
AllocationFaults& new_allocations();

// Puts the failing allocator under SQLite; before SQLite is used at all.
void install_sqlite_allocator();

}  // namespace syncline::fault

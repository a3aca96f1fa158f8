#include "fault/failing_allocator.h"

#include <sqlite3.h>

#include <cstdlib>
#include <new>

#include "support/sim_disk.h"

namespace syncline::fault {

AllocationFaults& sqlite_allocations() {
  static AllocationFaults faults;
  return faults;
}

AllocationFaults& new_allocations() {
  static AllocationFaults faults;
  return faults;
}

namespace {

sqlite3_mem_methods real_methods;

void* failing_malloc(int size) {
  return sqlite_allocations().fails() ? nullptr : real_methods.xMalloc(size);
}

void* failing_realloc(void* block, int size) {
  return sqlite_allocations().fails() ? nullptr : real_methods.xRealloc(block, size);
}

}  // namespace

void install_sqlite_allocator() {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_methods);
  auto methods = real_methods;
  methods.xMalloc = failing_malloc;
  methods.xRealloc = failing_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

}  // namespace syncline::fault

void* operator new(std::size_t size) {
  const bool spared = syncline::testing::SimDisk::at_work();
  if (spared || !syncline::fault::new_allocations().fails()) {
    if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  }
  throw std::bad_alloc();
}

void operator delete(void* block) noexcept {
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}

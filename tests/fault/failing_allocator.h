// Allocations that fail at a chosen one: SQLite's, and operator new's. For a program of its own, as both are global.
#pragma once

#include "fault/allocation_faults.h"

namespace syncline::fault {

AllocationFaults& sqlite_allocations();
AllocationFaults& new_allocations();

// Puts the failing allocator under SQLite; before SQLite is used at all.
void install_sqlite_allocator();

}  // namespace syncline::fault

// Counts what this program allocates. Linking it replaces the operators new and delete.
#pragma once

#include <cstddef>

namespace sluice::test {

// Since the start, on all threads. Thread-safe.
size_t AllocationCount();

}  // namespace sluice::test

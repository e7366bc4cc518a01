#include "allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace sluice::test {
namespace {

std::atomic<size_t>& Count() {
  static std::atomic<size_t> count;
  return count;
}

}  // namespace

size_t AllocationCount() { return Count().load(std::memory_order_relaxed); }

namespace {

void* Allocate(size_t size) {
  Count().fetch_add(1, std::memory_order_relaxed);
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace
}  // namespace sluice::test

// The others of the standard library end here, but for those with an alignment, which nobody uses.
void* operator new(size_t size) { return sluice::test::Allocate(size); }

void* operator new[](size_t size) { return sluice::test::Allocate(size); }

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete[](void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, size_t) noexcept { std::free(memory); }

void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

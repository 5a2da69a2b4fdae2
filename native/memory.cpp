#include "memory.h"

#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace adacolvit {

std::atomic<int64_t> allocations{0};

void* allocate(int64_t bytes) {
  constexpr int64_t huge = int64_t(1) << 21;
  const int64_t alignment = bytes >= huge ? huge : 64;
  void* memory = nullptr;
  ++allocations;
  if (posix_memalign(&memory, alignment, (bytes + 63) / 64 * 64)) return nullptr;
#if defined(__linux__)
  if (bytes >= huge) madvise(memory, bytes / huge * huge, MADV_HUGEPAGE);  // a wish: nothing is lost without
#endif
  memset(memory, 0, bytes);
  return memory;
}

void release(void* memory) { free(memory); }

}  // namespace adacolvit

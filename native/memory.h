// Memory of the engine: aligned, zeroed, and counted, so that tests can tell that a click needs none.
#pragma once

#include <atomic>
#include <cstdint>

namespace adacolvit {

extern std::atomic<int64_t> allocations;  // how often memory was asked for, since the library was loaded

// Zeroed and aligned to a cache line; nullptr where there is none. Large blocks ask for huge pages: a product touches
// many rows, and a row here and there exhausts the table of small ones.
void* allocate(int64_t bytes);
void release(void* memory);

// Hands out pieces of one block. Without a block it only counts, so that the same code first measures and then fills.
class Arena {
 public:
  explicit Arena(void* block = nullptr) : block(static_cast<char*>(block)) {}
  template <class T>
  T* take(int64_t count) {
    T* piece = block ? reinterpret_cast<T*>(block + used) : nullptr;
    used += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
    return piece;
  }
  bool measuring() const { return !block; }
  int64_t used = 0;

 private:
  char* block;
};

}  // namespace adacolvit

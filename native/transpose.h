#pragma once

#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {

typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));  // or whatever else has 32 bits

// 4 x 4 numbers from rows `stride` apart to their transpose, in rows `width` apart.
INLINE void transpose(const float* from, int64_t stride, float* to, int64_t width) {
  const Four a = *(const Four*)from, b = *(const Four*)(from + stride);
  const Four c = *(const Four*)(from + 2 * stride), d = *(const Four*)(from + 3 * stride);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four AB = __builtin_shufflevector(a, b, 2, 6, 3, 7), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(Four*)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  *(Four*)(to + width) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  *(Four*)(to + 2 * width) = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
  *(Four*)(to + 3 * width) = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
}

}  // namespace adacolvit::ADACOLVIT_ISA

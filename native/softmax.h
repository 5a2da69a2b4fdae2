#pragma once

#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {

// In place: scores in powers of 2, `count` of them -> numerators of the softmax. Returns 1 / their sum.
INLINE float softmax(float* s, int count) {
  V m = load(s);
  for (int j = LANES; j < count; j += LANES) m = larger(m, load(s + j));
  const V top = splat(highest(m));
  V total = V{};
  for (int j = 0; j < count; j += LANES) {
    const V e = exp2(load(s + j) - top);
    store(s + j, e);
    total += e;
  }
  return 1.f / sum(total);
}

}  // namespace adacolvit::ADACOLVIT_ISA

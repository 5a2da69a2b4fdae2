#pragma once

#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {

// Rows of scores in powers of 2, `count` to a row, whole vectors of them -> numerators of their softmax, given to
// put(row, column, vector), and inverse[row] = 1 / their sum. DEGREE: of exp2. All rows take each step together, so that
// none waits for the end of another.
template <int MOST, int DEGREE, class Put>
INLINE void softmax(const float* scores, int64_t stride, int rows, int count, float* inverse, Put put) {
  V total[MOST];
  float top[MOST];
  for (int i = 0; i < rows; ++i) {
    const float* s = scores + i * stride;
    V m = load(s);
    for (int j = LANES; j < count; j += LANES) m = larger(m, load(s + j));
    top[i] = highest(m);
  }
  for (int i = 0; i < rows; ++i) {
    const float* s = scores + i * stride;
    const V of_row = splat(top[i]);
    V t = V{};
    for (int j = 0; j < count; j += LANES) {
      const V e = exp2<DEGREE>(load(s + j) - of_row);
      put(i, j, e);
      t += e;
    }
    total[i] = t;
  }
  for (int i = 0; i < rows; ++i) inverse[i] = 1.f / sum(total[i]);
}

}  // namespace adacolvit::ADACOLVIT_ISA

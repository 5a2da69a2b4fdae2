// Products of bfloat16, summed in float32. Rows of the left factor are brought together and rounded to nearest even;
// weights lie in blocks of 32 rows x 16 columns, two of a column side by side, as the instructions for it want them. What
// is left over of columns and depth is filled with zeros. There are two such instructions, each with a file of its own:
// bf16_amx.h (ADACOLVIT_MATRIX) and bf16_dot.h.
#pragma once

#if !defined(ADACOLVIT_EMULATED)  // a test brings its own, for processors without
#include <immintrin.h>
#endif

#include "gemm.h"

namespace adacolvit::ADACOLVIT_ISA {

typedef unsigned short Half __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

constexpr int SIDE = 16;              // columns of a block
constexpr int DEPTH = 32;             // and its rows
constexpr int FACTOR = SIDE * DEPTH;  // its numbers
constexpr int BLOCK = 2 * SIDE;       // columns of a tile at most: two blocks

INLINE Half round(V x) {
#if defined(__AVX512BF16__)
  return (Half)_mm512_cvtneps_pbh((__m512)x);
#else
  const U bits = (U)x;
  return __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, Half);
#endif
}

// `count` numbers rounded, behind them zeros up to `end`.
INLINE void narrow(const float* from, int count, uint16_t* to, int64_t end) {
  int k = 0;
  for (; k + LANES <= count; k += LANES) *(Half*)(to + k) = round(load(from + k));
  for (; k < count; ++k) to[k] = round(splat(from[k]))[0];
  for (; k < end; ++k) to[k] = 0;
}

}  // namespace adacolvit::ADACOLVIT_ISA

#if defined(ADACOLVIT_MATRIX)
#include "bf16_amx.h"
#else
#include "bf16_dot.h"
#endif

namespace adacolvit::ADACOLVIT_ISA {

struct Left {
  static constexpr int PANEL = BLOCK, STEP = SIDE, HEIGHT = MOST_ROWS, BYTES = 2;
  static constexpr bool EVEN = EVEN_ROWS;

  Left(const Packed& w, Rows a, const int64_t* offsets, int lo, int hi, const Workspace& ws, Worker& worker)
      : depth((int64_t(w.runs) * w.run + DEPTH - 1) / DEPTH * DEPTH), w(w), lo(lo), stride(depth + DEPTH),
        rows((uint16_t*)(ws.left + worker.index * ws.left_bytes)) {
    for (int i = lo; i < hi; ++i) {
      uint16_t* to = rows + (i - lo) * stride;
      for (int r = 0; r + 1 < w.runs; ++r, to += w.run) narrow(a[i] + offsets[r], w.run, to, w.run);
      narrow(a[i] + offsets[w.runs - 1], w.run, to, depth - int64_t(w.runs - 1) * w.run);
    }
  }

  void tile(int row, int count, const void* b, int width, Rows c, int column, Sum mode) const {
    float* to[MOST_ROWS];
    for (int i = 0; i < count; ++i) to[i] = c[row + i];
    add_product(
        rows + (row - lo) * stride, stride, count, (const uint16_t*)b, width / SIDE, depth, to, column, w.bias, mode);
  }

  const int64_t depth;  // of the product, as it is packed

 private:
  const Packed& w;
  const int lo;
  const int64_t stride;  // one line more than the depth: powers of two would share few sets of the cache
  uint16_t* const rows;
};

}  // namespace adacolvit::ADACOLVIT_ISA

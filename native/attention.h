// Attention of one part among the first tokens of a sequence, a few queries at a time: scores never leave the cache.
#pragma once

#include "gemm.h"

namespace adacolvit::ADACOLVIT_ISA {

constexpr int64_t ZERO = 0;

// Keys of rows [lo, hi) of q, k, v (tokens, 3 H d) -> panels of their transpose, head by head.
inline void transpose_keys(const Workspace& ws, int heads, int d, int tokens, int lo, int hi) {
  const int64_t head_size = int64_t(d) * padded(tokens);
  for (int h = 0; h < heads; ++h)
    for (int t = lo; t < hi; ++t) {
      const float* key = ws.wide + t * ws.wide_stride + (heads + h) * d;
      const int column = t / PANEL * PANEL, width = vectors(tokens - column) * LANES;
      float* to = ws.keys + h * head_size + int64_t(column) * d + (t - column);
      for (int p = 0; p < d; ++p) to[int64_t(p) * width] = key[p];
    }
}

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

// Queries [lo, hi) among all `tokens`: ws.wide (q, k, v), ws.keys -> ws.mixed (tokens, H d). Heads in order: each one's
// last vector may write beyond its channels, where the next one's follow.
inline void attend(const Workspace& ws, int heads, int d, int tokens, int lo, int hi, Worker& worker) {
  float* const scores = ws.scores + worker.index * ROWS * ws.score_stride;
  const int count = (tokens + LANES - 1) / LANES * LANES, tiles = (hi - lo + ROWS - 1) / ROWS;
  for (int t = 0; t < tiles; ++t) {
    const int row = lo + int64_t(hi - lo) * t / tiles, rows = lo + int64_t(hi - lo) * (t + 1) / tiles - row;
    for (int h = 0; h < heads; ++h) {
      const Packed keys{ws.keys + int64_t(h) * d * padded(tokens), ws.mask, tokens, 1, d, 1, &ZERO};
      multiply(
          keys, Rows{ws.wide + row * ws.wide_stride + h * d, ws.wide_stride}, keys.offsets, Rows{scores, ws.score_stride}, 0,
          rows, Sum::store, worker.macs, nothing);
      float inverse[ROWS], *from[ROWS], *to[ROWS];
      for (int i = 0; i < rows; ++i) {
        from[i] = scores + i * ws.score_stride;
        to[i] = ws.mixed + (row + i) * ws.mixed_stride + h * d;
        inverse[i] = softmax(from[i], count);
      }
      const float* values = ws.wide + (2 * heads + h) * d;
      for (int column = 0; column < d; column += PANEL) {
        const int nv = vectors(d - column);
        TILES[nv - 1][rows - 1](
            from, &ZERO, 1, tokens, values + column, ws.wide_stride, to, column, nullptr, Sum::store);
        for (int i = 0; i < rows; ++i)
          for (int j = column; j < column + nv * LANES; j += LANES) store(to[i] + j, load(to[i] + j) * inverse[i]);
      }
      worker.macs += int64_t(rows) * tokens * d;
    }
  }
}

}  // namespace adacolvit::ADACOLVIT_ISA

// Attention of one part among the first tokens of a sequence, a few queries at a time: scores never leave the cache.
#pragma once

#include "product.h"
#include "softmax.h"
#include "transpose.h"

namespace adacolvit::ADACOLVIT_ISA {

constexpr int KEYS = PANEL;  // that are packed at a time
constexpr int QUERIES = ROWS;

// Of a head: dk channels of queries and keys, dv of values.

// The keys in q, k, v (tokens, H (2 dk + dv)) of panels [lo, hi) -> panels of their transpose (dk, PANEL), head by head.
inline void pack_keys(const Workspace& ws, int heads, int dk, int, int tokens, int lo, int hi) {
  const int64_t stride = ws.wide_stride, head_size = int64_t(dk) * padded(tokens);
  for (int panel = lo; panel < hi; ++panel) {
    const int first = panel * PANEL, width = vectors(tokens - first) * LANES;
    const int count = tokens - first < PANEL ? tokens - first : PANEL;
    for (int h = 0; h < heads; ++h) {
      const float* from = ws.wide + first * stride + (heads + h) * dk;
      float* to = ws.keys + h * head_size + int64_t(first) * dk;
      for (int t = 0; t < count; t += 4) {
        int p = 0;
        if (t + 4 <= count)
          for (; p + 4 <= dk; p += 4) transpose(from + t * stride + p, stride, to + p * width + t, width);
        for (int i = t; i < t + 4 && i < count; ++i)
          for (int q = p; q < dk; ++q) to[q * width + i] = from[i * stride + q];
      }
    }
  }
}

// Queries [lo, hi) among all `tokens`: ws.wide (q, k, v), ws.keys -> ws.mixed (tokens, H dv). Heads in order: each one's
// last vector may write beyond its channels, where the next one's follow.
inline void attend(const Workspace& ws, int heads, int dk, int dv, int tokens, int lo, int hi, Worker& worker) {
  float* const scores = ws.scores + worker.index * ROWS * ws.score_stride;
  const int count = (tokens + LANES - 1) / LANES * LANES;
  Tiles tiles(lo, hi, ROWS, true);
  for (int t = 0; t < tiles.count; ++t) {
    const int rows = tiles.next(t), row = tiles.row - rows;
    for (int h = 0; h < heads; ++h) {
      float *queries[ROWS], *near[ROWS], *to[ROWS], inverse[ROWS];
      for (int i = 0; i < rows; ++i) {
        queries[i] = ws.wide + (row + i) * ws.wide_stride + h * dk;
        near[i] = scores + i * ws.score_stride;
        to[i] = ws.mixed + (row + i) * ws.mixed_stride + h * dv;
      }
      const float* keys = ws.keys + int64_t(h) * dk * padded(tokens);
      for (int column = 0; column < tokens; column += PANEL) {
        const int nv = vectors(tokens - column);
        TILES[nv - 1][rows - 1](
            queries, &ZERO, 1, dk, keys + int64_t(column) * dk, nv * LANES, near, column, ws.mask, Sum::store);
      }
      softmax<ROWS, 5>(scores, ws.score_stride, rows, count, inverse, [&](int i, int j, V e) { store(near[i] + j, e); });
      const float* values = ws.wide + 2 * heads * dk + h * dv;
      for (int column = 0; column < dv; column += PANEL) {
        const int nv = vectors(dv - column);
        TILES[nv - 1][rows - 1](
            near, &ZERO, 1, tokens, values + column, ws.wide_stride, to, column, nullptr, Sum::store);
        for (int i = 0; i < rows; ++i)
          for (int j = column; j < column + nv * LANES; j += LANES) store(to[i] + j, load(to[i] + j) * inverse[i]);
      }
      worker.macs += int64_t(rows) * tokens * (dk + dv);
    }
  }
}

}  // namespace adacolvit::ADACOLVIT_ISA

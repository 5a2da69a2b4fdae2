// Attention of one part among the first tokens of a sequence, by products of bfloat16: queries, keys, values and what
// the softmax makes are rounded; scores and the softmax itself are float32.
#pragma once

#include "product.h"
#include "softmax.h"
#include "transpose.h"

namespace adacolvit::ADACOLVIT_ISA {

constexpr int KEYS = BLOCK;  // that are packed at a time
constexpr int QUERIES = MOST_ROWS;

INLINE int64_t of_depth(int64_t n) { return (n + DEPTH - 1) / DEPTH * DEPTH; }
INLINE int64_t of_sides(int64_t n) { return (n + SIDE - 1) / SIDE * SIDE; }

// Of a head, dk channels of queries and keys, dv of values: keys as a right factor (dk, tokens), and behind them values
// as one (tokens, dv), filled up with zeros.
INLINE uint16_t* keys_of(const Workspace& ws, int head, int dk, int dv, int tokens) {
  return (uint16_t*)ws.keys + head * (of_depth(dk) + of_depth(dv)) * of_depth(tokens);
}
INLINE uint16_t* values_of(const Workspace& ws, int head, int dk, int dv, int tokens) {
  return keys_of(ws, head, dk, dv, tokens) + of_depth(dk) * of_depth(tokens);
}

// The keys and values in q, k, v (tokens, H (2 dk + dv)) of panels [lo, hi).
inline void pack_keys(const Workspace& ws, int heads, int dk, int dv, int tokens, int lo, int hi) {
  const int64_t stride = ws.wide_stride, steps = of_depth(dk) / DEPTH;
  for (int panel = lo; panel < hi; ++panel) {
    const int first = panel * KEYS, count = tokens - first < KEYS ? tokens - first : KEYS;
    const int sides = (count + SIDE - 1) / SIDE;
    for (int h = 0; h < heads; ++h) {
      const float *keys = ws.wide + first * stride + (heads + h) * dk;
      const float *values = ws.wide + first * stride + 2 * heads * dk + h * dv;
      uint16_t* to = keys_of(ws, h, dk, dv, tokens) + first * of_depth(dk);
      __builtin_memset(to, 0, sides * SIDE * of_depth(dk) * sizeof(*to));
      for (int64_t s = 0; s < steps; ++s)
        for (int t = 0; t < count; t += 4) {
          alignas(64) uint16_t pairs[4][DEPTH] = {};
          const int64_t left = dk - s * DEPTH;
          for (int i = 0; i < 4 && t + i < count; ++i)
            narrow(keys + (t + i) * stride + s * DEPTH, left < DEPTH ? left : DEPTH, pairs[i], DEPTH);
          float* columns = (float*)(to + (s * sides + t / SIDE) * FACTOR) + t % SIDE;
          for (int p = 0; p < DEPTH / 2; p += 4)
            transpose((float*)pairs + p, DEPTH / 2, columns + p * SIDE, SIDE);
        }
      for (int column = 0; column < dv; column += SIDE) {
        const int beside = column / BLOCK * BLOCK, across = (dv - beside + SIDE - 1) / SIDE > 1 ? 2 : 1;
        U* pair = (U*)(values_of(ws, h, dk, dv, tokens) + beside * of_depth(tokens) +
                       (first / DEPTH * across + (column - beside) / SIDE) * int64_t(FACTOR));
        for (int t = 0; t < DEPTH; t += 2)
          for (int j = column; j < column + SIDE; j += LANES, ++pair) {
            const U even = t < count ? __builtin_convertvector(round(load(values + t * stride + j)), U) : U{};
            const U odd = t + 1 < count ? __builtin_convertvector(round(load(values + (t + 1) * stride + j)), U) : U{};
            *pair = even | odd << 16;
          }
      }
    }
  }
}

// Queries [lo, hi) among all `tokens`: ws.wide (q, k, v), packed keys and values -> ws.mixed (tokens, H dv). Heads in
// order: each one's last tile may write beyond its channels, where the next one's follow.
inline void attend(const Workspace& ws, int heads, int dk, int dv, int tokens, int lo, int hi, Worker& worker) {
  float* const scores = ws.scores + worker.index * QUERIES * ws.score_stride;
  uint16_t* const queries = (uint16_t*)(ws.left + worker.index * ws.left_bytes);
  uint16_t* const shares = queries + QUERIES * of_depth(dk);
  const int64_t share_stride = of_depth(tokens) + DEPTH;  // not a power of 2, which would share few sets of the cache
  const int count = int(of_sides(tokens));
  alignas(64) float sums[QUERIES * BLOCK];
  Tiles tiles(lo, hi, QUERIES, EVEN_ROWS);
  for (int t = 0; t < tiles.count; ++t) {
    const int rows = tiles.next(t), row = tiles.row - rows;
    for (int h = 0; h < heads; ++h) {
      float inverse[QUERIES];
      for (int i = 0; i < rows; ++i)
        narrow(ws.wide + (row + i) * ws.wide_stride + h * dk, dk, queries + i * of_depth(dk), of_depth(dk));
      for (int column = 0; column < tokens; column += BLOCK) {
        const int sides = tokens - column > SIDE ? 2 : 1;
        product(
            queries, of_depth(dk), rows, keys_of(ws, h, dk, dv, tokens) + column * of_depth(dk), sides, dk, scores + column,
            ws.score_stride);
      }
      for (int i = 0; i < rows; ++i)
        for (int j = tokens; j < count; ++j) scores[i * ws.score_stride + j] = -1e30f;  // no keys
      softmax<QUERIES, 3>(scores, ws.score_stride, rows, count, inverse, [&](int i, int j, V e) {
        *(Half*)(shares + i * share_stride + j) = round(e);
      });
      for (int i = 0; i < rows; ++i)
        for (int64_t j = count; j < of_depth(tokens); j += LANES) *(Half*)(shares + i * share_stride + j) = Half{};
      for (int column = 0; column < dv; column += BLOCK) {
        const int sides = dv - column > SIDE ? 2 : 1;
        product(
            shares, share_stride, rows, values_of(ws, h, dk, dv, tokens) + column * of_depth(tokens), sides, tokens, sums,
            BLOCK);
        for (int i = 0; i < rows; ++i) {
          float* to = ws.mixed + (row + i) * ws.mixed_stride + h * dv + column;
          for (int j = 0; j < sides * SIDE; j += LANES) store(to + j, load(sums + i * BLOCK + j) * inverse[i]);
        }
      }
      worker.macs += int64_t(rows) * tokens * (dk + dv);
    }
  }
}

}  // namespace adacolvit::ADACOLVIT_ISA

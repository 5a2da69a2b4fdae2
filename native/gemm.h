// Matrix products: a register tile, and the loops over packed weights around it.
#pragma once

#include "network.h"
#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {

// Rows of a matrix: row i begins at base + (index ? index[i] : i) * stride.
struct Rows {
  float* base;
  int64_t stride;
  const int* index = nullptr;
  float* operator[](int i) const { return base + (index ? index[i] : i) * stride; }
};

constexpr int64_t ZERO = 0;  // the offset where there is one run

enum class Sum { store, add };

// C (M, NV vectors) = or += sum over runs of A (M, run) B (run, NV vectors) + bias. Row i of A lies at a[i] + offsets[r]
// for run r; B's rows follow each other at `stride`.
typedef void Tile(
    float* const* a, const int64_t* offsets, int runs, int run, const float* b, int64_t stride, float* const* c,
    int64_t column, const float* bias, Sum mode);

template <int M, int NV>
void tile(
    float* const* rows, const int64_t* offsets, int runs, int run, const float* b, int64_t stride, float* const* c,
    int64_t column, const float* bias, Sum mode) {
  V s[M][NV];
#pragma GCC unroll 8
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) s[i][j] = V{};
  for (int r = 0; r < runs; ++r) {
    const float* a[M];
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i) a[i] = rows[i] + offsets[r];
#pragma GCC unroll 2  // the pointers' steps would else take as many slots as the processor has to spare
    for (int64_t k = 0; k < run; ++k, b += stride) {
      V w[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) w[j] = load(b + j * LANES);
#pragma GCC unroll 8
      for (int i = 0; i < M; ++i) {
        const V x = splat(a[i][k]);
#pragma GCC unroll 4
        for (int j = 0; j < NV; ++j) s[i][j] += x * w[j];
      }
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < NV; ++j) {
    const V first = bias ? load(bias + column + j * LANES) : V{};
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i) {
      float* to = c[i] + column + j * LANES;
      store(to, mode == Sum::add ? load(to) + (s[i][j] + first) : s[i][j] + first);
    }
  }
}

template <int M, int NV>
constexpr Tile* TILE = tile<(M < ROWS ? M : ROWS), NV>;
constexpr Tile* TILES[VECTORS][8] = {
    {TILE<1, 1>, TILE<2, 1>, TILE<3, 1>, TILE<4, 1>, TILE<5, 1>, TILE<6, 1>, TILE<7, 1>, TILE<8, 1>},
    {TILE<1, 2>, TILE<2, 2>, TILE<3, 2>, TILE<4, 2>, TILE<5, 2>, TILE<6, 2>, TILE<7, 2>, TILE<8, 2>},
    {TILE<1, 3>, TILE<2, 3>, TILE<3, 3>, TILE<4, 3>, TILE<5, 3>, TILE<6, 3>, TILE<7, 3>, TILE<8, 3>},
};

INLINE int vectors(int columns) {  // of the panel that begins this many columns before the end
  return columns < PANEL ? (columns + LANES - 1) / LANES : VECTORS;
}

// The rows [lo, hi) in tiles of nearly equal height: no tile is left with one row, which would be slow.
struct Tiles {
  Tiles(int lo, int hi) : count((hi - lo + ROWS - 1) / ROWS), row(lo), height(count ? (hi - lo) / count : 0),
                          higher(count ? (hi - lo) % count : 0) {}
  // The tile t as (row, rows); to be asked for in order.
  int next(int t) {
    const int rows = height + (t < higher);
    row += rows;
    return rows;
  }
  const int count;
  int row;  // behind the last tile asked for

 private:
  const int height, higher;
};

// Rows [lo, hi) of C = or += A W + bias, from packed weights. `after(row, rows, column, columns)` finishes a tile of C
// while it is in the nearest cache. Panels are the outer loop: a panel is read once from memory and stays near while all
// rows pass; meanwhile the next one, which lies right behind it, is fetched.
template <class After>
void multiply(
    const Packed& w, Rows a, const int64_t* offsets, Rows c, int lo, int hi, Sum mode, int64_t& macs, After after) {
  const float* b = w.panels;
  for (int column = 0; column < w.columns; column += PANEL) {
    const int nv = vectors(w.columns - column);
    const int columns = w.columns - column < PANEL ? w.columns - column : PANEL;
    const int64_t size = int64_t(w.runs) * w.run * nv * LANES;
    Tiles tiles(lo, hi);
    const int lines = tiles.count ? int(size / 16 / tiles.count) + 1 : 0;  // to fetch beside each tile
    const float* fetch = b + size;
    for (int t = 0; t < tiles.count; ++t) {
      for (int line = 0; line < lines; ++line, fetch += 16) __builtin_prefetch(fetch, 0, 2);
      const int rows = tiles.next(t), row = tiles.row - rows;
      float *from[ROWS], *to[ROWS];
      for (int i = 0; i < rows; ++i) from[i] = a[row + i], to[i] = c[row + i];
      TILES[nv - 1][rows - 1](from, offsets, w.runs, w.run, b, nv * LANES, to, column, w.bias, mode);
      macs += int64_t(rows) * columns * w.runs * w.run;
      after(row, rows, column, nv * LANES);
    }
    b += size;
  }
}

constexpr auto nothing = [](int, int, int, int) {};

}  // namespace adacolvit::ADACOLVIT_ISA

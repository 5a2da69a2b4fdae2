// The register tile of all products in float32, and the rows that it works on.
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

// The rows [lo, hi) in tiles of at most `most` rows; where `even`, of nearly equal height, so that none is left with one
// row, which would be slow.
struct Tiles {
  Tiles(int lo, int hi, int most, bool even)
      : count((hi - lo + most - 1) / most), row(lo), end(hi), height(!count ? 0 : even ? (hi - lo) / count : most),
        higher(count && even ? (hi - lo) % count : 0) {}
  // How many rows tile t has; to be asked for in order.
  int next(int t) {
    const int rows = height + (t < higher) < end - row ? height + (t < higher) : end - row;
    row += rows;
    return rows;
  }
  const int count;
  int row;  // behind the last tile asked for

 private:
  const int end, height, higher;
};

}  // namespace adacolvit::ADACOLVIT_ISA

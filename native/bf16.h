// Products of bfloat16 in matrix registers (AMX): tiles of 16 rows x 16 columns, summed in float32. Rows of the left
// factor are brought together and rounded to nearest even; weights lie as the instruction wants them, two of a column
// side by side. What is left over of rows, columns and depth is filled with zeros.
#pragma once

#if !defined(ADACOLVIT_EMULATED)  // a test brings its own, for processors without
#include <immintrin.h>
#endif

#include "gemm.h"

namespace adacolvit::ADACOLVIT_ISA {

typedef unsigned short Half __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

constexpr int SIDE = 16;               // rows and columns of a tile
constexpr int DEPTH = 32;              // of what one instruction multiplies
constexpr int FACTOR = SIDE * DEPTH;   // numbers of a tile of either factor
constexpr int BLOCK = 2 * SIDE;        // four tiles of sums share two of each factor
constexpr int64_t LINE = 64;           // bytes of a tile's row

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

// M x N tiles of sums, `c_stride` to a row, of `steps` tiles of each factor. a: rows `stride` bytes apart.
template <int M, int N>
void tiles(const uint16_t* a, int64_t stride, const uint16_t* b, int64_t steps, float* c, int64_t c_stride) {
  _tile_zero(0);
  if constexpr (N > 1) _tile_zero(1);
  if constexpr (M > 1) _tile_zero(2);
  if constexpr (M > 1 && N > 1) _tile_zero(3);
  for (int64_t s = 0; s < steps; ++s, a += DEPTH, b += N * FACTOR) {
    _tile_loadd(6, b, LINE);
    _tile_loadd(4, a, stride);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (N > 1) {
      _tile_loadd(7, b + FACTOR, LINE);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (M > 1) {
      _tile_loadd(5, a + SIDE * stride / int64_t(sizeof(*a)), stride);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (M > 1 && N > 1) _tile_dpbf16ps(3, 5, 7);
  }
  const int64_t row = c_stride * sizeof(float);
  _tile_stored(0, c, row);
  if constexpr (N > 1) _tile_stored(1, c + SIDE, row);
  if constexpr (M > 1) _tile_stored(2, c + SIDE * c_stride, row);
  if constexpr (M > 1 && N > 1) _tile_stored(3, c + SIDE * c_stride + SIDE, row);
}

typedef void Product(const uint16_t* a, int64_t stride, const uint16_t* b, int64_t steps, float* c, int64_t c_stride);
constexpr Product* PRODUCTS[2][2] = {{tiles<1, 1>, tiles<1, 2>}, {tiles<2, 1>, tiles<2, 2>}};

INLINE int of_side(int n) { return (n + SIDE - 1) / SIDE; }

struct Left {
  static constexpr int PANEL = BLOCK, STEP = SIDE, HEIGHT = BLOCK, BYTES = 2;
  static constexpr bool EVEN = false;  // a tile's time does not depend on how many of its rows are used

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
    alignas(64) float sums[BLOCK * BLOCK];
    PRODUCTS[of_side(count) - 1][width / SIDE - 1](
        rows + (row - lo) * stride, stride * 2, (const uint16_t*)b, depth / DEPTH, sums, BLOCK);
    for (int i = 0; i < count; ++i) {
      float* to = c[row + i] + column;
      for (int j = 0; j < width; j += LANES) {
        const V product = load(sums + i * BLOCK + j) + (w.bias ? load(w.bias + column + j) : V{});
        store(to + j, mode == Sum::add ? load(to + j) + product : product);
      }
    }
  }

  const int64_t depth;  // of the product, as it is packed

 private:
  const Packed& w;
  const int lo;
  const int64_t stride;  // one line more than the depth: powers of two would share few sets of the cache
  uint16_t* const rows;
};

// The shape of all matrix registers of this thread, from first to last product of a call.
struct Session {
  Session() {
    struct alignas(64) {
      uint8_t palette = 1, start = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE};
      uint8_t rows[16] = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE};
    } shape;
    _tile_loadconfig(&shape);
  }
  ~Session() { _tile_release(); }  // a switch between programs need not save them
  Session(const Session&) = delete;
};

constexpr int SPIN_MACS = 4 * SIDE * FACTOR;  // per round
inline float spin(int64_t rounds) {
  Session session;
  alignas(64) float sums[BLOCK * BLOCK];
  alignas(64) uint16_t zeros[FACTOR] = {};
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, zeros, LINE);
  _tile_loadd(5, zeros, LINE);
  _tile_loadd(6, zeros, LINE);
  _tile_loadd(7, zeros, LINE);
  for (int64_t r = 0; r < rounds; ++r) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, LINE);
  return sums[0];
}

}  // namespace adacolvit::ADACOLVIT_ISA

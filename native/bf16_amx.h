// Products of bfloat16 in matrix registers (AMX): tiles of 16 rows x 16 columns.
#pragma once

#include <atomic>

#include "bf16.h"

namespace adacolvit::ADACOLVIT_ISA {

constexpr int MOST_ROWS = 32;           // four tiles of sums share two of each factor
constexpr bool EVEN_ROWS = false;       // a tile's time does not depend on how many of its rows are used
constexpr int64_t LINE = 64;            // bytes of a tile's row

// M x N tiles of sums, `c_stride` to a row, of `steps` tiles of each factor. a: rows `stride` bytes apart.
template <int M, int N>
void tiles(const uint16_t* a, int64_t stride, const uint16_t* b, int64_t steps, float* c, int64_t c_stride) {
  std::atomic_signal_fence(std::memory_order_seq_cst);  // to GCC, loads of tiles read no memory: stores might come later
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

// Sums, rows `c_stride` apart, of `rows` rows of A, `stride` apart, and `blocks` columns of blocks. Whole tiles are
// written, and whole blocks read: what is beyond `depth` has to be zero in both factors.
INLINE void product(
    const uint16_t* a, int64_t stride, int rows, const uint16_t* b, int blocks, int64_t depth, float* c,
    int64_t c_stride) {
  PRODUCTS[(rows + SIDE - 1) / SIDE - 1][blocks - 1](
      a, stride * sizeof(*a), b, (depth + DEPTH - 1) / DEPTH, c, c_stride);
}

// The same plus a bias, stored in or added to rows that lie anywhere.
INLINE void add_product(
    const uint16_t* a, int64_t stride, int rows, const uint16_t* b, int blocks, int64_t depth, float* const* c,
    int column, const float* bias, Sum mode) {
  alignas(64) float sums[MOST_ROWS * BLOCK];
  product(a, stride, rows, b, blocks, depth, sums, BLOCK);
  for (int i = 0; i < rows; ++i) {
    float* to = c[i] + column;
    for (int j = 0; j < blocks * SIDE; j += LANES) {
      const V sum = load(sums + i * BLOCK + j) + (bias ? load(bias + column + j) : V{});
      store(to + j, mode == Sum::add ? load(to + j) + sum : sum);
    }
  }
}

// The shape of all matrix registers of this thread, from first to last product of a call.
struct Session {
  Session() {
    struct alignas(64) Shape {
      uint8_t palette = 1, start = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE};
      uint8_t rows[16] = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE};
    };
    // Not a local: GCC believes that no more than 8 of its 64 bytes are read, and leaves out the others' stores.
    static constexpr Shape SHAPE;
    _tile_loadconfig(&SHAPE);
  }
  ~Session() { _tile_release(); }  // a switch between programs need not save them
  Session(const Session&) = delete;
};

constexpr int SPIN_MACS = 4 * SIDE * FACTOR;  // per round
inline float spin(int64_t rounds) {
  Session session;
  alignas(64) float sums[MOST_ROWS * BLOCK];
  alignas(64) static constexpr uint16_t zeros[FACTOR] = {};
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

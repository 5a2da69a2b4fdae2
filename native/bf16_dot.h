// Products of bfloat16 in vector registers, two to a sum (AVX-512 BF16, vdpbf16ps). As the instruction has it, odd
// products are added before even ones and denormal numbers count as zero.
#pragma once

#include "bf16.h"

namespace adacolvit::ADACOLVIT_ISA {

constexpr int MOST_ROWS = 12;  // of a register tile: two vectors of sums for each, as many of weights, a broadcast
constexpr bool EVEN_ROWS = true;

INLINE V dot(V sum, U a, U b) {  // of two in a with two in b, added to each sum
#if defined(ADACOLVIT_EMULATED)
  return emulated::dot_halves(sum, a, b);
#else
  return (V)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#endif
}

typedef unsigned Pair __attribute__((aligned(2), may_alias));

template <int M, int BLOCKS>
void dots(
    const uint16_t* a, int64_t stride, const uint16_t* b, int64_t pairs, float* const* c, int64_t column,
    const float* bias, Sum mode) {
  constexpr int EACH = SIDE / LANES, NV = BLOCKS * EACH;  // vectors of a block, and of all
  V s[M][NV];
#pragma GCC unroll 12
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) s[i][j] = V{};
  auto multiply = [&](int64_t k) __attribute__((always_inline)) {  // numbers k and k + 1 of each row
    const uint16_t *four = a + 4 * stride, *eight = a + 8 * stride;  // fewer registers than a pointer for each row
    U w[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) w[j] = *(const U*)(b + j / EACH * FACTOR + k * SIDE + j % EACH * 2 * LANES);
#pragma GCC unroll 12
    for (int i = 0; i < M; ++i) {
      const uint16_t* row = (i < 4 ? a : i < 8 ? four : eight) + i % 4 * stride;
      const U x = U{} + *(const Pair*)(row + k);
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) s[i][j] = dot(s[i][j], x, w[j]);
    }
  };
  for (; pairs >= DEPTH / 2; pairs -= DEPTH / 2, a += DEPTH, b += BLOCKS * FACTOR)
    for (int64_t k = 0; k < DEPTH; k += 4) multiply(k), multiply(k + 2);
  for (int64_t k = 0; k < 2 * pairs; k += 2) multiply(k);
#pragma GCC unroll 4
  for (int j = 0; j < NV; ++j) {
    const V first = bias ? load(bias + column + j * LANES) : V{};
#pragma GCC unroll 12
    for (int i = 0; i < M; ++i) {
      float* to = c[i] + column + j * LANES;
      store(to, mode == Sum::add ? load(to) + (s[i][j] + first) : s[i][j] + first);
    }
  }
}

typedef void Dots(
    const uint16_t* a, int64_t stride, const uint16_t* b, int64_t pairs, float* const* c, int64_t column,
    const float* bias, Sum mode);
template <int BLOCKS>
constexpr Dots* HEIGHTS[MOST_ROWS] = {dots<1, BLOCKS>, dots<2, BLOCKS>,  dots<3, BLOCKS>,  dots<4, BLOCKS>,
                                      dots<5, BLOCKS>, dots<6, BLOCKS>,  dots<7, BLOCKS>,  dots<8, BLOCKS>,
                                      dots<9, BLOCKS>, dots<10, BLOCKS>, dots<11, BLOCKS>, dots<12, BLOCKS>};
constexpr Dots* const* DOTS[2] = {HEIGHTS<1>, HEIGHTS<2>};

// Of `rows` rows of A, `stride` apart, and `blocks` columns of blocks, plus a bias: stored in or added to rows that lie
// anywhere. An odd depth is filled with a zero in both factors.
INLINE void add_product(
    const uint16_t* a, int64_t stride, int rows, const uint16_t* b, int blocks, int64_t depth, float* const* c,
    int column, const float* bias, Sum mode) {
  DOTS[blocks - 1][rows - 1](a, stride, b, (depth + 1) / 2, c, column, bias, mode);
}

// The same without a bias, stored in rows `c_stride` apart.
INLINE void product(
    const uint16_t* a, int64_t stride, int rows, const uint16_t* b, int blocks, int64_t depth, float* c,
    int64_t c_stride) {
  float* to[MOST_ROWS];
  for (int i = 0; i < rows; ++i) to[i] = c + i * c_stride;
  add_product(a, stride, rows, b, blocks, depth, to, 0, nullptr, Sum::store);
}

struct Session {};  // nothing to prepare

constexpr int SPIN_MACS = 2 * MOST_ROWS * BLOCK;  // per round
inline float spin(int64_t rounds) {
  constexpr int SUMS = MOST_ROWS * BLOCK / LANES;
  volatile unsigned outside[2] = {0x3f803f80, 0x33803380};  // pairs of 1 and of 2^-24
  const U a = U{} + outside[0], b = U{} + outside[1];
  V s[SUMS];
#pragma GCC unroll 48
  for (int i = 0; i < SUMS; ++i) s[i] = splat(float(i) * outside[0]);  // all different: equal ones would be done once
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 48
    for (int i = 0; i < SUMS; ++i) s[i] = dot(s[i], a, b);
  V total = V{};
#pragma GCC unroll 48
  for (int i = 0; i < SUMS; ++i) total += s[i];
  return sum(total);
}

}  // namespace adacolvit::ADACOLVIT_ISA

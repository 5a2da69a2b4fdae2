// Products of 8-bit numbers, four to a 32-bit sum (VNNI). Weights are signed with a scale per column; rows of the left
// factor are brought together and made unsigned, each with the scale and the zero that its least and greatest number ask
// for: x = scale (q - zero). So A W = scale_row scale_column (sum of q w - zero sum of w), the last sum known in advance.
// A row has a scale for each of its groups, that is for each neighbor of the head and each channel of the picture.
#pragma once

#if !defined(ADACOLVIT_EMULATED)  // a test brings its own, for processors without
#include <immintrin.h>
#endif

#include "gemm.h"

namespace adacolvit::ADACOLVIT_ISA {

typedef int I __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef unsigned char Bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

INLINE I dot(I sum, I a, I b) {  // of four unsigned in a with four signed in b, added to each sum
#if ADACOLVIT_LANES == 16
  return (I)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#else
  return (I)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#endif
}

template <int M, int NV>
void narrow_tile(
    const uint8_t* a, int64_t stride, const float* scale, const float* zero, int64_t fours, const int8_t* b,
    float* const* c, int column, const Packed& w, int group, Sum mode) {
  I s[M][NV];
#pragma GCC unroll 8
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) s[i][j] = I{};
#pragma GCC unroll 2
  for (int64_t k = 0; k < 4 * fours; k += 4, b += 4 * NV * LANES) {
    I weights[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) weights[j] = *(const I*)(b + 4 * j * LANES);
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i) {
      const I x = I{} + *(const int*)(a + i * stride + k);
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) s[i][j] = dot(s[i][j], x, weights[j]);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < NV; ++j) {
    const int at = column + j * LANES;
    const V first = w.bias && group == 0 ? load(w.bias + at) : V{};
    const V of_column = load(w.scale + at), sums = load(w.sums + group * padded(w.columns) + at);
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i) {
      const V product = (__builtin_convertvector(s[i][j], V) - zero[i] * sums) * (scale[i] * of_column) + first;
      store(c[i] + at, mode == Sum::add ? load(c[i] + at) + product : product);
    }
  }
}

typedef void NarrowTile(
    const uint8_t*, int64_t, const float*, const float*, int64_t, const int8_t*, float* const*, int, const Packed&, int,
    Sum);
template <int M, int NV>
constexpr NarrowTile* NARROW = narrow_tile<(M < ROWS ? M : ROWS), NV>;
template <int NV>
constexpr NarrowTile* HEIGHTS[8] = {NARROW<1, NV>, NARROW<2, NV>, NARROW<3, NV>, NARROW<4, NV>,
                                    NARROW<5, NV>, NARROW<6, NV>, NARROW<7, NV>, NARROW<8, NV>};
constexpr NarrowTile* const* NARROW_TILES[VECTORS] = {HEIGHTS<1>, HEIGHTS<2>, HEIGHTS<3>};

struct Left {
  static constexpr int PANEL = adacolvit::ADACOLVIT_ISA::PANEL, STEP = LANES, HEIGHT = ROWS, BYTES = 1;
  static constexpr bool EVEN = true;

  Left(const Packed& w, Rows a, const int64_t* offsets, int lo, int hi, const Workspace& ws, Worker& worker)
      : depth(w.groups * grouped(w)), w(w), lo(lo), count(ws.left_rows),
        rows((uint8_t*)ws.left + worker.index * ws.left_bytes),
        scale(ws.left_scale + 2 * worker.index * MOST_GROUPS * count), zero(scale + MOST_GROUPS * count) {
    const int each = w.runs / w.groups;
    for (int i = lo; i < hi; ++i)
      for (int g = 0; g < w.groups; ++g) narrow(a[i], offsets + g * each, each, i - lo, g);
  }

  void tile(int row, int rows_here, const void* b, int width, Rows c, int column, Sum mode) const {
    float* to[ROWS];
    for (int i = 0; i < rows_here; ++i) to[i] = c[row + i];
    const int64_t first = row - lo, each = grouped(w);
    for (int g = 0; g < w.groups; ++g)
      NARROW_TILES[width / LANES - 1][rows_here - 1](
          rows + first * depth + g * each, depth, scale + g * count + first, zero + g * count + first, each / 4,
          (const int8_t*)b + g * each * width, to, column, w, g, g ? Sum::add : mode);
  }

  const int64_t depth;  // of the product, as it is packed

 private:
  static int64_t grouped(const Packed& w) { return (int64_t(w.runs / w.groups) * w.run + 3) / 4 * 4; }

  // A group of a row: `runs` runs of it.
  void narrow(const float* from, const int64_t* offsets, int runs, int row, int group) {
    V low = V{}, high = V{};  // zero is always within
    float least = 0, greatest = 0;
    const int whole = w.run / LANES * LANES;
    for (int r = 0; r < runs; ++r) {
      const float* x = from + offsets[r];
      for (int k = 0; k < whole; k += LANES) low = smaller(low, load(x + k)), high = larger(high, load(x + k));
      for (int k = whole; k < w.run; ++k) {
        least = x[k] < least ? x[k] : least;
        greatest = x[k] > greatest ? x[k] : greatest;
      }
    }
    const float bottom = -highest(-low), top = highest(high);
    least = bottom < least ? bottom : least;
    greatest = top > greatest ? top : greatest;
    const float range = greatest - least, inverse = range > 0 ? 255.f / range : 0.f;
    const float middle = float(int(-least * inverse + 0.5f)), shift = middle + 0.5f;  // rounds: what follows is positive
    scale[group * count + row] = range / 255.f;
    zero[group * count + row] = middle;
    uint8_t* const begin = rows + row * depth + group * grouped(w);
    uint8_t* to = begin;
    for (int r = 0; r < runs; ++r, to += w.run) {
      const float* x = from + offsets[r];
      for (int k = 0; k < whole; k += LANES) {
        const V q = smaller(load(x + k) * inverse + shift, splat(255.f));
        *(Bytes*)(to + k) = __builtin_convertvector(__builtin_convertvector(larger(q, V{}), I), Bytes);
      }
      for (int k = whole; k < w.run; ++k) {
        const float q = x[k] * inverse + shift;
        to[k] = uint8_t(q > 255.f ? 255.f : q < 0 ? 0.f : q);
      }
    }
    __builtin_memset(to, 0, begin + grouped(w) - to);
  }

  const Packed& w;
  const int lo;
  const int64_t count;  // rows that there is room for
  uint8_t* const rows;
  float *const scale, *const zero;  // (groups, count)
};

struct Session {};  // nothing to prepare

constexpr int SPIN_MACS = 4 * ROWS * PANEL;  // per round
inline float spin(int64_t rounds) {
  constexpr int SUMS = ROWS * VECTORS;
  volatile int outside[2] = {0x01020304, 0x05060708};
  const I a = I{} + outside[0], b = I{} + outside[1];
  I s[SUMS];
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; ++i) s[i] = I{} + outside[i % 2] * i;  // all different: equal ones would be done once
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 32
    for (int i = 0; i < SUMS; ++i) s[i] = dot(s[i], a, b);
  I total = I{};
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; ++i) total += s[i];
  return sum(__builtin_convertvector(total, V));
}

}  // namespace adacolvit::ADACOLVIT_ISA

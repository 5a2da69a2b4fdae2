// One vector of the instruction set that a file is compiled for, and the functions of it that the network needs.
//
// Written with the vector extensions of GCC and Clang, so that one source serves every instruction set; the compiler's
// flags alone decide (see build.py), which also name it (ADACOLVIT_ISA) and say how many bits the factors of products
// have (ADACOLVIT_BITS). Nothing here may come from the standard library: its inline functions would be
// compiled for several instruction sets, and the linker would keep any one of them for all.
#pragma once

#if defined(__AVX512F__)
#define ADACOLVIT_LANES 16
#define ADACOLVIT_ROWS 8
#elif defined(__AVX2__)
#define ADACOLVIT_LANES 8
#define ADACOLVIT_ROWS 4
#else
#define ADACOLVIT_LANES 4
#if defined(__aarch64__)
#define ADACOLVIT_ROWS 8
#else
#define ADACOLVIT_ROWS 4
#endif
#endif

#define INLINE static inline __attribute__((always_inline))

namespace adacolvit::ADACOLVIT_ISA {

constexpr int LANES = ADACOLVIT_LANES;  // floats of a vector
constexpr int ROWS = ADACOLVIT_ROWS;    // of a register tile: its sums, a row of weights and a broadcast fill the
constexpr int VECTORS = 3;              // registers (32 with AVX-512 and NEON, else 16)
constexpr int PANEL = VECTORS * LANES;  // columns of a register tile

typedef float V __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef unsigned U __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE V load(const float* p) { return *(const V*)p; }
INLINE void store(float* p, V v) { *(V*)p = v; }
INLINE V splat(float x) { return x - V{}; }
INLINE V smaller(V a, V b) { return a < b ? a : b; }
INLINE V larger(V a, V b) { return a > b ? a : b; }

// Folds a vector onto its first lane by halves.
template <class F>
INLINE float fold(V v, F f) {
#if ADACOLVIT_LANES == 16
  v = f(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = f(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  v = f(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
#elif ADACOLVIT_LANES == 8
  v = f(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
  v = f(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6));
#else
  v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
  v = f(v, __builtin_shufflevector(v, v, 1, 0, 3, 2));
#endif
  return v[0];
}

INLINE float sum(V v) {
  return fold(v, [](V a, V b) { return a + b; });
}

INLINE float highest(V v) {
  return fold(v, [](V a, V b) { return larger(a, b); });
}

// For each lane of v from the second on four values between it and its neighbors, by -3/8, -1/8, 1/8 and 3/8 of the way.
INLINE V four_each(V v) {
#if ADACOLVIT_LANES == 16
  const V left = __builtin_shufflevector(v, v, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4);
  const V right = __builtin_shufflevector(v, v, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5);
  const V share = {5, 7, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3};
#elif ADACOLVIT_LANES == 8
  const V left = __builtin_shufflevector(v, v, 0, 0, 1, 1, 1, 1, 2, 2);
  const V right = __builtin_shufflevector(v, v, 1, 1, 2, 2, 2, 2, 3, 3);
  const V share = {5, 7, 1, 3, 5, 7, 1, 3};
#else
  const V left = __builtin_shufflevector(v, v, 0, 0, 1, 1);
  const V right = __builtin_shufflevector(v, v, 1, 1, 2, 2);
  const V share = {5, 7, 1, 3};
#endif
  return left + share * 0.125f * (right - left);
}

// 2^x for -126 <= x <= 126, by a polynomial that is exact for whole numbers; relative error 1e-4, 3e-6 or 2e-7 for a DEGREE
// of 3, 4 or 5.
template <int DEGREE>
INLINE V exp2_within(V x) {
  static constexpr float C[3][5] = {{6.9328297e-1f, 2.4221096e-1f, 5.5008567e-2f, 0, 0},
                                    {6.9312419e-1f, 2.4024099e-1f, 5.5906463e-2f, 9.5828383e-3f, 0},
                                    {6.9314698e-1f, 2.4022242e-1f, 5.5507338e-2f, 9.6715183e-3f, 1.3264723e-3f}};
  constexpr const float(&c)[5] = C[DEGREE - 3];
  const V magic = splat(12582912.f);  // 1.5 * 2^23: adding it rounds to an integer, found in the low bits
  const V shifted = x + magic;
  const V f = x - (shifted - magic);  // [-0.5, 0.5]
  const V ff = f * f;  // pairs of terms, so that no long chain of additions has to be waited for
  V high = c[1] + f * c[2];
  if constexpr (DEGREE == 4) high += ff * c[3];
  if constexpr (DEGREE == 5) high += ff * (c[3] + f * c[4]);
  const V p = (1.f + f * c[0]) + ff * high;
  return (V)((U)p + ((U)shifted << 23));
}

// 2^x for x <= 126; what is below 2^-126 becomes that.
template <int DEGREE = 5>
INLINE V exp2(V x) {
  return exp2_within<DEGREE>(larger(x, splat(-126.f)));
}

// x Phi(x), with Phi(x) - 0.5 as x times a polynomial in x^2 (in the variable that runs over [-1, 1], where its
// evaluation is well conditioned); beyond 4.8 Phi is 0 or 1. Absolute error 4.4e-6.
INLINE V gelu(V x) {
  const V y = smaller(larger(x, splat(-4.8f)), splat(4.8f));
  const V t = y * y * (2.f / (4.8f * 4.8f)) - 1.f;
  const V t2 = t * t, t4 = t2 * t2;
  const V low = (1.47212783e-01f - t * 7.29797586e-02f) + t2 * (5.29040910e-02f - t * 4.05659408e-02f);
  const V middle = (3.07209013e-02f - t * 2.21874708e-02f) + t2 * (1.38638176e-02f - t * 7.44349224e-03f);
  const V high = (5.39274243e-03f - t * 4.19455342e-03f) + t2 * 1.44354698e-03f;
  const V p = low + t4 * (middle + t4 * high);
  return x * (p * y + 0.5f);
}

// Absolute error 2e-7. What is no number stays none, so that whoever looks at the result sees it.
INLINE V tanh(V x) {
  x = smaller(splat(10.f), larger(splat(-10.f), x));
  return 1.f - 2.f / (exp2(x * 2.885390082f) + 1.f) + (x - x);  // 2 / ln 2
}

}  // namespace adacolvit::ADACOLVIT_ISA

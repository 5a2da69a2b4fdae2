// Instructions that a processor may lack, in plain C++ with the semantics of the real ones, so that a test can run the
// engine's own source for them: matrix registers (AMX bf16), sums of two products (AVX-512 BF16) and of byte products
// (AVX-VNNI). After Intel's manual, volume 2: tdpbf16ps sums even and odd products apart, adds those two, then the
// register; vdpbf16ps adds the odd product to the register, then the even one; denormals count as zero in both.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define ADACOLVIT_EMULATED

namespace emulated {

struct Register {
  unsigned char bytes[16][64];
};

struct State {
  Register registers[8];
  int rows[8], row_bytes[8];
  bool configured = false;
};

inline State& state() {
  static thread_local State s;
  return s;
}

// The state of a thread between a configuration and its release; anything else would be a fault of the processor.
inline State& ready() {
  if (!state().configured) __builtin_trap();
  return state();
}

inline void load_config(const void* from) {
  const unsigned char* c = static_cast<const unsigned char*>(from);
  if (c[0] != 1 || c[1] != 0) __builtin_trap();
  for (int t = 0; t < 8; ++t) {
    uint16_t width;
    memcpy(&width, c + 16 + 2 * t, 2);
    state().row_bytes[t] = width, state().rows[t] = c[48 + t];
    if (width > 64 || c[48 + t] > 16) __builtin_trap();
  }
  for (int i = 2; i < 64; ++i)  // what is reserved, and the registers that there are not
    if ((i < 16 || (i >= 32 && i < 48) || i >= 56) && c[i]) __builtin_trap();
  memset(state().registers, 0, sizeof(state().registers));
  state().configured = true;
}

inline void load(int t, const void* base, int64_t stride) {
  State& s = ready();
  memset(&s.registers[t], 0, sizeof(Register));
  for (int r = 0; r < s.rows[t]; ++r)
    memcpy(s.registers[t].bytes[r], static_cast<const char*>(base) + r * stride, s.row_bytes[t]);
}

inline void store(int t, void* base, int64_t stride) {
  State& s = ready();
  for (int r = 0; r < s.rows[t]; ++r)
    memcpy(static_cast<char*>(base) + r * stride, s.registers[t].bytes[r], s.row_bytes[t]);
}

inline float flushed(float x) { return __builtin_fabsf(x) < 1.17549435e-38f ? __builtin_copysignf(0, x) : x; }

inline float number(const unsigned char* row, int i) {
  uint16_t half;
  memcpy(&half, row + 2 * i, 2);
  const uint32_t bits = uint32_t(half) << 16;
  float x;
  memcpy(&x, &bits, 4);
  return flushed(x);
}

inline void multiply(int c, int a, int b) {
  State& s = ready();
  for (int m = 0; m < s.rows[c]; ++m) {
    float sums[16];
    memcpy(sums, s.registers[c].bytes[m], sizeof(sums));
    for (int n = 0; n < s.row_bytes[c] / 4; ++n) {
      float even = 0, odd = 0;
      for (int k = 0; k < s.row_bytes[a] / 4; ++k) {
        const unsigned char *left = s.registers[a].bytes[m], *right = s.registers[b].bytes[k];
        even = flushed(__builtin_fmaf(number(left, 2 * k), number(right, 2 * n), even));
        odd = flushed(__builtin_fmaf(number(left, 2 * k + 1), number(right, 2 * n + 1), odd));
      }
      sums[n] = flushed(flushed(sums[n]) + flushed(even + odd));
    }
    memcpy(s.registers[c].bytes[m], sums, sizeof(sums));
  }
}

// Of two halves in each 32 bits of a with two in b, added to each sum; vectors of any length.
template <class Sums, class Pairs>
inline Sums dot_halves(Sums sum, Pairs a, Pairs b) {
  unsigned char left[sizeof(a)], right[sizeof(b)];
  memcpy(left, &a, sizeof(a)), memcpy(right, &b, sizeof(b));
  for (int i = 0; i < int(sizeof(sum) / sizeof(float)); ++i)
    for (int k = 2 * i + 1; k >= 2 * i; --k)
      sum[i] = flushed(__builtin_fmaf(number(left, k), number(right, k), flushed(sum[i])));
  return sum;
}

}  // namespace emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(from) emulated::load_config(from)
#define _tile_release() (emulated::state().configured = false)
#define _tile_zero(t) memset(&emulated::ready().registers[t], 0, sizeof(emulated::Register))
#define _tile_loadd(t, base, stride) emulated::load(t, base, stride)
#define _tile_stored(t, base, stride) emulated::store(t, base, stride)
#define _tile_dpbf16ps(c, a, b) emulated::multiply(c, a, b)

#if defined(__AVX2__)
namespace emulated {
inline __m256i dot(__m256i sum, __m256i a, __m256i b) {
  int32_t s[8];
  uint8_t u[32];
  int8_t v[32];
  memcpy(s, &sum, 32), memcpy(u, &a, 32), memcpy(v, &b, 32);
  for (int i = 0; i < 32; ++i) s[i / 4] += u[i] * v[i];
  memcpy(&sum, s, 32);
  return sum;
}
}  // namespace emulated
#define _mm256_dpbusd_avx_epi32(sum, a, b) emulated::dot(sum, a, b)
#endif

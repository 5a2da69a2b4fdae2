// Products of float32: tiles read the rows of the left factor where they are.
#pragma once

#include "gemm.h"

namespace adacolvit::ADACOLVIT_ISA {

struct Left {
  static constexpr int PANEL = adacolvit::ADACOLVIT_ISA::PANEL, STEP = LANES, HEIGHT = ROWS, BYTES = sizeof(float);
  static constexpr bool EVEN = true;

  Left(const Packed& w, Rows a, const int64_t* offsets, int, int, const Workspace&, Worker&)
      : depth(int64_t(w.runs) * w.run), w(w), a(a), offsets(offsets) {}

  void tile(int row, int rows, const void* b, int width, Rows c, int column, Sum mode) const {
    float *from[ROWS], *to[ROWS];
    for (int i = 0; i < rows; ++i) from[i] = a[row + i], to[i] = c[row + i];
    TILES[width / LANES - 1][rows - 1](
        from, offsets, w.runs, w.run, (const float*)b, width, to, column, w.bias, mode);
  }

  const int64_t depth;  // of the product, as it is packed

 private:
  const Packed& w;
  const Rows a;
  const int64_t* const offsets;
};

struct Session {};  // nothing to prepare

// Multiplies and adds in as many independent sums as a register tile has, from registers alone: the most that a core can
// do. Returns what comes out, so that it is done.
constexpr int SPIN_MACS = ROWS * PANEL;  // per round
inline float spin(int64_t rounds) {
  constexpr int SUMS = ROWS * VECTORS;
  volatile float outside[2] = {0.999999f, 1e-6f};
  const V factor = splat(outside[0]), term = splat(outside[1]);
  V s[SUMS];
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; ++i) s[i] = splat(outside[i % 2] * i);  // all different: equal ones would be done once
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 32
    for (int i = 0; i < SUMS; ++i) s[i] = s[i] * factor + term;
  V total = V{};
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; ++i) total += s[i];
  return sum(total);
}

}  // namespace adacolvit::ADACOLVIT_ISA

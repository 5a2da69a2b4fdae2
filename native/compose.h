// Rows of the colored photo at its own size (runtime/upsample.py and color/, which have the equations), for the
// instruction set that this file is compiled for.
#pragma once

#include "network.h"
#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {
namespace {

constexpr int SPAN = 16 * LANES;  // pixels worked on at a time, so that they stay in the nearest cache

// Where the middle of a pixel of the photo lies among `count` pixels of the planes: the left of two, and the right's share.
INLINE int between(int at, double scale, int count, float* share) {
  const double place = (at + 0.5) * scale - 0.5;
  if (place <= 0) return *share = 0, 0;
  if (place >= count - 1) return *share = 0, count - 1;
  *share = float(place - int(place));
  return int(place);
}

struct Linear {
  V r, g, b;
};

INLINE V from_f(V f) {
  constexpr float DELTA = 6.f / 29;
  return f > DELTA ? f * f * f : 3 * DELTA * DELTA * (f - 4.f / 29);
}

// Lab -> linear sRGB, unclipped.
INLINE Linear to_linear(const float* m, V l, V a, V b) {
  const V fy = (l + 16.f) * (1.f / 116);
  const V x = from_f(fy + a * (1.f / 500)), y = from_f(fy), z = from_f(fy - b * (1.f / 200));
  return {m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z};
}

// How far a color is outside [0, 1]; 0 or less inside.
INLINE V excess(const Linear& v) {
  const V low = smaller(smaller(v.r, v.g), v.b), high = larger(larger(v.r, v.g), v.b);
  return larger(-low, high - 1.f);
}

// Colors that no screen can show lose chroma, by as many halvings as color/gamut.py.
INLINE Linear displayable(const Composition& c, V l, V a, V b) {
  const Linear wanted = to_linear(c.from_xyz, l, a, b);
  const V outside = excess(wanted);
  if (!(highest(outside) > c.tolerance)) return wanted;
  V share = splat(0.f);
  float part = 1;
  for (int step = 0; step < c.halvings; ++step) {
    part *= 0.5f;
    const V wider = share + part;
    share = excess(to_linear(c.from_xyz, l, a * wider, b * wider)) > c.tolerance ? share : wider;
  }
  share = outside > c.tolerance ? share : splat(1.f);
  return to_linear(c.from_xyz, l, a * share, b * share);
}

void compose(const Composition& c) {
  typedef float Q __attribute__((vector_size(16), aligned(4), may_alias));  // a pixel's slopes and offsets
  const int h = c.plane_height, w = c.plane_width;
  const double down = double(h) / c.height, across = double(w) / c.width;
  Q* line = (Q*)c.scratch;                 // w + 1: the planes between two of their rows; the last repeated
  int* left = (int*)(line + w + 1);        // W
  float* share = (float*)(left + c.width);  // W
  for (int x = 0; x < c.width; ++x) left[x] = between(x, across, w, share + x);
  for (int y = 0; y < c.rows; ++y) {
    float lower;
    const int top = between(c.start + y, down, h, &lower), below = top + 1 < h ? top + 1 : top;
    for (int x = 0; x < w; ++x)
      for (int p = 0; p < 4; ++p) {
        const float *plane = c.planes + int64_t(p) * h * w, upper = plane[top * w + x];
        line[x][p] = upper + lower * (plane[below * w + x] - upper);
      }
    line[w] = line[w - 1];
    const float* light = c.lightness + int64_t(y) * c.width;
    for (int from = 0; from < c.width; from += SPAN) {
      const int count = c.width - from < SPAN ? c.width - from : SPAN;
      float l[SPAN] = {}, a[SPAN] = {}, b[SPAN] = {};
      for (int i = 0; i < count; ++i) {
        const Q *near = line + left[from + i], q = near[0] + share[from + i] * (near[1] - near[0]);
        l[i] = light[from + i];
        a[i] = q[0] * l[i] + q[2], b[i] = q[1] * l[i] + q[3];
      }
      float rgb[3][SPAN];
      for (int i = 0; i < count; i += LANES) {
        const Linear v = displayable(c, load(l + i), load(a + i), load(b + i));
        auto clip = [](V v) { return smaller(splat(1.f), larger(v, splat(0.f))); };  // of a number that is none: 0
        store(rgb[0] + i, clip(v.r)), store(rgb[1] + i, clip(v.g)), store(rgb[2] + i, clip(v.b));
      }
      const int64_t at = 3 * (int64_t(y) * c.width + from);
      if (c.picture)
        for (int i = 0; i < count; ++i)
          for (int n = 0; n < 3; ++n) c.picture[at + 3 * i + n] = c.to_byte[int(rgb[n][i] * 65535.f + 0.5f)];
      else
        for (int i = 0; i < count; ++i)
          for (int n = 0; n < 3; ++n) c.linear[at + 3 * i + n] = rgb[n][i];
    }
  }
}

}  // namespace
}  // namespace adacolvit::ADACOLVIT_ISA

// What follows the network at its own scale (runtime/refine.py, runtime/upsample.py, which have the equations), for the
// instruction set that this file is compiled for. Planes are row-major, their width a multiple of LANES.
#pragma once

#include "network.h"
#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {
namespace {

INLINE int clamp(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

// Means over (2 radius + 1)^2 pixels of N planes, the border repeated, row by row. fill(y, rows) writes row y of every
// plane; use(y, means) takes its means. Sums are kept in double: they slide over the whole plane. scratch: 5 N width.
template <int N, class Fill, class Use>
void window_means(int height, int width, int radius, double* scratch, Fill fill, Use use) {
  double* column = scratch;                        // N x width: sums over the window's rows
  float* row = (float*)(scratch + N * width);      // N x width
  float* mean = (float*)(scratch + 2 * N * width);  // N x width
  const double share = 1.0 / ((2 * radius + 1) * (2 * radius + 1));
  auto add = [&](int y, double sign) {
    fill(clamp(y, height), row);
    for (int i = 0; i < N * width; ++i) column[i] += sign * row[i];
  };
  for (int i = 0; i < N * width; ++i) column[i] = 0;
  for (int y = -radius; y < radius; ++y) add(y, 1);
  for (int y = 0; y < height; ++y) {
    add(y + radius, 1);
    double s[N] = {};  // all planes together: each sum waits for the one before it
    for (int x = -radius; x < radius; ++x)
      for (int n = 0; n < N; ++n) s[n] += column[n * width + clamp(x, width)];
    for (int x = 0; x < width; ++x) {
      const double *enters = column + clamp(x + radius, width), *leaves = column + clamp(x - radius, width);
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) {
        s[n] += enters[n * width];
        mean[n * width + x] = float(s[n] * share);
        s[n] -= leaves[n * width];
      }
    }
    use(y, mean);
    add(y - radius, -1);
  }
}

// The rows of L, a, b, L L, L a, L b.
INLINE void products(const float* light, const float* a, const float* b, int width, float* row) {
  for (int x = 0; x < width; ++x) {
    row[x] = light[x], row[width + x] = a[x], row[2 * width + x] = b[x];
    row[3 * width + x] = light[x] * light[x];
    row[4 * width + x] = light[x] * a[x], row[5 * width + x] = light[x] * b[x];
  }
}

// Slopes of a and b over L from the means of those.
INLINE void slopes(const float* mean, int width, float epsilon, float* slope_a, float* slope_b) {
  const float *l = mean, *a = mean + width, *b = a + width, *ll = b + width, *la = ll + width, *lb = la + width;
  for (int x = 0; x < width; ++x) {
    const float variance = ll[x] - l[x] * l[x];
    const float scale = 1.f / ((variance > 0 ? variance : 0.f) + epsilon);
    slope_a[x] = (la[x] - l[x] * a[x]) * scale, slope_b[x] = (lb[x] - l[x] * b[x]) * scale;
  }
}

void smooth(const Refinement& r, float* to, float* planes, double* scratch) {
  const int w = r.width;
  const int64_t n = int64_t(r.height) * w;
  window_means<6>(
      r.height, w, r.radius, scratch,
      [&](int y, float* row) { products(r.lightness + y * w, r.ab + y * w, r.ab + n + y * w, w, row); },
      [&](int y, const float* mean) {
        float *sa = planes + y * w, *sb = sa + n, *oa = sb + n, *ob = oa + n;
        slopes(mean, w, r.epsilon, sa, sb);
        for (int x = 0; x < w; ++x) {
          oa[x] = mean[w + x] - sa[x] * mean[x];
          ob[x] = mean[2 * w + x] - sb[x] * mean[x];
        }
      });
  window_means<4>(
      r.height, w, r.radius, scratch,
      [&](int y, float* row) {
        for (int p = 0; p < 4; ++p) __builtin_memcpy(row + p * w, planes + p * n + y * w, w * sizeof(float));
      },
      [&](int y, const float* mean) {
        const float* light = r.lightness + y * w;
        for (int c = 0; c < 2; ++c)
          for (int x = 0; x < w; ++x) to[c * n + y * w + x] = mean[c * w + x] * light[x] + mean[(2 + c) * w + x];
      });
}

float mean_under(const float* plane, int width, const int* hint) {
  float s = 0;
  for (int y = 0; y < hint[2]; ++y)
    for (int x = 0; x < hint[2]; ++x) s += plane[(hint[0] + y) * width + hint[1] + x];
  return s / (hint[2] * hint[2]);
}

void obey(const Refinement& r, float reach, float likeness, float* ab, float* scratch) {
  const int w = r.width, h = r.height, count = r.hints;
  const int64_t n = int64_t(h) * w;
  float *light = scratch, *lack_a = light + count, *lack_b = lack_a + count, *down = lack_b + count;
  float* across = down + count;  // count x width
  constexpr float LOG2E = 1.44269504f;
  const float near = -0.5f * LOG2E / (reach * reach), like = -0.5f * LOG2E / (likeness * likeness);
  auto nearness = [&](float x) { return near * x * x; };  // exponents, that add up to one
  for (int k = 0; k < count; ++k) {
    const int* hint = r.squares + 3 * k;
    light[k] = mean_under(r.lightness, w, hint);
    lack_a[k] = r.asked[2 * k] - mean_under(ab, w, hint);
    lack_b[k] = r.asked[2 * k + 1] - mean_under(ab + n, w, hint);
    for (int x = 0; x < w; ++x) across[k * w + x] = nearness(x - hint[1] - 0.5f * (hint[2] - 1));
  }
  for (int y = 0; y < h; ++y) {
    for (int k = 0; k < count; ++k) {
      const int* hint = r.squares + 3 * k;
      down[k] = nearness(y - hint[0] - 0.5f * (hint[2] - 1));
    }
    for (int x = 0; x < w; x += LANES) {
      const V l = load(r.lightness + y * w + x);
      V total = splat(r.shrink), more_a = V{}, more_b = V{};
      for (int k = 0; k < count; ++k) {
        const V d = l - light[k];
        // Smaller weights are none, and would become denormal numbers, each of which costs as much as 50 others.
        const V weight = exp2(larger(splat(-100.f), load(across + k * w + x) + (down[k] + like * d * d)));
        total += weight, more_a += weight * lack_a[k], more_b += weight * lack_b[k];
      }
      float *a = ab + y * w + x, *b = a + n;
      store(a, load(a) + more_a / total), store(b, load(b) + more_b / total);
    }
  }
}

void refine(const Refinement& r) {
  const int64_t n = int64_t(r.height) * r.width;
  smooth(r, r.refined, r.scratch, (double*)(r.scratch + 4 * n));
  for (int p = 0; p < r.passes && r.hints; ++p) obey(r, r.spreads[2 * p], r.spreads[2 * p + 1], r.refined, r.scratch);
}

void guide(const Guide& g) {
  const int w = g.width;
  const int64_t n = int64_t(g.height) * w;
  float* means = g.scratch;  // of L, a, b
  float* raw = means + 3 * n;
  double* sums = (double*)(raw + 2 * n);
  window_means<6>(
      g.height, w, 1, sums,
      [&](int y, float* row) { products(g.lightness + y * w, g.ab + y * w, g.ab + n + y * w, w, row); },
      [&](int y, const float* mean) {
        for (int p = 0; p < 3; ++p) __builtin_memcpy(means + p * n + y * w, mean + p * w, w * sizeof(float));
        slopes(mean, w, g.epsilon, raw + y * w, raw + n + y * w);
      });
  window_means<2>(
      g.height, w, 1, sums,
      [&](int y, float* row) {
        for (int p = 0; p < 2; ++p) __builtin_memcpy(row + p * w, raw + p * n + y * w, w * sizeof(float));
      },
      [&](int y, const float* slope) {
        auto sharp = [&](const float* value, int p, int x) {
          return value[x] + g.sharpen * (value[x] - means[p * n + y * w + x]);
        };
        for (int c = 0; c < 2; ++c) {
          float *to = g.planes + c * n + y * w, *offset = to + 2 * n;
          for (int x = 0; x < w; ++x) {
            to[x] = slope[c * w + x];
            offset[x] = sharp(g.ab + c * n + y * w, 1 + c, x) - to[x] * sharp(g.lightness + y * w, 0, x);
          }
        }
      });
}

// To half precision, rounded to nearest even, as frames are sent; beyond its range it is infinity.
void halves(const float* from, uint16_t* to, int64_t count) {
  typedef unsigned short H __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
  auto convert = [](V x) {
    const U sign = (U)x & 0x80000000u;
    const U bits = at_most((U)x ^ sign, U{} + (143u << 23));  // 2^16
    const U small = (U)((V)bits + 0.5f) - (U)splat(0.5f);  // below 2^-14: the sum rounds where it has to
    const U normal = (bits + 0xfff + ((bits >> 13) & 1) - (112u << 23)) >> 13;
    return __builtin_convertvector((bits < (113u << 23) ? small : normal) | sign >> 16, H);
  };
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) *(H*)(to + i) = convert(load(from + i));
  for (; i < count; ++i) to[i] = convert(splat(from[i]))[0];
}

}  // namespace
}  // namespace adacolvit::ADACOLVIT_ISA

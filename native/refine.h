// What follows the network at its own scale (runtime/refine.py, runtime/upsample.py, which have the equations), for the
// instruction set that this file is compiled for. Planes are row-major, their width a multiple of LANES.
#pragma once

#include "network.h"
#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {
namespace {

INLINE int clamp(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

// The lanes of v[i], v[i + 1] ... from lane K on; beyond the last of `count` vectors there is nothing that counts.
template <int K>
INLINE V shifted(const V* v, int i, int count) {
  if constexpr (K >= LANES) {
    return shifted<K - LANES>(v, i + 1, count);
  } else if constexpr (K == 0) {
    return v[i < count ? i : count - 1];
  } else {
    constexpr int LOW = K & -K, HIGH = K - LOW;
    return later<LOW>(shifted<HIGH>(v, i, count), shifted<HIGH>(v, i + 1, count));
  }
}

// v has of each lane the sum of LENGTH neighbors from it on, and is spoiled. Adds to the first SOME vectors of sums those
// of SIDE neighbors, but for what is shorter than LENGTH: by sums of 1, 2, 4, 8 ... of them, the longest first in place.
template <int SIDE, int LENGTH, int SOME, int ALL>
INLINE void add_windows(V* v, V* sums) {
  if constexpr (SIDE & LENGTH)
#pragma GCC unroll 8
    for (int i = 0; i < SOME; ++i) sums[i] += shifted<(SIDE & -(2 * LENGTH))>(v, i, ALL);
  if constexpr (2 * LENGTH <= SIDE) {
#pragma GCC unroll 16
    for (int i = 0; i < ALL; ++i) v[i] += shifted<LENGTH>(v, i, ALL);
    add_windows<SIDE, 2 * LENGTH, SOME, ALL>(v, sums);
  }
}

constexpr int AT_ONCE = 4;                // vectors whose windows are summed in registers
constexpr int BEYOND = 2 * AT_ONCE * 16;  // floats that are read and written beyond a line

// Sums of SIDE neighbors, line[i] to line[i + SIDE - 1], for each i < count.
template <int SIDE>
INLINE void sums_across(const float* line, float* sums, int count) {
  constexpr int ALL = AT_ONCE + (SIDE - 2) / LANES + 1;
  for (int i = 0; i < count; i += AT_ONCE * LANES) {
    V v[ALL], s[AT_ONCE] = {};
#pragma GCC unroll 16
    for (int j = 0; j < ALL; ++j) v[j] = load(line + i + j * LANES);
    add_windows<SIDE, 1, AT_ONCE, ALL>(v, s);
#pragma GCC unroll 8
    for (int j = 0; j < AT_ONCE; ++j) store(sums + i + j * LANES, s[j]);
  }
}

INLINE void repeat(float value, int count, float* to) {
  for (int i = 0; i < count; ++i) to[i] = value;
}

// Means over (2 RADIUS + 1)^2 pixels of N planes, the border repeated, row by row. add(y, from, to) adds row y of every
// plane to what `from` has, (N, width), and puts it to `to`, which may be the same.
//
// Rows go by blocks of a window's height: a window is the end of one block and the beginning of the next, and the sums of
// ends and beginnings grow row by row. So nothing is ever subtracted, and float is exact enough; of rows of other means,
// the last SIDE are all that `add` is asked for.
template <int RADIUS, int N, class Add>
class Windows {
 public:
  static constexpr int SIDE = 2 * RADIUS + 1;
  static constexpr int64_t floats(int width) { return window_floats(width, RADIUS); }

  Windows(int height, int width, float* scratch, Add add)  // scratch: floats(width), enough for N = 6
      : stride(width + 2 * RADIUS), height(height), width(width), row(N * width), add(add), ends(scratch),
        begin(ends + (SIDE + 1) * row), line(begin + row), means(line + N * stride + BEYOND) {
    __builtin_memset(ends + SIDE * row, 0, row * sizeof(float));
  }

  // Of the next row; planes are `stride` apart.
  const float* next() {
    const int i = y % SIDE;
    if (i) {
      add(clamp(y + RADIUS, height), begin, begin);
    } else {
      for (int k = SIDE - 1; k >= 0; --k) add(clamp(y + k - RADIUS, height), ends + (k + 1) * row, ends + k * row);
      __builtin_memset(begin, 0, row * sizeof(float));
    }
    constexpr float SHARE = 1.f / (SIDE * SIDE);
    for (int n = 0; n < N; ++n) {
      float* to = line + n * stride + RADIUS;
      const float *end = ends + i * row + n * width, *beyond = begin + n * width;
#pragma GCC ivdep
      for (int x = 0; x < width; ++x) to[x] = (end[x] + beyond[x]) * SHARE;
      repeat(to[0], RADIUS, to - RADIUS), repeat(to[width - 1], RADIUS, to + width);
    }
    sums_across<SIDE>(line, means, N * stride);
    ++y;
    return means;
  }

  const int stride;

 private:
  const int height, width, row;
  Add add;
  float *const ends, *const begin;   // (SIDE + 1, N, width), (N, width)
  float *const line, *const means;   // (N, stride): with the border
  int y = 0;
};

template <int RADIUS, int N, class Add>
INLINE Windows<RADIUS, N, Add> windows(int height, int width, float* scratch, Add add) {
  return {height, width, scratch, add};
}

// L is counted from here: its squares are smaller then, and what is left of their differences more exact.
constexpr float MIDDLE = 50;

// to = from + the rows of L, a, b, L L, L a, L b; (6, width).
INLINE void add_products(const float* light, const float* a, const float* b, int width, const float* from, float* to) {
#pragma GCC ivdep
  for (int x = 0; x < width; ++x) {
    const float l = light[x] - MIDDLE, values[] = {l, a[x], b[x], l * l, l * a[x], l * b[x]};
#pragma GCC unroll 6
    for (int p = 0; p < 6; ++p) to[p * width + x] = from[p * width + x] + values[p];
  }
}

// to = from + N rows that are `apart`; (N, width).
template <int N>
INLINE void add_rows(const float* rows, int64_t apart, int width, const float* from, float* to) {
  for (int p = 0; p < N; ++p, rows += apart, from += width, to += width)
#pragma GCC ivdep
    for (int x = 0; x < width; ++x) to[x] = from[x] + rows[x];
}

// Slopes of a and b over L from the means of those.
INLINE void slopes(const float* mean, int stride, int width, float epsilon, float* __restrict slope_a,
                   float* __restrict slope_b) {
  const float *l = mean, *a = l + stride, *b = a + stride, *ll = b + stride, *la = ll + stride, *lb = la + stride;
  for (int x = 0; x < width; ++x) {
    const float variance = ll[x] - l[x] * l[x];
    const float scale = 1.f / ((variance > 0 ? variance : 0.f) + epsilon);
    slope_a[x] = (la[x] - l[x] * a[x]) * scale, slope_b[x] = (lb[x] - l[x] * b[x]) * scale;
  }
}

// to = offset + slope (x - from)
INLINE void line_at(const float* offset, const float* slope, const float* x, float from, int width, float* __restrict to) {
  for (int i = 0; i < width; ++i) to[i] = offset[i] + slope[i] * (x[i] - from);
}

// to = y - slope x
INLINE void offset_of(const float* y, const float* slope, const float* x, int width, float* __restrict to) {
  for (int i = 0; i < width; ++i) to[i] = y[i] - slope[i] * x[i];
}

// What a row has beyond its mean, which is counted from `from`, is added once more, in part.
INLINE void sharpen(const float* row, const float* mean, float from, float part, int width, float* __restrict to) {
  for (int i = 0; i < width; ++i) to[i] = row[i] + part * (row[i] - from - mean[i]);
}

// What means are made of that are themselves taken over windows, row by row: no more rows are kept than those ask for, so
// that all stays in the near caches.
void smooth(const Refinement& r, float* to, float* scratch) {
  const int w = r.width, side = 2 * REFINE_RADIUS + 1;
  const int64_t n = int64_t(r.height) * w, apart = window_floats(w, REFINE_RADIUS);
  float* const lines = scratch + 2 * apart;  // (side, 4, W): slopes and offsets of a row
  auto first = windows<REFINE_RADIUS, 6>(r.height, w, scratch, [&](int y, const float* from, float* sums) {
    add_products(r.lightness + y * w, r.ab + y * w, r.ab + n + y * w, w, from, sums);
  });
  int done = 0;
  auto second = windows<REFINE_RADIUS, 4>(r.height, w, scratch + apart, [&](int y, const float* from, float* sums) {
    for (; done <= y; ++done) {
      const float* mean = first.next();
      float *sa = lines + done % side * 4 * w, *sb = sa + w;
      slopes(mean, first.stride, w, r.epsilon, sa, sb);
      offset_of(mean + first.stride, sa, mean, w, sb + w);
      offset_of(mean + 2 * first.stride, sb, mean, w, sb + 2 * w);
    }
    add_rows<4>(lines + y % side * 4 * w, w, w, from, sums);
  });
  for (int y = 0; y < r.height; ++y) {
    const float* mean = second.next();
    for (int c = 0; c < 2; ++c)
      line_at(mean + (2 + c) * second.stride, mean + c * second.stride, r.lightness + y * w, MIDDLE, w, to + c * n + y * w);
  }
}

float mean_under(const float* plane, int width, const int* hint) {
  float s = 0;
  for (int y = 0; y < hint[2]; ++y)
    for (int x = 0; x < hint[2]; ++x) s += plane[(hint[0] + y) * width + hint[1] + x];
  return s / (hint[2] * hint[2]);
}

// Two to this power is no weight any more: it changes no color by 1e-3.
constexpr float FADED = -24.f;
// Nor are there smaller ones than by this: they would become denormal numbers, each of which costs as much as 50 others.
constexpr float LEAST = -64.f;
constexpr int TILE = 16;  // rows and columns, for which the hints that reach them are found together

// Of a hint: the middle of its square, its lightness, what color lacks there, and the exponent of nearness per squared
// pixel.
struct Pull {
  float row, column, light, a, b, near;
};

void obey(const Refinement& r, const Refinement::Pass& pass, float* ab, float* scratch) {
  const int w = r.width, h = r.height;
  const int64_t n = int64_t(h) * w;
  constexpr float LOG2E = 1.44269504f;
  const float near = -0.5f * LOG2E / (pass.reach * pass.reach), like = -0.5f * LOG2E / (pass.likeness * pass.likeness);
  static_assert(sizeof(Pull) == PULL_FLOATS * sizeof(float));
  Pull *all = (Pull*)scratch, *here = all + r.hints;
  for (int k = 0; k < r.hints; ++k) {
    const int* hint = r.squares + 3 * k;
    const float middle = 0.5f * (hint[2] - 1);
    const float a = r.asked[2 * k] - mean_under(ab, w, hint), b = r.asked[2 * k + 1] - mean_under(ab + n, w, hint);
    const float narrow = near * (1 + (a * a + b * b) / (r.vivid * r.vivid));
    all[k] = {hint[0] + middle, hint[1] + middle, mean_under(r.lightness, w, hint), a, b, narrow};
  }
  float lanes[LANES];
  for (int i = 0; i < LANES; ++i) lanes[i] = i;
  for (int top = 0; top < h; top += TILE)
    for (int left = 0; left < w; left += TILE) {
      auto away = [](float at, int from) {  // from the nearest pixel of the tile
        return at < from ? from - at : at > from + TILE - 1 ? at - (from + TILE - 1) : 0.f;
      };
      int count = 0;
      for (int k = 0; k < r.hints; ++k) {
        const float down = away(all[k].row, top), across = away(all[k].column, left);
        if (all[k].near * (down * down + across * across) > FADED) here[count++] = all[k];
      }
      for (int y = top; count && y < top + TILE && y < h; ++y)
        for (int x = left; x < left + TILE; x += LANES) {
          const V l = load(r.lightness + y * w + x), columns = load(lanes) + float(x);
          V total = splat(pass.shrink), more_a = V{}, more_b = V{};
          for (int k = 0; k < count; ++k) {
            const Pull& hint = here[k];
            const V across = columns - hint.column, unlike = l - hint.light;
            const float down = hint.near * (y - hint.row) * (y - hint.row);  // exponents, that add up to one
            const V power = (hint.near * across * across + down) + like * unlike * unlike;
            const V weight = exp2_within<4>(larger(power, splat(LEAST)));
            total += weight, more_a += weight * hint.a, more_b += weight * hint.b;
          }
          float *a = ab + y * w + x, *b = a + n;
          const V share = 1.f / total;
          store(a, load(a) + more_a * share), store(b, load(b) + more_b * share);
        }
    }
}

void refine(const Refinement& r) {
  smooth(r, r.refined, r.scratch);
  for (int p = 0; p < r.passes && r.hints; ++p) obey(r, r.spreads[p], r.refined, r.scratch);
}

void guide(const Guide& g) {
  const int w = g.width, side = 2 * GUIDE_RADIUS + 1;
  const int64_t n = int64_t(g.height) * w, apart = window_floats(w, GUIDE_RADIUS);
  float* const lines = g.scratch + 2 * apart;  // (side, 5, W): sharper L, a, b and slopes of a row
  auto first = windows<GUIDE_RADIUS, 6>(g.height, w, g.scratch, [&](int y, const float* from, float* sums) {
    add_products(g.lightness + y * w, g.ab + y * w, g.ab + n + y * w, w, from, sums);
  });
  int done = 0;
  auto second = windows<GUIDE_RADIUS, 2>(g.height, w, g.scratch + apart, [&](int y, const float* from, float* sums) {
    for (; done <= y; ++done) {
      const float *mean = first.next(), *values[] = {g.lightness, g.ab, g.ab + n};
      float* line = lines + done % side * 5 * w;
      for (int p = 0; p < 3; ++p)
        sharpen(values[p] + done * w, mean + p * first.stride, p ? 0 : MIDDLE, g.sharpen, w, line + p * w);
      slopes(mean, first.stride, w, g.epsilon, line + 3 * w, line + 4 * w);
    }
    add_rows<2>(lines + (y % side * 5 + 3) * w, w, w, from, sums);
  });
  for (int y = 0; y < g.height; ++y) {
    const float *slope = second.next(), *sharp = lines + y % side * 5 * w;
    for (int c = 0; c < 2; ++c) {
      float* to = g.planes + c * n + y * w;
      __builtin_memcpy(to, slope + c * second.stride, w * sizeof(float));
      offset_of(sharp + (1 + c) * w, to, sharp, w, to + 2 * n);
    }
  }
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

// What follows the network at its own scale (runtime/refine.py, runtime/upsample.py, which have the equations), for the
// instruction set that this file is compiled for. Planes are row-major, their width a multiple of LANES.
#pragma once

#include "network.h"
#include "simd.h"

namespace adacolvit::ADACOLVIT_ISA {
namespace {

// L is counted from here: its squares are smaller then, and what is left of their differences more exact.
constexpr float MIDDLE = 50;

// Rows of L, a, b, L L, L a, L b, (6, width); where ADDED, added to what is there.
template <bool ADDED>
INLINE void products(const float* light, const float* a, const float* b, int width, float* to) {
#pragma GCC ivdep
  for (int x = 0; x < width; ++x) {
    const float l = light[x] - MIDDLE, values[] = {l, a[x], b[x], l * l, l * a[x], l * b[x]};
#pragma GCC unroll 6
    for (int p = 0; p < 6; ++p) to[p * width + x] = ADDED ? to[p * width + x] + values[p] : values[p];
  }
}

// Means over 3 x 3 of `count` planes for one row of them; rows (count, width), above and below it, the border repeated.
// sums: (count, width + 2). First all that is stored there, then all that is loaded: a load of what two stores have
// just brought has to wait for them.
INLINE void means3(const float* above, const float* here, const float* below, int count, int width,
                   float* __restrict sums, float* __restrict to) {
  float* line = sums;
  for (int p = 0; p < count; ++p, above += width, here += width, below += width, line += width + 2) {
    for (int x = 0; x < width; ++x) line[x + 1] = above[x] + here[x] + below[x];
    line[0] = line[1], line[width + 1] = line[width];
  }
  line = sums;
  for (int p = 0; p < count; ++p, to += width, line += width + 2)
    for (int x = 0; x < width; ++x) to[x] = (line[x] + line[x + 1] + line[x + 2]) * (1.f / 9);
}

// Slopes of a and b over L from the means of those, (6, width); to: (2, width).
INLINE void slopes(const float* mean, int width, float epsilon, float* __restrict to) {
  const float *l = mean, *a = l + width, *b = a + width, *ll = b + width, *la = ll + width, *lb = la + width;
  for (int x = 0; x < width; ++x) {
    const float variance = ll[x] - l[x] * l[x];
    const float scale = 1.f / ((variance > 0 ? variance : 0.f) + epsilon);
    to[x] = (la[x] - l[x] * a[x]) * scale, to[width + x] = (lb[x] - l[x] * b[x]) * scale;
  }
}

// to = y - slope x
INLINE void offset_of(const float* y, const float* slope, const float* x, int width, float* __restrict to) {
  for (int i = 0; i < width; ++i) to[i] = y[i] - slope[i] * x[i];
}

// What a row has beyond its mean, which is counted from `from`, is added once more, in part.
INLINE void sharpen(const float* row, const float* mean, float from, float part, int width, float* __restrict to) {
  for (int i = 0; i < width; ++i) to[i] = row[i] + part * (row[i] - from - mean[i]);
}

// In blocks, row by row, (down, planes, across): means of the products, and lines of color over L from their means.
void smooth(const Refinement& r, float* to, float* scratch) {
  constexpr int SIDE = REFINE_BLOCK;
  const int w = r.width, across = w / SIDE, down = r.height / SIDE;
  const int64_t n = int64_t(r.height) * w, stride = 6 * across;
  float *blocks = scratch, *lines = blocks + down * stride, *row = lines + down * stride;  // row: (6, w + LANES)
  for (int i = 0; i < down; ++i) {
    int64_t at = int64_t(i) * SIDE * w;
    products<false>(r.lightness + at, r.ab + at, r.ab + n + at, w, row);
    for (int k = 1; k < SIDE; ++k) at += w, products<true>(r.lightness + at, r.ab + at, r.ab + n + at, w, row);
    float* block = blocks + i * stride;
    for (const float *s = row, *end = row + 6 * w; s < end; s += SIDE) {
      float sum = 0;
      for (int k = 0; k < SIDE; ++k) sum += s[k];
      *block++ = sum * (1.f / (SIDE * SIDE));
    }
  }
  float* mean = row + 6 * (across + 2);  // behind what means3 works in
  for (int i = 0; i < down; ++i) {
    const int above = i ? i - 1 : i, below = i < down - 1 ? i + 1 : i;
    means3(blocks + above * stride, blocks + i * stride, blocks + below * stride, 6, across, row, mean);
    float* line = lines + i * stride;
    slopes(mean, across, r.epsilon, line);
    for (int c = 0; c < 2; ++c)
      offset_of(mean + (1 + c) * across, line + c * across, mean, across, line + (2 + c) * across);
  }
  const int padded = across + LANES;
  for (int y = 0; y < r.height; ++y) {
    const int second = (y + SIDE / 2) / SIDE, first = second - 1;  // rows of blocks, whose middles it lies between
    const float *upper = lines + (first < 0 ? 0 : first) * stride,
                *lower = lines + (second < down ? second : down - 1) * stride;
    const float share = float(2 * y + 1) / (2 * SIDE) - 0.5f - first;
    for (int p = 0; p < 4; ++p, upper += across, lower += across) {
      float* line = row + p * padded + 1;
      for (int x = 0; x < across; ++x) line[x] = upper[x] + share * (lower[x] - upper[x]);
      line[-1] = line[0], line[across] = line[across - 1];
    }
    for (int x = 0; x < w; x += LANES) {
      const int64_t at = int64_t(y) * w + x;
      const V light = load(r.lightness + at) - MIDDLE, own = load(r.own + x % PATCH) * r.own[y % PATCH];
      for (int c = 0; c < 2; ++c) {
        const float* slope = row + c * padded + x / SIDE;
        const V color = four_each(load(slope)) * light + four_each(load(slope + 2 * padded));
        store(to + c * n + at, color + own * (load(r.ab + c * n + at) - color));
      }
    }
  }
}

struct Square {
  int top, left, side;
};

float mean_under(const float* plane, int width, const Square& hint) {
  float s = 0;
  for (int y = 0; y < hint.side; ++y)
    for (int x = 0; x < hint.side; ++x) s += plane[(hint.top + y) * width + hint.left + x];
  return s / (hint.side * hint.side);
}

// Two to this power is no weight any more: what lacks 100 Lab units is changed by less than 1e-3 of them.
constexpr float FADED = -20.f;
// Nor are there smaller ones than by this: they would become denormal numbers, each of which costs as much as 50 others.
constexpr float LEAST = -64.f;
constexpr int TILE = REFINE_TILE;

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
  int hints = 0;  // but for those that have a later one at their place
  float* beside = (float*)(here + r.hints);  // (K, TILE) exponents of the hints that are here, of nearness across
  for (int k = 0; k < r.hints; ++k) {
    const Square hint = {r.rows[k], r.columns[k], r.sizes[k]};
    int later = k + 1;
    while (later < r.hints && (r.rows[later] != hint.top || r.columns[later] != hint.left)) ++later;
    if (later < r.hints) continue;
    const float middle = 0.5f * (hint.side - 1);
    const float a = r.asked[2 * k] - mean_under(ab, w, hint), b = r.asked[2 * k + 1] - mean_under(ab + n, w, hint);
    const float narrow = near * (1 + (a * a + b * b) / (r.vivid * r.vivid));
    all[hints++] = {hint.top + middle, hint.left + middle, mean_under(r.lightness, w, hint), a, b, narrow};
  }
  for (int top = 0; top < h; top += TILE)
    for (int left = 0; left < w; left += TILE) {
      auto away = [](float at, int from) {  // from the nearest pixel of the tile
        return at < from ? from - at : at > from + TILE - 1 ? at - (from + TILE - 1) : 0.f;
      };
      int count = 0;
      for (int k = 0; k < hints; ++k) {
        const float down = away(all[k].row, top), across = away(all[k].column, left);
        if (all[k].near * (down * down + across * across) <= FADED) continue;
        for (int x = 0; x < TILE; ++x) {
          const float columns = left + x - all[k].column;
          beside[count * TILE + x] = all[k].near * columns * columns;
        }
        here[count++] = all[k];
      }
      for (int y = top; count && y < top + TILE && y < h; ++y)
        for (int x = left; x < left + TILE; x += LANES) {
          const V l = load(r.lightness + y * w + x);
          V total = splat(pass.shrink), more_a = V{}, more_b = V{};
          for (int k = 0; k < count; ++k) {
            const Pull& hint = here[k];
            const V unlike = l - hint.light, across = load(beside + k * TILE + (x - left));
            const float down = hint.near * (y - hint.row) * (y - hint.row);
            const V power = (across + down) + like * unlike * unlike;  // exponents, that add up to one
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

// Row by row, as soon as the rows below are there that its means ask for.
void guide(const Guide& g) {
  const int w = g.width, h = g.height;
  const int64_t n = int64_t(h) * w;
  float *sums = g.scratch, *mean = sums + 6 * (w + 2), *kept = mean + 6 * w;  // kept: three rows of 6 + 5 planes
  auto row = [=](int y, int planes) { return kept + ((y < 0 ? 0 : y < h ? y : h - 1) % 3 * 11 + planes) * w; };
  auto means = [=](int y, int planes, int count) {
    means3(row(y - 1, planes), row(y, planes), row(y + 1, planes), count, w, sums, mean);
  };
  for (int y = -2; y < h; ++y) {
    if (y + 2 < h) {
      const int64_t at = int64_t(y + 2) * w;
      products<false>(g.lightness + at, g.ab + at, g.ab + n + at, w, row(y + 2, 0));
    }
    if (y >= -1 && y + 1 < h) {  // slopes, and sharper L, a, b
      const float* values[] = {g.lightness, g.ab, g.ab + n};
      float* to = row(y + 1, 6);
      means(y + 1, 0, 6);
      slopes(mean, w, g.epsilon, to);
      for (int p = 0; p < 3; ++p)
        sharpen(values[p] + int64_t(y + 1) * w, mean + p * w, p ? 0 : MIDDLE, g.sharpen, w, to + (2 + p) * w);
    }
    if (y < 0) continue;
    means(y, 6, 2);
    const float* sharp = row(y, 8);
    for (int c = 0; c < 2; ++c) {
      float* to = g.planes + c * n + int64_t(y) * w;
      __builtin_memcpy(to, mean + c * w, w * sizeof(float));
      offset_of(sharp + (1 + c) * w, to, sharp, w, to + 2 * n);
    }
  }
}

// To 16 bits, so many to a unit, rounded to nearest even, as frames are sent; what is beyond them is the nearest there is.
void steps(const float* from, int16_t* to, int64_t count, float each) {
  typedef int16_t H __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
  auto convert = [=](V x) {
    const V steps = smaller(larger(x * each, splat(-0x8000)), splat(0x7fff));
    return __builtin_convertvector((U)(steps + 0x1.8p23f), H);  // the sum has them in its low bits
  };
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) *(H*)(to + i) = convert(load(from + i));
  for (; i < count; ++i) to[i] = convert(splat(from[i]))[0];
}

}  // namespace
}  // namespace adacolvit::ADACOLVIT_ISA

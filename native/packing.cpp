#include "packing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace adacolvit {

namespace {

// Where row k of a matrix's transpose, in the order in which the kernels read it, stands in a tensor.
struct Layout {
  int64_t column, row, run;  // steps in the tensor: to the next column, the next row of a run, the next run
};

uint16_t bfloat16(float x) {  // rounded to nearest even
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

int8_t integer(float x, float scale) { return scale > 0 ? int8_t(std::lround(x / scale)) : int8_t(0); }

class Packer {
 public:
  Packer(Arena& arena, const Config& config, const float* const* tensors, const Kernels& kernels)
      : arena(arena), config(config), tensors(tensors), kernels(kernels) {}

  Network network() {
    const int c = config.width, patch = INPUTS * PATCH * PATCH, taps = config.head_kernel * config.head_kernel;
    Network n{};
    n.config = config;
    n.config.widths = nullptr;  // the caller's
    for (int i = 0; i < 2 * config.depth; ++i) {
      const Widths& w = config.widths[i];
      n.most = {std::max(n.most.keys, w.keys), std::max(n.most.values, w.values), std::max(n.most.hidden, w.hidden)};
    }
    n.blocks = arena.take<Block>(config.depth);
    // Panels lie in the order of use, from the first product to the last.
    n.embed = matrix(c, INPUTS * PATCH, PATCH, {patch, 1, PATCH}, nullptr, true);
    n.policy = vector(c);
    for (int i = 0; i < config.depth; ++i) {
      const Block b = block(config.widths + 2 * i);
      if (!arena.measuring()) n.blocks[i] = b;
    }
    n.norm_weight = vector(c);
    n.norm_bias = vector(c);
    const int rank = config.head_rank;
    n.head = matrix(rank ? rank : HEAD_COLUMNS, taps, c, {int64_t(c) * taps, taps, 1}, nullptr, true);
    if (rank) n.pictures = linear(HEAD_COLUMNS, rank, nullptr, true);
    return n;
  }

 private:
  Arena& arena;
  const Config& config;
  const float* const* tensors;  // the next one
  const Kernels& kernels;
  std::vector<int64_t> row_at;  // where a row of the matrix that is being packed stands in its tensor

  float* copied(const float* from, int count) {
    float* to = arena.take<float>(padded(count));
    if (to) memcpy(to, from, count * sizeof(float));
    return to;
  }

  float* vector(int count) {
    const float* from = *tensors++;
    return from ? copied(from, count) : nullptr;
  }

  float scalar() {
    const float* from = *tensors++;
    return from ? *from : 0;
  }

  // The next tensor as a matrix, and the one after it as its bias where it has one.
  Packed matrix(int columns, int runs, int run, Layout layout, const float* scale, bool biased) {
    const float* from = *tensors++;
    Packed w{nullptr, nullptr, columns, runs, run, nullptr, nullptr, runs == INPUTS * PATCH ? INPUTS : runs};
    const int64_t depth = int64_t(runs) * run;
    row_at.resize(depth);
    for (int64_t k = 0; k < depth; ++k) row_at[k] = k % run * layout.row + k / run * layout.run;
    auto weight = [&](int64_t k, int j) {  // beyond both there are zeros
      return k < depth && j < columns ? from[j * layout.column + row_at[k]] * (scale ? scale[j] : 1) : 0.f;
    };
    if (kernels.bits == 32)
      w.panels = panels<float>(columns, depth, 1, weight);
    else if (kernels.bits == 16)
      w.panels = panels<uint16_t>(columns, depth, 32, [&](int64_t k, int j) { return bfloat16(weight(k, j)); });
    else
      integers(w, depth, weight);
    if (biased) {
      float* bias = vector(columns);
      if (bias && scale)
        for (int j = 0; j < columns; ++j) bias[j] *= scale[j];
      w.bias = bias;
    }
    return w;
  }

  // Weights panel by panel. Below each other are `deep` rows at a time, and of those as many side by side, column by
  // column, as an instruction multiplies into one sum: what fits into 32 bits.
  template <class Number, class Get>
  const Number* panels(int columns, int64_t depth, int deep, Get get) {
    constexpr int pair = 4 / sizeof(Number);
    const int64_t rows = (depth + deep - 1) / deep * deep;
    const int all = (columns + kernels.step - 1) / kernels.step * kernels.step;
    const int across = deep > pair ? kernels.step : kernels.panel;  // columns that lie beside each other
    Number* const begin = arena.take<Number>(rows * all);
    Number* to = begin;
    for (int first = 0; to && first < all; first += kernels.panel) {
      const int end = first + kernels.panel < all ? first + kernels.panel : all;
      for (int64_t top = 0; top < rows; top += deep)
        for (int left = first; left < end; left += across)
          for (int64_t k = top; k < top + deep; k += pair)
            for (int j = left; j < end && j < left + across; ++j)
              for (int p = 0; p < pair; ++p) *to++ = get(k + p, j);
    }
    return begin;
  }

  template <class Weight>
  void integers(Packed& w, int64_t depth, Weight weight) {
    float *scale = arena.take<float>(padded(w.columns)), *sums = arena.take<float>(w.groups * padded(w.columns));
    const int64_t each = depth / w.groups, filled = (each + 3) / 4 * 4;
    for (int j = 0; scale && j < w.columns; ++j) {
      float most = 0;
      for (int64_t k = 0; k < depth; ++k) most = std::max(most, std::fabs(weight(k, j)));
      scale[j] = most / 127;
      for (int64_t k = 0; k < depth; ++k) sums[k / each * padded(w.columns) + j] += integer(weight(k, j), scale[j]);
    }
    w.panels = panels<int8_t>(w.columns, w.groups * filled, 4, [&](int64_t k, int j) {
      const int64_t of_group = k % filled;
      return j < w.columns && of_group < each ? integer(weight(k / filled * each + of_group, j), scale[j]) : int8_t(0);
    });
    w.scale = scale, w.sums = sums;
  }

  Packed linear(int columns, int depth, const float* scale, bool biased) {
    return matrix(columns, 1, depth, {depth, 1, depth}, scale, biased);
  }

  Part attention_part(const Widths& widths, bool base) {
    Part part{widths.values, widths.keys, {}, {}};
    if (!part.width) return tensors += base ? 4 : 3, part;
    // Scores come out in powers of 2, so that the softmax needs no multiplication.
    const int scores = config.heads * part.keys, mixed = config.heads * part.width;
    std::vector<float> scale(2 * scores + mixed, 1.f);
    for (int j = 0; j < scores; ++j) scale[j] = float(1.4426950408889634 / std::sqrt(double(part.keys)));
    part.in = linear(2 * scores + mixed, config.width, scale.data(), true);
    part.out = linear(config.width, mixed, nullptr, base);
    return part;
  }

  Part ffn_part(int hidden, bool base) {
    Part part{hidden, 0, {}, {}};
    if (!hidden) return tensors += base ? 4 : 3, part;
    part.in = linear(hidden, config.width, nullptr, true);
    part.out = linear(config.width, hidden, nullptr, base);
    return part;
  }

  Block block(const Widths* widths) {  // of its base and its extra part
    const int c = config.width;
    Block b{};
    const float *decide = *tensors++, *bias = *tensors++;  // of both sub-layers: (2, C), (2,)
    for (int i = 0; decide && i < 2; ++i) {
      b.decide[i] = copied(decide + i * c, c);
      b.decide_bias[i] = bias[i];
    }
    for (SubLayer* layer : {&b.attention, &b.ffn}) {
      layer->norm_weight = vector(c);
      layer->norm_bias = vector(c);
      layer->decide = vector(c);
      layer->decide_bias = scalar();
      if (layer == &b.attention) {
        layer->base = attention_part(widths[0], true);
        layer->extra = attention_part(widths[1], false);
      } else {
        layer->base = ffn_part(widths[0].hidden, true);
        layer->extra = ffn_part(widths[1].hidden, false);
      }
    }
    return b;
  }
};

}  // namespace

Network pack(Arena& arena, const Config& config, const float* const* tensors, const Kernels& kernels) {
  return Packer(arena, config, tensors, kernels).network();
}

}  // namespace adacolvit

#include "packing.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace adacolvit {

namespace {

// Where row k of a matrix's transpose, in the order in which the kernels read it, stands in a tensor.
struct Layout {
  int64_t column, row, run;  // steps in the tensor: to the next column, the next row of a run, the next run
};

class Packer {
 public:
  Packer(Arena& arena, const Config& config, const float* const* tensors, const Kernels& kernels)
      : arena(arena), config(config), tensors(tensors), kernels(kernels) {}

  Network network() {
    const int c = config.width, patch = INPUTS * PATCH * PATCH, taps = config.head_kernel * config.head_kernel;
    Network n{};
    n.config = config;
    n.blocks = arena.take<Block>(config.depth);
    // Panels lie in the order of use, from the first product to the last.
    n.embed = matrix(c, INPUTS * PATCH, PATCH, {patch, 1, PATCH}, nullptr, true);
    n.policy = vector(c);
    for (int i = 0; i < config.depth; ++i) {
      const Block b = block();
      if (!arena.measuring()) n.blocks[i] = b;
    }
    n.norm_weight = vector(c);
    n.norm_bias = vector(c);
    n.head = matrix(HEAD_COLUMNS, taps, c, {int64_t(c) * taps, taps, 1}, nullptr, true);
    return n;
  }

 private:
  Arena& arena;
  const Config& config;
  const float* const* tensors;  // the next one
  const Kernels& kernels;

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
    Packed w{nullptr, nullptr, columns, runs, run};
    const int64_t depth = int64_t(runs) * run;
    float* to = arena.take<float>(depth * ((columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes));
    w.panels = to;
    for (int first = 0; to && first < columns; first += kernels.panel) {
      const int left = (columns - first + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
      const int width = left < kernels.panel ? left : kernels.panel;
      for (int r = 0; r < runs; ++r)
        for (int k = 0; k < run; ++k, to += width)
          for (int j = 0; j < width && first + j < columns; ++j)
            to[j] = from[(first + j) * layout.column + k * layout.row + r * layout.run] * (scale ? scale[first + j] : 1);
    }
    if (biased) {
      float* bias = vector(columns);
      if (bias && scale)
        for (int j = 0; j < columns; ++j) bias[j] *= scale[j];
      w.bias = bias;
    }
    return w;
  }

  Packed linear(int columns, int depth, const float* scale, bool biased) {
    return matrix(columns, 1, depth, {depth, 1, depth}, scale, biased);
  }

  Part attention_part(int d, bool base) {
    Part part{d, {}, {}};
    if (!d) return tensors += base ? 4 : 3, part;
    // Scores come out in powers of 2, so that the softmax needs no multiplication.
    const int each = config.heads * d;
    std::vector<float> scale(3 * each, 1.f);
    for (int j = 0; j < each; ++j) scale[j] = float(1.4426950408889634 / std::sqrt(double(d)));
    part.in = linear(3 * each, config.width, scale.data(), true);
    part.out = linear(config.width, each, nullptr, base);
    return part;
  }

  Part ffn_part(int hidden, bool base) {
    Part part{hidden, {}, {}};
    if (!hidden) return tensors += base ? 4 : 3, part;
    part.in = linear(hidden, config.width, nullptr, true);
    part.out = linear(config.width, hidden, nullptr, base);
    return part;
  }

  Block block() {
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
        layer->base = attention_part(config.base_head, true);
        layer->extra = attention_part(config.extra_head, false);
      } else {
        layer->base = ffn_part(config.base_hidden, true);
        layer->extra = ffn_part(config.extra_hidden, false);
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

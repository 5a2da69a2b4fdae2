// The network, for the instruction set that this file is compiled for. Several threads may run one call together: each
// executes all of this on its own share of rows, and they wait for each other where one reads what another wrote.
#if ADACOLVIT_BITS == 16
#include "attention_bf16.h"
#else
#include "attention.h"
#endif
#include "compose.h"
#include "refine.h"

namespace adacolvit::ADACOLVIT_ISA {
namespace {

void copy(float* to, const float* from, int64_t n) { __builtin_memcpy(to, from, n * sizeof(float)); }

class Forward {
 public:
  Forward(const Network& net, const Call& call, const Workspace& ws, Worker& worker)
      : net(net), config(net.config), call(call), ws(ws), worker(worker), columns(config.width),
        patches(call.rows * call.columns), tokens(patches + config.adaptive) {}

  void run() {
    embed();
    for (int block = 0; block < config.depth; ++block) {
      const Block& b = net.blocks[block];
      wait(worker.team);
      bool keep[2];
      for (int i = 0; i < 2; ++i) keep[i] = decide_layer(b, block, i);
      wait(worker.team);  // everyone has read the policy token before anyone changes it
      double start = milliseconds();
      if (keep[0]) attention(b.attention, 2 * block);
      start = clock(2 * block, keep[0], start);
      if (keep[1]) ffn(b.ffn, 2 * block + 1);
      clock(2 * block + 1, keep[1], start);
    }
    head();
  }

 private:
  const Network& net;
  const Config& config;
  const Call& call;
  const Workspace& ws;
  Worker& worker;
  const int columns, patches, tokens;

  // This thread's share of n rows.
  int lo(int n) const { return int64_t(n) * worker.index / worker.count; }
  int hi(int n) const { return int64_t(n) * (worker.index + 1) / worker.count; }
  bool first_thread() const { return worker.index == 0; }

  float* token(int i) const { return ws.z + i * ws.z_stride; }
  float* grid(int row, int column) const {  // of the grid with its border: (-1, -1) is the first
    return ws.x + (int64_t(row + 1) * (call.columns + 2) + column + 1) * ws.z_stride;
  }

  float dot(const float* a, const float* b) const {
    V s = V{};
    for (int k = 0; k < columns; k += LANES) s += load(a + k) * load(b + k);
    worker.macs += columns;
    return sum(s);
  }

  void embed() {
    for (int n = lo(patches); n < hi(patches); ++n) {
      float* z = token(n + config.adaptive);
      copy(z, call.positions + int64_t(n) * columns, columns);
      for (int64_t k = columns; k < ws.z_stride; ++k) z[k] = 0;  // what the call before left beyond them
    }
    if (config.adaptive && first_thread()) {
      copy(token(0), net.policy, columns);
      for (int64_t k = columns; k < ws.z_stride; ++k) token(0)[k] = 0;
      if (call.steering)
        for (int k = 0; k < columns; ++k) token(0)[k] += call.steering[k];
    }
    multiply(
        net.embed, Rows{const_cast<float*>(call.x), 1, ws.input_of}, ws.embed_offsets,
        Rows{token(config.adaptive), ws.z_stride}, lo(patches), hi(patches), Sum::add, ws, worker, nothing);
    wait(worker.team);
  }

  // What the budget adds to a logit: those of layers first, then those of their patches.
  float steered(int logit) const { return call.steering ? call.steering[columns + logit] : 0.f; }

  // Writes down what a layer took since `start`, and returns the time that it is now.
  double clock(int index, bool ran, double start) {
    const double now = milliseconds();
    if (first_thread()) call.milliseconds[index] = ran ? float(now - start) : 0.f;
    return now;
  }

  // Every thread decides for itself; the first one writes it down and counts it.
  bool decide_layer(const Block& b, int block, int which) {
    bool keep = true;
    if (config.adaptive && call.forced_layers) {
      keep = call.forced_layers[2 * block + which];
    } else if (config.adaptive) {
      const int64_t before = worker.macs;
      keep = dot(token(0), b.decide[which]) + b.decide_bias[which] + steered(2 * block + which) >= 0;
      if (!first_thread()) worker.macs = before;
    }
    if (first_thread()) {
      call.layers[2 * block + which] = keep;
      __builtin_memset(call.patches + int64_t(2 * block + which) * patches, !config.adaptive, patches);
    }
    return keep;
  }

  // Orders the tokens: more informative ones first, so that the extra part works on the first rows. Returns how many.
  int order(const SubLayer& layer, int index) {
    if (!config.adaptive) {
      if (first_thread())
        for (int t = 0; t < tokens; ++t) ws.row_of[t] = t;
      wait(worker.team);
      return tokens;
    }
    const uint8_t* forced = call.forced_patches ? call.forced_patches + int64_t(index) * patches : nullptr;
    uint8_t* kept = call.patches + int64_t(index) * patches;
    const float bias = layer.decide_bias + steered(2 * config.depth + index);
    for (int n = lo(patches); n < hi(patches); ++n)
      kept[n] = forced ? forced[n] != 0 : dot(token(n + 1), layer.decide) + bias >= 0;
    wait(worker.team);
    int front = 1, back = tokens;
    for (int n = 0; n < patches; ++n) {
      const int row = kept[n] ? front++ : --back;
      if (first_thread()) ws.row_of[row] = n + 1;
    }
    if (first_thread()) ws.row_of[0] = 0;
    wait(worker.team);
    return front;
  }

  void normalize(const float* from, float* to, const float* weight, const float* bias) const {
    V s = V{};
    for (int k = 0; k < columns; k += LANES) s += load(from + k);
    const float mean = sum(s) / columns;
    s = V{};
    for (int k = 0; k < columns; k += LANES) {
      const V x = load(from + k) - mean;
      s += x * x;
    }
    const int padding = (columns + LANES - 1) / LANES * LANES - columns;  // zeros, which are not channels
    const float variance = (sum(s) - padding * mean * mean) / columns;
    const float scale = 1.f / __builtin_sqrtf(variance + config.norm_eps);
    for (int k = 0; k < columns; k += LANES)
      store(to + k, (load(from + k) - mean) * scale * load(weight + k) + load(bias + k));
  }

  // Returns the number of more informative tokens; the caller's rows of ws.x are ready, and after a wait everyone's.
  int prepare(const SubLayer& layer, int index) {
    wait(worker.team);
    const int kept = order(layer, index);
    for (int i = lo(tokens); i < hi(tokens); ++i)
      normalize(token(ws.row_of[i]), ws.x + i * ws.z_stride, layer.norm_weight, layer.norm_bias);
    return kept;
  }

  Rows normalized() const { return {ws.x, ws.z_stride}; }
  Rows wide() const { return {ws.wide, ws.wide_stride}; }
  Rows residual() const { return {ws.z, ws.z_stride, ws.row_of}; }

  void attention(const SubLayer& layer, int index) {
    const int kept = prepare(layer, index);
    attention_part(layer.base, tokens);
    if (layer.extra.width) attention_part(layer.extra, kept);
  }

  void attention_part(const Part& part, int n) {
    wait(worker.team);
    multiply(part.in, normalized(), &ZERO, wide(), lo(n), hi(n), Sum::store, ws, worker, nothing);
    wait(worker.team);
    const int panels = (n + KEYS - 1) / KEYS;
    pack_keys(ws, config.heads, part.keys, part.width, n, lo(panels), hi(panels));
    if (first_thread())
      for (int j = 0; j < padded(n); ++j) ws.mask[j] = j < n ? 0.f : -1e30f;
    wait(worker.team);
    attend(ws, config.heads, part.keys, part.width, n, lo(n), hi(n), worker);
    add_product(part.out, Rows{ws.mixed, ws.mixed_stride}, n);
  }

  void ffn(const SubLayer& layer, int index) {
    const int kept = prepare(layer, index);
    ffn_part(layer.base, tokens);
    if (layer.extra.width) ffn_part(layer.extra, kept);
  }

  void ffn_part(const Part& part, int n) {
    wait(worker.team);
    multiply(
        part.in, normalized(), &ZERO, wide(), lo(n), hi(n), Sum::store, ws, worker,
        [this](int row, int rows, int column, int width) {
          for (int i = row; i < row + rows; ++i) {
            float* h = ws.wide + i * ws.wide_stride + column;
            for (int j = 0; j < width; j += LANES) store(h + j, gelu(load(h + j)));
          }
        });
    add_product(part.out, wide(), n);
  }

  void add_product(const Packed& w, Rows a, int n) {
    multiply(w, a, &ZERO, residual(), lo(n), hi(n), Sum::add, ws, worker, nothing);
  }

  void head() {
    wait(worker.team);
    for (int n = lo(patches); n < hi(patches); ++n)
      normalize(
          token(n + config.adaptive), grid(n / call.columns, n % call.columns), net.norm_weight, net.norm_bias);
    wait(worker.team);
    if (first_thread()) reflect();
    wait(worker.team);
    const int first = lo(patches), end = hi(patches);
    const Rows mixed{ws.mixed, ws.mixed_stride};
    multiply(
        net.head, Rows{ws.x, ws.z_stride, ws.border_of}, ws.head_offsets, config.head_rank ? mixed : wide(), first, end,
        Sum::store, ws, worker, nothing);
    if (config.head_rank) multiply(net.pictures, mixed, &ZERO, wide(), first, end, Sum::store, ws, worker, nothing);
    for (int n = first; n < end; ++n) shuffle(n);
    wait(worker.team);
  }

  // The border of the grid is its reflection; a single row or column is repeated.
  void reflect() const {
    const int h = call.rows, w = call.columns;
    for (int r = 0; r < h; ++r) {
      copy(grid(r, -1), grid(r, w > 1 ? 1 : 0), ws.z_stride);
      copy(grid(r, w), grid(r, w > 1 ? w - 2 : 0), ws.z_stride);
    }
    copy(grid(-1, -1), grid(h > 1 ? 1 : 0, -1), (w + 2) * ws.z_stride);
    copy(grid(h, -1), grid(h > 1 ? h - 2 : 0, -1), (w + 2) * ws.z_stride);
  }

  // The head's output for patch n -> its 16 x 16 pixels.
  void shuffle(int n) const {
    const int64_t width = int64_t(call.columns) * PATCH, plane = int64_t(call.rows) * PATCH * width;
    const float* from = ws.wide + n * ws.wide_stride;
    float* to = call.ab + int64_t(n / call.columns) * PATCH * width + n % call.columns * PATCH;
    for (int c = 0; c < OUTPUTS; ++c)
      for (int i = 0; i < PATCH; ++i, from += PATCH)
        for (int j = 0; j < PATCH; j += LANES) store(to + c * plane + i * width + j, tanh(load(from + j)) * call.scale);
  }
};

void forward(const Network& net, const Call& call, const Workspace& ws, Worker& worker) {
  [[maybe_unused]] const Session session;
  Forward(net, call, ws, worker).run();
}

}  // namespace
}  // namespace adacolvit::ADACOLVIT_ISA

#define NAME_OF(isa) #isa
#define NAME(isa) NAME_OF(isa)
#define KERNELS_OF(isa) kernels_##isa
#define KERNELS(isa) KERNELS_OF(isa)

namespace adacolvit {
extern const Kernels KERNELS(ADACOLVIT_ISA);
const Kernels KERNELS(ADACOLVIT_ISA) = {
    NAME(ADACOLVIT_ISA), ADACOLVIT_BITS, ADACOLVIT_ISA::Left::STEP, ADACOLVIT_ISA::Left::PANEL, ADACOLVIT_ISA::QUERIES,
    ADACOLVIT_ISA::forward, ADACOLVIT_ISA::spin, ADACOLVIT_ISA::SPIN_MACS, ADACOLVIT_ISA::refine, ADACOLVIT_ISA::guide,
    ADACOLVIT_ISA::compose, ADACOLVIT_ISA::steps};
}  // namespace adacolvit

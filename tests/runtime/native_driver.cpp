// Runs random networks through every instruction set of this machine, for a sanitizer or a counter to look on.
// Prints one line per instruction set; exits with 1 where a click asked for memory, or gave no number.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../../native/engine.h"

using namespace adacolvit;

namespace {

long mallocs = 0;  // of the whole program, where no sanitizer has taken malloc's place

float uniform() { return rand() / float(RAND_MAX) * 2 - 1; }

// The tensors of a network in the order in which the engine takes them.
struct Tensors {
  std::vector<std::vector<float>> values;
  std::vector<const float*> pointers;

  void add(int count) {
    values.emplace_back(count);
    for (float& value : values.back()) value = uniform() * 0.1f;
    if (!count) values.back().clear();
  }

  void part(int c, int inner, int n, bool base) {
    for (int count : {inner * c, inner, n * c}) add(count);
    if (base) add(c);
  }

  explicit Tensors(const Config& f) {
    const int c = f.width;
    for (int count : {c * INPUTS * PATCH * PATCH, c, f.adaptive * c}) add(count);
    for (int i = 0; i < f.depth; ++i) {
      for (int count : {f.adaptive * 2 * c, f.adaptive * 2}) add(count);
      for (bool attention : {true, false}) {
        for (int count : {c, c, f.adaptive * c, f.adaptive}) add(count);
        for (bool base : {true, false}) {
          const Widths& w = f.widths[2 * i + !base];
          const int mixed = f.heads * w.values;
          attention ? part(c, 2 * f.heads * w.keys + mixed, mixed, base) : part(c, w.hidden, w.hidden, base);
        }
      }
    }
    const int rank = f.head_rank, columns = rank ? rank : HEAD_COLUMNS;
    for (int count : {c, c, columns * c * f.head_kernel * f.head_kernel, rank ? 0 : columns}) add(count);
    if (rank)
      for (int count : {HEAD_COLUMNS * rank, HEAD_COLUMNS}) add(count);
    for (const auto& value : values) pointers.push_back(value.empty() ? nullptr : value.data());
  }
};

bool click(Engine* engine, const Config& config, int rows, int columns, bool may_allocate) {
  const int n = rows * columns;
  std::vector<float> x(n * PATCH * PATCH * INPUTS), positions(n * config.width), ab(n * HEAD_COLUMNS), took(2 * config.depth, -1);
  std::vector<float> steer(config.width + 4 * config.depth);
  std::vector<uint8_t> layers(2 * config.depth), patches(layers.size() * n), forced(patches.size()), all(layers.size(), 1);
  for (float& value : x) value = uniform();
  for (float& value : positions) value = uniform();
  for (float& value : steer) value = uniform();
  for (uint8_t& value : forced) value = rand() % 2;
  const bool force = rand() % 2;
  const float* steering = rand() % 2 ? steer.data() : nullptr;
  const Call call{x.data(), positions.data(), force ? all.data() : nullptr, force ? forced.data() : nullptr, steering,
                  110.f, ab.data(), layers.data(), patches.data(), rows, columns, took.data()};
  int64_t macs = 0;
  const long before = mallocs + adacolvit_allocations();  // its own are aligned, and counted by itself
  if (adacolvit_run(engine, &call, &macs) || macs <= 0) return false;
  if (!may_allocate && mallocs + adacolvit_allocations() != before) return false;
  for (float value : ab)
    if (!std::isfinite(value) || std::fabs(value) > 110) return false;
  for (int i = 0; i < 2 * config.depth; ++i)
    if (layers[i] ? took[i] <= 0 : took[i] != 0) return false;
  return true;
}

}  // namespace

#ifdef COUNT_MALLOCS
extern "C" void* __libc_malloc(size_t);
extern "C" void* malloc(size_t size) {
  ++mallocs;
  return __libc_malloc(size);
}
#endif

int main() {
  const Widths halves[] = {{8, 8, 64}, {8, 8, 64}, {8, 8, 64}, {8, 8, 64}}, eighths[] = {{8, 8, 32}, {56, 56, 224}};
  const Widths thirds[] = {{4, 4, 36}, {8, 8, 72}, {4, 4, 36}, {8, 8, 72}};
  const Widths whole[] = {{16, 16, 128}, {0, 0, 0}, {16, 16, 128}, {0, 0, 0}};
  const Widths slim[] = {{1, 8, 1}, {40, 3, 0}, {5, 40, 200}, {0, 0, 17}};
  const Config configs[] = {
      {halves, 32, 2, 2, 1, 3, 0, 1e-6f},   // g = 2
      {eighths, 64, 1, 1, 1, 3, 0, 1e-6f},  // g = 8
      {thirds, 36, 2, 3, 1, 1, 21, 1e-6f},  // nothing fills a vector
      {whole, 32, 2, 2, 0, 3, 300, 1e-6f},  // dense; more pictures than anything else is wide
      {slim, 80, 2, 2, 1, 3, 24, 1e-6f},    // every layer has other widths
  };
  for (int set = 0; const char* name = adacolvit_instruction_set(set); ++set) {
    for (const Config& config : configs)
      for (int threads : {1, 3}) {
        const Tensors tensors(config);
        Engine* engine = adacolvit_create(&config, tensors.pointers.data(), name, threads);
        if (!engine || !click(engine, config, 7, 5, true)) return 1;
        for (int rows : {1, 2, 5})
          for (int columns : {1, 3, 7})
            if (!click(engine, config, rows, columns, false)) return 1;
        adacolvit_destroy(engine);
      }
    printf("%s\n", name);
  }
  return 0;
}

// The C interface: an engine is a network packed for one instruction set, and the buffers of the calls it runs.
#include "engine.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include <unistd.h>

#include "memory.h"
#include "packing.h"
#include "processor.h"
#include "team.h"

namespace adacolvit {

// Those that were compiled, the best one first: build.py, INSTRUCTION_SETS.
#define X(name) extern const Kernels kernels_##name;
ADACOLVIT_SETS
#undef X
#define X(name) &kernels_##name,
static const Kernels* const ALL[] = {ADACOLVIT_SETS};
#undef X

static bool runs(const Kernels* kernels) {
  const Processor& here = processor();
  const struct {
    const char* name;
    bool is_there;
  } needs[] = {{"amx", here.amx_bf16},         {"avx512_bf16", here.avx512_bf16}, {"avx512_vnni", here.avx512_vnni},
               {"avx_vnni", here.avx_vnni}, {"avx512", here.avx512},           {"avx2", here.avx2},
               {"generic", true},           {"neon", true}};  // what every processor of their kind has
  for (const auto& need : needs)
    if (!strcmp(need.name, kernels->name)) return need.is_there;
  return false;
}

static const Kernels* find(const char* instruction_set) {
  for (const Kernels* kernels : ALL)
    if (runs(kernels) && !strcmp(kernels->name, instruction_set)) return kernels;
  return nullptr;
}

// Buffers and threads of one call at a time.
struct Context {
  explicit Context(int threads) : team(threads) {}
  ~Context() { release(block); }
  Team team;
  Workspace ws{};
  int rows = 0, columns = 0;
  void* block = nullptr;
  int64_t size = 0;
  std::vector<Worker> workers;
};

struct Engine {
  const Kernels* kernels;
  Network network;
  int threads;
  void* block;  // weights
  pid_t process = getpid();
  std::mutex mutex{};
  std::vector<Context*> idle{};

  // A forked child has the contexts of its parent, but none of their threads, and perhaps a mutex that somebody held:
  // it leaves them alone and begins anew.
  void forget_parent() {
    if (process == getpid()) return;
    new (&mutex) std::mutex;
    new (&idle) std::vector<Context*>;
    process = getpid();
  }
};

static Workspace lay_out(Arena& arena, const Engine& e, int rows, int columns) {
  const Config& c = e.network.config;
  const int64_t n = int64_t(rows) * columns, tokens = n + c.adaptive, bordered = int64_t(rows + 2) * (columns + 2);
  const Widths& most = e.network.most;
  const int64_t head = std::max(most.keys, most.values), hidden = most.hidden;
  int64_t wide = c.heads * (2 * most.keys + most.values) + ALIGNED;  // a head's last vector may reach beyond its channels
  wide = wide > hidden ? wide : hidden;
  Workspace ws{};
  ws.z_stride = padded(c.width);
  ws.wide_stride = padded(wide > HEAD_COLUMNS ? wide : HEAD_COLUMNS);
  ws.mixed_stride = padded(std::max(c.heads * head + ALIGNED, int64_t(c.head_rank)));
  ws.score_stride = padded(tokens);
  ws.z = arena.take<float>(tokens * ws.z_stride);
  ws.x = arena.take<float>(bordered * ws.z_stride);
  ws.wide = arena.take<float>(tokens * ws.wide_stride);
  ws.mixed = arena.take<float>(tokens * ws.mixed_stride);
  const bool narrow = e.kernels->bits < 32;
  const auto whole = [=](int64_t count) { return narrow ? (count + 31) / 32 * 32 : count; };  // tiles of 32 at most
  ws.keys = arena.take<float>(c.heads * whole(head) * whole(padded(tokens)));
  ws.scores = arena.take<float>(int64_t(e.threads) * e.kernels->queries * ws.score_stride);
  ws.mask = arena.take<float>(ws.score_stride);
  // Of the widest product, or a few queries with their shares of all keys: 2 bytes to a number, and a line of padding.
  const int64_t depth = std::max({int64_t(c.width) * c.head_kernel * c.head_kernel, c.heads * head, hidden,
                                  int64_t(c.head_rank), int64_t(INPUTS) * PATCH * PATCH});
  ws.left_rows = narrow ? whole((tokens + e.threads - 1) / e.threads) : 0;
  ws.left_bytes = narrow ? std::max(ws.left_rows * (padded(depth) + 64), 32 * (whole(tokens) + whole(head) + 32)) * 2 : 0;
  ws.left = arena.take<char>(e.threads * ws.left_bytes);
  ws.left_scale = arena.take<float>(e.threads * 2 * MOST_GROUPS * ws.left_rows);
  ws.row_of = arena.take<int>(tokens);
  ws.input_of = arena.take<int>(n);
  ws.border_of = arena.take<int>(n);
  ws.embed_offsets = arena.take<int64_t>(INPUTS * PATCH);
  ws.head_offsets = arena.take<int64_t>(int64_t(c.head_kernel) * c.head_kernel);
  return ws;
}

static void fill_indices(Workspace& ws, const Config& c, int rows, int columns) {
  const int64_t width = int64_t(columns) * PATCH, plane = rows * PATCH * width;
  for (int r = 0; r < rows; ++r)
    for (int k = 0; k < columns; ++k) {
      ws.input_of[r * columns + k] = int(r * PATCH * width + k * PATCH);
      ws.border_of[r * columns + k] = (r + 1) * (columns + 2) + k + 1;
    }
  for (int i = 0; i < INPUTS; ++i)
    for (int r = 0; r < PATCH; ++r) ws.embed_offsets[i * PATCH + r] = i * plane + r * width;
  const int reach = c.head_kernel / 2;
  for (int r = 0; r < c.head_kernel; ++r)
    for (int k = 0; k < c.head_kernel; ++k)
      ws.head_offsets[r * c.head_kernel + k] = ((r - reach) * int64_t(columns + 2) + k - reach) * ws.z_stride;
}

// Makes the buffers fit the grid; asks for memory only where no earlier grid needed as much.
static bool fit(Context& context, const Engine& e, int rows, int columns) {
  if (context.rows == rows && context.columns == columns) return true;
  Arena measure;
  lay_out(measure, e, rows, columns);
  if (measure.used > context.size) {
    release(context.block);
    context.block = allocate(measure.used);
    context.size = context.block ? measure.used : 0;
    context.rows = 0;
    if (!context.block) return false;
  } else {
    memset(context.block, 0, measure.used);
  }
  Arena arena(context.block);
  context.ws = lay_out(arena, e, rows, columns);
  fill_indices(context.ws, e.network.config, rows, columns);
  context.rows = rows, context.columns = columns;
  return true;
}

static Context* borrow(Engine& e) {
  {
    std::lock_guard<std::mutex> lock(e.mutex);
    if (!e.idle.empty()) {
      Context* context = e.idle.back();
      e.idle.pop_back();
      return context;
    }
  }
  ++allocations;
  Context* context = new Context(e.threads);
  for (int i = 0; i < e.threads; ++i) context->workers.push_back(Worker{i, e.threads, &context->team, 0});
  std::lock_guard<std::mutex> lock(e.mutex);
  e.idle.reserve(e.idle.size() + 8);  // giving back must not ask for memory
  return context;
}

struct Job {
  const Engine* engine;
  const Call* call;
  Context* context;
};

static void work(void* argument, int index) {
  const Job& job = *static_cast<Job*>(argument);
  job.engine->kernels->forward(job.engine->network, *job.call, job.context->ws, job.context->workers[index]);
}

}  // namespace adacolvit

using namespace adacolvit;

extern "C" {

const char* adacolvit_sources(void) { return ADACOLVIT_SOURCES; }

int64_t adacolvit_layout(void) {
  int64_t all = ADACOLVIT_INTERFACE;
  for (int64_t size : {sizeof(Config), sizeof(Call), sizeof(Refinement), sizeof(Guide), sizeof(Composition)})
    all = 1000 * all + size;
  return all;
}

const char* adacolvit_instruction_set(int index) {
  for (const Kernels* kernels : ALL)
    if (runs(kernels) && index-- == 0) return kernels->name;
  return nullptr;
}

int adacolvit_bits(const char* instruction_set) {
  const Kernels* kernels = find(instruction_set);
  return kernels ? kernels->bits : 0;
}

int64_t adacolvit_allocations(void) { return allocations; }

Engine* adacolvit_create(const Config* config, const float* const* tensors, const char* instruction_set, int threads) {
  const Kernels* kernels = find(instruction_set);
  if (!kernels) return nullptr;
  if (threads < 1) return nullptr;
  Engine* e = new (std::nothrow) Engine{kernels, Network{}, threads, nullptr};
  if (!e) return nullptr;
  Arena measure;
  pack(measure, *config, tensors, *kernels);
  e->block = allocate(measure.used);
  if (!e->block) {
    delete e;
    return nullptr;
  }
  Arena arena(e->block);
  e->network = pack(arena, *config, tensors, *kernels);
  return e;
}

int adacolvit_run(Engine* e, const Call* call, int64_t* macs) {
  try {
    e->forget_parent();
    Context* context = borrow(*e);
    const bool fits = fit(*context, *e, call->rows, call->columns);
    if (fits) {
      Job job{e, call, context};
      for (Worker& worker : context->workers) worker.macs = 0;
      context->team.run(work, &job);
      *macs = 0;
      for (const Worker& worker : context->workers) *macs += worker.macs;
    }
    std::lock_guard<std::mutex> lock(e->mutex);
    e->idle.push_back(context);
    return fits ? 0 : 1;
  } catch (const std::exception&) {  // no memory, or no thread
    return 1;
  }
}

int64_t adacolvit_spin(const char* instruction_set, int64_t rounds) {
  const Kernels* kernels = find(instruction_set);
  if (!kernels) return 0;
  static volatile float result;
  result = kernels->spin(rounds);
  return rounds * kernels->spin_macs;
}

int64_t adacolvit_refine_scratch(const Refinement* refinement) { return refinement->scratch_floats(); }
int64_t adacolvit_guide_scratch(const Guide* guide) { return guide->scratch_floats(); }
int64_t adacolvit_compose_scratch(const Composition* composition) { return composition->scratch_floats(); }

int adacolvit_refine(const char* instruction_set, const Refinement* refinement) {
  const Kernels* kernels = find(instruction_set);
  if (kernels) kernels->refine(*refinement);
  return kernels ? 0 : 1;
}

int adacolvit_guide(const char* instruction_set, const Guide* guide) {
  const Kernels* kernels = find(instruction_set);
  if (kernels) kernels->guide(*guide);
  return kernels ? 0 : 1;
}

int adacolvit_compose(const char* instruction_set, const Composition* composition) {
  const Kernels* kernels = find(instruction_set);
  if (kernels) kernels->compose(*composition);
  return kernels ? 0 : 1;
}

int adacolvit_steps(const char* instruction_set, const float* from, int16_t* to, int64_t count, float each) {
  const Kernels* kernels = find(instruction_set);
  if (kernels) kernels->steps(from, to, count, each);
  return kernels ? 0 : 1;
}

void adacolvit_destroy(Engine* e) {
  e->forget_parent();
  for (Context* context : e->idle) delete context;
  release(e->block);
  delete e;
}
}

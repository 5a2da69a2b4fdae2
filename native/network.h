// What the parts of the engine share: the network as packed weights, one call, its buffers, its threads.
//
// Shapes: N patches of a grid, T = N + 1 tokens with the policy token (T = N where the network is dense), K more
// informative tokens, C channels, H heads, d channels of a head's part.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adacolvit {

constexpr int PATCH = 16, INPUTS = 4, OUTPUTS = 2;
constexpr int HEAD_COLUMNS = OUTPUTS * PATCH * PATCH;
constexpr int MOST_GROUPS = 9;
constexpr int ALIGNED = 16;  // floats: rows of all buffers are padded to this, the longest vector

constexpr int64_t padded(int64_t n) { return (n + ALIGNED - 1) / ALIGNED * ALIGNED; }

// Channels inside a block's sub-layers, of their base or of their extra part.
struct Widths {
  int32_t keys, values, hidden;  // of a head, of a head, of the FFN
};

struct Config {
  const Widths* widths;  // (D, 2) of every block its base and its extra part; read while weights are packed
  int32_t width, depth, heads, adaptive, head_kernel;
  int32_t head_rank;  // of how many pictures the color of a patch is a sum; 0: of none, the head gives it as it is
  float norm_eps;
};

// A weight matrix as column panels, each as wide as a tile (the last one as narrow as it can be), in the order in which
// the tile reads it. A row of the other factor is read in `runs` runs of `run` numbers (see product.h).
struct Packed {
  const void* panels;
  const float* bias;  // padded with zeros, or nullptr
  int columns, runs, run;
  // Of 8-bit weights: what 1 stands for, by column, and their sums, by group and column; padded with zeros.
  const float *scale, *sums;
  int groups;  // into which the runs fall; see int8.h
};

// The base or the extra part of a sub-layer: attention (in: q, k, v) or FFN. Absent where width is 0.
struct Part {
  int width;   // hidden channels, or of a head's values
  int keys;    // of a head's queries and keys
  Packed in, out;
};

struct SubLayer {
  const float *norm_weight, *norm_bias;
  const float* decide;  // (C,), which tokens are more informative
  float decide_bias;
  Part base, extra;
};

struct Block {
  const float* decide[2];  // keep attention, keep FFN
  float decide_bias[2];
  SubLayer attention, ffn;
};

struct Network {
  Config config;
  Widths most;  // of any part
  Packed embed, head, pictures;
  const float *policy, *norm_weight, *norm_bias;
  Block* blocks;
};

struct Call {
  const float* x;                 // (4, 16 rows, 16 columns)
  const float* positions;         // (N, C)
  const uint8_t* forced_layers;   // (D, 2) or nullptr: decide
  const uint8_t* forced_patches;  // (D, 2, N) or nullptr
  const float* steering;          // what the budget adds (model/budget.py): (C) to the policy token, (D, 2) to the
                                  // logits of layers, (D, 2) to those of patches; or nullptr for nothing
  float scale;                    // of the output
  float* ab;                      // (2, 16 rows, 16 columns)
  uint8_t* layers;                // (D, 2)
  uint8_t* patches;               // (D, 2, N)
  int rows, columns;
  float* milliseconds;            // (D, 2) of each layer, on the first thread's clock; 0 where it was skipped
};

constexpr int REFINE_BLOCK = 4;  // side in pixels, as runtime/refine.py has it
constexpr int REFINE_TILE = 16;  // rows and columns, for which the hints that reach them are found together
constexpr int64_t PULL_FLOATS = 6;  // of a hint, where it is brought to what it asks for

// Color is brought to obey its hints, runtime/refine.py; Lab units, network pixels.
struct Refinement {
  struct Pass {
    float reach, likeness, shrink;  // reach: pixels
  };
  const float* lightness;  // (H, W)
  const float* ab;         // (2, H, W)
  const int *rows, *columns, *sizes;  // (K) top, left, side; of hints at one place the last counts
  const float* asked;      // (K, 2)
  const Pass* spreads;     // (passes)
  const float* own;        // (PATCH) how much of the color stays before that, down or across a patch
  float* refined;          // (2, H, W)
  float* scratch;          // scratch_floats()
  float epsilon, vivid;
  int passes, hints, height, width;  // the width is a multiple of 16

  int64_t scratch_floats() const {
    const int64_t smooth = 12 * int64_t(height / REFINE_BLOCK) * (width / REFINE_BLOCK) + 6 * (int64_t(width) + 16);
    const int64_t obey = (2 * PULL_FLOATS + REFINE_TILE) * hints;
    return smooth > obey ? smooth : obey;
  }
};

// The planes that carry color to full size, runtime/upsample.py.
struct Guide {
  const float* lightness;  // (H, W)
  const float* ab;         // (2, H, W)
  float* planes;           // (4, H, W)
  float* scratch;          // scratch_floats()
  float epsilon, sharpen;
  int height, width;

  int64_t scratch_floats() const { return 45 * int64_t(width) + 12; }
};

// Rows of the colored photo, runtime/upsample.py; L and planes in Lab units.
struct Composition {
  const float* lightness;  // (rows, W) of the photo's rows from start on
  const float* planes;     // (4, h, w) of struct Guide; neither h nor w is above H or W
  const uint8_t* to_byte;  // (65536,) the byte of linear light
  const float* from_xyz;   // (3, 3) X/Xn, Y/Yn, Z/Zn -> linear sRGB
  uint8_t* picture;        // (rows, W, 3) sRGB, or nullptr:
  float* linear;           // (rows, W, 3) linear sRGB instead
  float* scratch;          // scratch_floats()
  float tolerance;         // of linear light: beyond it a color is not displayable
  int halvings, start, rows, height, width, plane_height, plane_width;

  int64_t scratch_floats() const { return 4 * (int64_t(plane_width) + 1) + 2 * int64_t(width); }
};

// Buffers of one call; strides in floats.
struct Workspace {
  int64_t z_stride, wide_stride, mixed_stride, score_stride;
  float* z;         // (T, z_stride) tokens, in the grid's order
  float* x;         // (T, z_stride) normalized, more informative ones first; at the end the grid with its border
  float* wide;      // (T, wide_stride) q, k and v; the hidden layer; the head's output
  float* mixed;     // (T, mixed_stride) what attention mixed; how much of each picture the head gives a patch
  float* keys;      // (H, d, T) keys as panels, and values where they are packed too
  float* scores;    // (threads, queries at a time, score_stride)
  float* mask;      // (score_stride,) added to scores: shuts out the padding of keys
  int* row_of;      // (T,) which token lies in a row of x
  int* input_of;    // (N,) where a patch begins in the picture
  int* border_of;   // (N,) where a patch lies in the grid with its border
  char* left;       // (threads, left_bytes) rows of a product's left factor in fewer bits
  int64_t left_bytes, left_rows;  // of a thread; as many rows as it can have, in whole tiles
  float* left_scale;              // (threads, 2, MOST_GROUPS, left_rows) of 8-bit rows: scale and zero
  int64_t* embed_offsets;  // of the runs: rows of a patch, channel by channel
  int64_t* head_offsets;   // of the runs: neighbors of a patch in the grid with its border
};

struct Team;

struct Worker {
  int index, count;  // of the threads that work on one call
  Team* team;
  int64_t macs;  // multiply-accumulates that this thread's loops executed
};

void wait(Team* team);  // until all threads are here
double milliseconds();  // of a clock that only goes forward

// What each instruction set offers.
struct Kernels {
  const char* name;
  int bits;         // of the factors of products with weights: 32 (float), 16 (bfloat16) or 8 (integers)
  int step, panel;  // columns of packed weights: multiples of step, panel at a time
  int queries;      // that attention takes at a time
  void (*forward)(const Network&, const Call&, const Workspace&, Worker&);
  float (*spin)(int64_t rounds);  // spin_macs multiply-accumulates per round, from registers alone
  int spin_macs;
  void (*refine)(const Refinement&);
  void (*guide)(const Guide&);
  void (*compose)(const Composition&);
  void (*steps)(const float*, int16_t*, int64_t count, float each);
};

}  // namespace adacolvit

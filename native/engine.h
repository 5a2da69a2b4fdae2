// The C interface of the engine, as runtime/native.py loads it.
#pragma once

#include "network.h"

namespace adacolvit {
struct Engine;
}

#define ADACOLVIT_API __attribute__((visibility("default")))

extern "C" {

// SHA-256 of the sources that the library was built from.
ADACOLVIT_API const char* adacolvit_sources(void);

// What the caller has to agree on: ADACOLVIT_INTERFACE, and the sizes of the structures that are passed, three digits
// each.
constexpr int ADACOLVIT_INTERFACE = 1;  // counted up when what a function takes changes and no size shows it
ADACOLVIT_API int64_t adacolvit_layout(void);

// Names of the instruction sets that this processor runs, of each precision the best first; nullptr beyond the last.
ADACOLVIT_API const char* adacolvit_instruction_set(int index);

// Bits of the factors of an instruction set's products: 32 (float), 16 (bfloat16) or 8 (integers); 0 where it is not here.
ADACOLVIT_API int adacolvit_bits(const char* instruction_set);

// How often the engine asked for memory since it was loaded.
ADACOLVIT_API int64_t adacolvit_allocations(void);

// A network for an instruction set; nullptr where this processor lacks that, threads is below 1, or there is no memory.
// The tensors, in the order of packing.cpp, are copied; nullptr stands for those that the config does without.
ADACOLVIT_API adacolvit::Engine* adacolvit_create(
    const adacolvit::Config* config, const float* const* tensors, const char* instruction_set, int threads);

// Runs one call and counts the multiply-accumulates that its loops executed. 0, or 1 where there is no memory. Several
// threads may call at once; each call then has its own buffers, which are kept for the next.
ADACOLVIT_API int adacolvit_run(adacolvit::Engine* engine, const adacolvit::Call* call, int64_t* macs);

// Keeps the arithmetic of an instruction set as busy as it can be, to measure what a core can do at best. Returns the
// multiply-accumulates that were done, 0 where the instruction set is not here.
ADACOLVIT_API int64_t adacolvit_spin(const char* instruction_set, int64_t rounds);

// Floats that each of the following needs as its scratch.
ADACOLVIT_API int64_t adacolvit_refine_scratch(const adacolvit::Refinement* refinement);
ADACOLVIT_API int64_t adacolvit_guide_scratch(const adacolvit::Guide* guide);
ADACOLVIT_API int64_t adacolvit_compose_scratch(const adacolvit::Composition* composition);

// What follows the network, by an instruction set. 0, or 1 where that is not here.
ADACOLVIT_API int adacolvit_refine(const char* instruction_set, const adacolvit::Refinement* refinement);
ADACOLVIT_API int adacolvit_guide(const char* instruction_set, const adacolvit::Guide* guide);
ADACOLVIT_API int adacolvit_compose(const char* instruction_set, const adacolvit::Composition* composition);
ADACOLVIT_API int adacolvit_steps(
    const char* instruction_set, const float* from, int16_t* to, int64_t count, float each);

ADACOLVIT_API void adacolvit_destroy(adacolvit::Engine* engine);
}

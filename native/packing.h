#pragma once

#include "memory.h"
#include "network.h"

namespace adacolvit {

// Copies a network's tensors into `arena`, as the kernels want them; in an arena without memory it only measures.
Network pack(Arena& arena, const Config& config, const float* const* tensors, const Kernels& kernels);

}  // namespace adacolvit

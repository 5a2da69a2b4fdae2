// What this processor, and the system that it runs under, can do.
#pragma once

namespace adacolvit {

struct Processor {
  bool avx2, avx512, avx512_vnni, avx_vnni, avx512_bf16, amx_bf16;
};

const Processor& processor();  // looked at once

}  // namespace adacolvit

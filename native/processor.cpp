#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace adacolvit {
namespace {

#if defined(__x86_64__)

struct Leaf {
  unsigned a = 0, b = 0, c = 0, d = 0;
  Leaf(unsigned leaf, unsigned part) { __get_cpuid_count(leaf, part, &a, &b, &c, &d); }
};

// Matrix registers are 8 KB of state, which Linux keeps for a process only once it has asked (5.16 and later; others
// refuse, as does a processor whose registers are switched off). Asking twice does no harm.
bool matrix_registers() {
#if defined(__linux__)
  constexpr long REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, bit of XCR0
  return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
#else
  return false;
#endif
}

Processor look() {
  __builtin_cpu_init();
  Processor p{};
  p.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  p.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  p.avx512_vnni = p.avx512 && __builtin_cpu_supports("avx512vnni");
  p.avx_vnni = p.avx2 && Leaf(7, 1).a >> 4 & 1;
  const Leaf features(7, 0);
  const bool tiles = features.d >> 24 & 1, bf16_tiles = features.d >> 22 & 1;
  p.avx512_bf16 = p.avx512 && Leaf(7, 1).a >> 5 & 1;
  p.amx_bf16 = p.avx512_bf16 && tiles && bf16_tiles && matrix_registers();
  return p;
}

#else

Processor look() { return {}; }

#endif

}  // namespace

const Processor& processor() {
#if defined(ADACOLVIT_EMULATED)  // a test: what is missing is done by its own functions
  static const Processor here = [] {
    Processor p = look();
    p.avx_vnni = p.avx512_bf16 = p.amx_bf16 = true;
    return p;
  }();
#else
  static const Processor here = look();
#endif
  return here;
}

}  // namespace adacolvit

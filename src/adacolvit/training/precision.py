"""Which precision the matrices of a training step are multiplied in."""

from functools import cache

import torch


@cache
def _processor_multiplies_bf16() -> bool:
    probes = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(probe and probe() for probe in probes)


def multiplies_bf16(device: torch.device) -> bool:
    """Whether ``device`` multiplies bfloat16 faster than float32: most GPUs, processors with AMX or AVX-512 BF16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return _processor_multiplies_bf16()


def fabric_precision(precision: str) -> str:
    """Fabric's name for one of :data:`.recipe.PRECISIONS`; "auto" is bf16 where that is multiplied faster."""
    if precision == "auto":
        bf16 = multiplies_bf16(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    else:
        bf16 = precision == "bf16"
    return "bf16-mixed" if bf16 else "32-true"

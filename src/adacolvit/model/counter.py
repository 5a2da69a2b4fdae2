"""Multiply-accumulates as they were executed: one counter for every network, whatever it leaves out.

Counted as in :mod:`.cost`: matrix products and convolutions, attention's included. That one knows a plan's cost
without running it; this one watches torch run, so no network can count itself cheaper than it is.
"""

from torch import Tensor, nn, no_grad
from torch.utils.flop_counter import FlopCounterMode


@no_grad()
def run_counted(network: nn.Module, x: Tensor, mode: str = "gathered", **settings) -> tuple[dict, int]:
    """Run a network on x (B, 4, H, W) and return its result and the multiply-accumulates of the whole batch.

    ``x`` on torch's meta device costs no time. Attention must be written out as products: the fused kernel's are not
    seen on every device.
    """
    with FlopCounterMode(display=False) as counter:
        result = network(x, mode, **settings)
    return result, counter.get_total_flops() // 2

"""Every rival trains as the others do: residual streams in float32 under autocast, and few graphs when compiled."""

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounter

from adacolvit.model.registry import build
from adacolvit.training.plan import random_origin

from .made import SMALL


@pytest.mark.parametrize("name", SMALL)
def test_residual_streams_are_float32_under_autocast(name):
    network = build(SMALL[name]).train()
    seen = {}
    for place, module in network.named_modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.register_forward_pre_hook(lambda _, args, place=place: seen.update({place: args[0].dtype}))
    with torch.autocast("cpu", torch.bfloat16):
        network(torch.randn(2, 4, 64, 64), "masked")
    assert len(seen) >= 5
    assert {place for place, kind in seen.items() if kind != torch.float32} == set()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch looks at what goes from one graph to the next
@pytest.mark.parametrize("name", SMALL)
def test_a_compiled_network_is_not_compiled_anew_for_every_origin(name):
    torch._dynamo.reset()
    counter, rng, after = CompileCounter(), np.random.default_rng(0), []
    network = torch.compile(build(SMALL[name]).train(), backend=counter)
    x = torch.randn(2, 4, 32, 32)
    try:
        for _ in range(5):
            network(x, "masked", origin=random_origin(rng, 2, 2))["ab"].sum().backward()
            after.append(counter.frame_count)
    finally:
        torch._dynamo.reset()
    assert after[0] > 0 and after[1:] == [after[-1]] * 4

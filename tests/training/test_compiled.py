"""What is compiled for a GPU computes the same, and is compiled once."""

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.training.compiled import compiled, compiles

SHAPES = [(2, 4, 64, 64), (2, 4, 48, 80), (3, 4, 32, 96)]  # of batches: grids, and numbers of photos


@pytest.fixture
def counter():
    """A backend that counts graphs, and runs them as they are."""
    torch._dynamo.reset()
    yield CompileCounter()
    torch._dynamo.reset()


def made(depth: int) -> ColorizationViT:
    """A small network, the same whenever it is made."""
    torch.manual_seed(0)
    return ColorizationViT(ModelConfig(width=24, depth=depth, heads=3)).train()


def run(network, mode: str, shape) -> tuple[torch.Tensor, torch.Tensor]:
    """What it makes of a random batch, and the gradient of the first block's parameters."""
    torch.manual_seed(1)
    network.zero_grad()
    ab = network(torch.randn(shape), mode, noise=0.0, origin=(0.3, shape[2] / 100))["ab"]
    ab.square().mean().backward()
    return ab.detach(), torch.cat([p.grad.flatten() for p in network.blocks[0].ffn.parameters()])


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch looks at what goes from one graph to the next
@pytest.mark.parametrize("mode", ["dense", "masked"])
def test_blocks_compute_what_they_did_and_are_compiled_once_for_all(mode, counter):
    plain, network, counts = made(6), compiled(made(6), backend=counter), []
    for shape in SHAPES:
        for wanted, got in zip(run(plain, mode, shape), run(network, mode, shape), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)
        counts.append(counter.frame_count)
    assert 0 < counts[0] < 6  # fewer than blocks
    assert counts == [counts[0]] * len(SHAPES)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_blocks_compiled_for_one_size_compute_what_they_did(counter):
    plain, network = made(6), compiled(made(6), dynamic=False, backend=counter)
    for wanted, got in zip(run(plain, "masked", SHAPES[0]), run(network, "masked", SHAPES[0]), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)
    assert 0 < counter.frame_count < 6


def test_processors_compile_nothing():
    assert not compiles(torch.device("cpu"))

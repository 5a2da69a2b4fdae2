"""Invariants of the network: its three ways of execution agree, decisions mean what they say."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adacolvit.model import layers
from adacolvit.model.config import VARIANTS, ModelConfig
from adacolvit.model.decisions import Decisions, gumbel_sigmoid
from adacolvit.model.layers import aligned
from adacolvit.model.network import ColorizationViT
from adacolvit.model.positions import sine_positions

SMALL = {g: ModelConfig(64, 3, 2, groups=g) for g in (2, 4, 8)}


def shaken(config: ModelConfig, seed: int = 0) -> ColorizationViT:
    """A network whose every weight matters and whose decisions differ from patch to patch."""
    torch.manual_seed(seed)
    network = ColorizationViT(config).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn_like(p) * (0.3 if p.ndim == 1 else 0.08))
    return network


def photo(rows: int, columns: int, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, 4, rows * 16, columns * 16)


def random_decisions(rng: np.random.Generator, config: ModelConfig, batch: int, patches: int, layer_rate, patch_rate):
    layers = (rng.random((batch, config.depth, 2)) < layer_rate).astype(np.float32)
    chosen = (rng.random((batch, config.depth, 2, patches)) < patch_rate).astype(np.float32)
    return Decisions(torch.from_numpy(layers), torch.from_numpy(chosen))


@settings(max_examples=40, deadline=None)
@given(
    groups=st.sampled_from([2, 4, 8]),
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    layer_rate=st.sampled_from([0.0, 0.5, 1.0]),
    patch_rate=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 1000),
)
def test_masked_equals_gathered_for_any_decisions(groups, rows, columns, layer_rate, patch_rate, seed):
    network = shaken(SMALL[groups], seed)
    forced = random_decisions(np.random.default_rng(seed), network.config, 1, rows * columns, layer_rate, patch_rate)
    x = photo(rows, columns)
    with torch.no_grad():
        masked = network(x, "masked", forced=forced)["ab"]
        gathered = network(x, "gathered", forced=forced)["ab"]
    assert (masked - gathered).abs().max() < 1e-5


@pytest.mark.parametrize("groups", [2, 4, 8])
def test_own_decisions_agree_between_masked_and_gathered(groups):
    network = shaken(SMALL[groups])
    x = photo(6, 5)
    with torch.no_grad():
        masked, gathered = network(x, "masked"), network(x, "gathered")
    assert (masked["ab"] - gathered["ab"]).abs().max() < 1e-5
    assert torch.equal(masked["decisions"].layers, gathered["decisions"].layers)
    assert torch.equal(masked["decisions"].kept_patches(), gathered["decisions"].kept_patches())


def test_keeping_everything_is_the_dense_execution():
    network = shaken(SMALL[2])
    x = photo(4, 4, 2)
    everything = Decisions(torch.ones(2, 3, 2), torch.ones(2, 3, 2, 16))
    with torch.no_grad():
        assert (network(x, "masked", forced=everything)["ab"] - network(x, "dense")["ab"]).abs().max() < 1e-5


def test_a_batch_is_its_images_one_by_one():
    network = shaken(SMALL[2])
    x = photo(4, 3, 3)
    with torch.no_grad():
        together = network(x, "masked")["ab"]
        alone = torch.cat([network(x[i : i + 1], "gathered")["ab"] for i in range(3)])
    assert (together - alone).abs().max() < 1e-5


@pytest.mark.parametrize("mode", ["dense", "masked"])
def test_the_forms_for_gpus_compute_the_same_with_the_same_gradients(mode, monkeypatch):
    def run() -> list[torch.Tensor]:
        network = shaken(SMALL[2]).train()
        ab = network(x, mode, noise=0.0)["ab"]
        ab.square().mean().backward()
        return [ab.detach(), *(p.grad for p in network.parameters() if p.grad is not None)]

    x = photo(3, 4, batch=2)  # 13 tokens: not a multiple of 8
    plain = run()
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    lengths, fused = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(layers, "aligned", lambda *pair: [lengths.append(p.shape[1]) or p for p in aligned(*pair)])
    monkeypatch.setattr(
        torch.nn.functional, "scaled_dot_product_attention", lambda *qkv: lengths.append("fused") or fused(*qkv)
    )
    forms = run()
    assert set(lengths) == ({"fused"} if mode == "dense" else {"fused", 16})
    for wanted, got in zip(plain, forms, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


def test_ffn_split_is_exact():
    """With everything kept, base and extra together are one dense FFN of the same weights."""
    network = shaken(SMALL[4])
    ffn = network.blocks[0].ffn
    x = torch.randn(1, 7, 64)
    hidden = torch.cat([ffn.in_base.weight, ffn.in_extra.weight]), torch.cat([ffn.in_base.bias, ffn.in_extra.bias])
    out = torch.cat([ffn.out_base.weight, ffn.out_extra.weight], 1)
    dense = torch.nn.functional.gelu(x @ hidden[0].T + hidden[1]) @ out.T + ffn.out_base.bias
    assert (ffn(x) - dense).abs().max() < 1e-5


@pytest.mark.parametrize("name", ["tiny", "dense-tiny-d6", "tiny-g4"])
def test_gradient_reaches_every_parameter(name):
    torch.manual_seed(0)
    network = ColorizationViT(VARIANTS[name]).train()
    out = network(photo(3, 3, 2), "masked")
    loss = out["ab"].square().mean()
    if out["decisions"] is not None:
        loss = loss + out["decisions"].layers.mean() + out["decisions"].patches.mean()
    loss.backward()
    missing = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not missing


def test_any_multiple_of_16_is_an_input():
    network = shaken(SMALL[2])
    for rows, columns in [(1, 1), (1, 7), (14, 14), (9, 21)]:
        with torch.no_grad():
            out = network(photo(rows, columns), "gathered")
        assert out["ab"].shape == (1, 2, rows * 16, columns * 16)
        assert out["decisions"].patches.shape == (1, 3, 2, rows * columns)
        assert out["ab"].isfinite().all()


def test_positions_tell_every_token_apart_and_depend_on_distance_alone():
    grid = sine_positions(14, 14, 192)
    distances = np.linalg.norm(grid[:, None] - grid[None], axis=-1)
    assert distances[~np.eye(196, dtype=bool)].min() > 0.5
    assert distances[0, 1] == pytest.approx(distances[100, 101], abs=1e-4)
    wide = sine_positions(10, 20, 192)
    assert np.abs(wide[20 * 5 + 10] - sine_positions(14, 14, 192)[14 * 7 + 7]).max() < 1e-6  # middles coincide


def test_gates_are_hard_and_follow_their_probability():
    torch.manual_seed(0)
    logits = torch.full((20000,), 1.0, requires_grad=True)
    gates = gumbel_sigmoid(logits, 1.0)
    assert set(gates.detach().round(decimals=6).unique().tolist()) <= {0.0, 1.0}
    assert gates.mean().item() == pytest.approx(torch.sigmoid(torch.tensor(1.0)).item(), abs=0.01)
    gates.sum().backward()
    assert (logits.grad > 0).all()


def test_gates_are_hard_in_half_precision_too():
    torch.manual_seed(0)
    logits = torch.full((20000,), -1.0, dtype=torch.bfloat16, requires_grad=True)
    gates = gumbel_sigmoid(logits, 1.0, noise=1.0)
    assert gates.dtype == torch.bfloat16 and set(gates.tolist()) == {0.0, 1.0}
    rare = gumbel_sigmoid(torch.full((100_000,), -7.0, dtype=torch.bfloat16), 1.0)
    assert 0 < rare.float().mean() < 0.003  # 0.0009; of 256 draws none would reach so far
    gates.sum().backward()
    assert (logits.grad > 0).all()


def test_an_unknown_mode_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="'maskd': dense, masked or gathered"):
        shaken(ModelConfig(width=16, depth=1, heads=2))(torch.zeros(1, 4, 32, 32), "maskd")

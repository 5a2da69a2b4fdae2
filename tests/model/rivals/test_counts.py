"""Parameters and multiply-accumulates against the published figures, and against sums written out by hand."""

import numpy as np
import pytest
import torch

from adacolvit.model.config import VARIANTS, ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.counter import run_counted
from adacolvit.model.network import ColorizationViT
from adacolvit.model.registry import RIVALS, build, find
from adacolvit.model.rivals.config import AdaViTConfig, DynamicViTConfig

from .made import SMALL, restless

META = torch.zeros(1, 4, 224, 224, device="meta")


def on_meta(name: str):
    with torch.device("meta"):
        return build(name).eval()


# name, GMACs, millions of parameters (None: not published). iColoriT: published figures. SwinIR: the widths were chosen
# for these sums. Uformer-S: the published 2.46 counts five operations per normalized value besides; see below.
DENSE = [
    ("icolorit-t", 1.429, 6.445),
    ("icolorit-s", 4.940, 23.51),
    ("icolorit-b", 18.20, 89.48),
    ("icolorit-t-d6", 0.821, 3.764),
    ("icolorit-t-d24", 2.647, 11.81),
    ("icolorit-s-d6", 2.682, None),
    ("icolorit-s-d24", 9.456, None),
    ("swinir-s", 1.952, None),
    ("swinir-t", 0.549, None),
    ("uformer-s", 2.407, 1.371),
    ("uformer-t", 0.762, None),
]


@pytest.mark.parametrize(("name", "gmacs", "millions"), DENSE)
def test_figures_of_the_papers(name, gmacs, millions):
    network = on_meta(name)
    result, macs = run_counted(network, META, "dense")
    assert result["ab"].shape == (1, 2, 224, 224)
    assert macs / 1e9 == pytest.approx(gmacs, rel=5e-4)
    if millions:
        assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=5e-4)


def test_uformer_with_its_norms_is_the_published_figure():
    """Common counters add five operations per normalized value; so counted it is 2.45, where the paper says 2.46."""
    network = on_meta("uformer-s")
    _, macs = run_counted(network, META, "dense")
    sizes = [224, 112, 56, 28, 14, 28, 56, 112, 224]
    widths = [8, 16, 32, 64, 128, 128, 64, 32, 16]
    normalized = sum(2 * 2 * side**2 * width for side, width in zip(sizes, widths, strict=True))
    assert (macs + 5 * normalized) / 1e9 == pytest.approx(2.46, rel=5e-3)


def test_swinir_is_the_sum_of_its_parts():
    c, n = 244, 196
    layer = 12 * c * c * n + 2 * 49 * c * n  # projections and FFN; both products within windows of 49
    expected = 1024 * c * n + 8 * layer + 5 * 9 * c * c * n + 9 * c * 512 * n
    assert run_counted(on_meta("swinir-s"), META, "dense")[1] == expected


@pytest.mark.parametrize("name", ["tiny", "tiny-g8", "dense-tiny", "dense-small-d6"])
def test_the_counter_agrees_with_the_plan_of_our_own_network(name):
    with torch.device("meta"):
        network = ColorizationViT(VARIANTS[name]).eval()
    decisions = 0  # "dense" takes none
    if VARIANTS[name].adaptive:
        decisions = 2 * 192 * 12 + 24 * 192 * 196
    assert run_counted(network, META, "dense")[1] == cost(VARIANTS[name], 196) - decisions


@pytest.mark.parametrize(("keep", "gmacs"), [(0.9, 1.267), (0.85, 1.184), (0.7, 0.978)])
def test_dynamicvit_skips_as_much_as_its_ratio_says(keep, gmacs):
    network = build(DynamicViTConfig(keep=keep)).eval()
    _, macs = run_counted(network, torch.randn(1, 4, 224, 224))
    assert macs / 1e9 == pytest.approx(gmacs, rel=2e-3)


@pytest.mark.parametrize("keep", [0.5, 0.4])
def test_deep_dynamicvit_too(keep):
    network = build(DynamicViTConfig(depth=24, before=(6, 12, 18), keep=keep)).eval()
    _, macs = run_counted(network, torch.randn(1, 4, 224, 224))
    assert macs / 1e9 == pytest.approx({0.5: 1.324, 0.4: 1.177}[keep], rel=2e-3)


def block_macs(width: int, heads: int, tokens: int, attention: bool, ffn: bool) -> int:
    """A dense block on some tokens by some heads of 32 channels."""
    part = 32 * heads
    return attention * (4 * width * part * tokens + 2 * part * tokens**2) + ffn * 8 * width**2 * tokens


def stem_macs(width: int, patches: int) -> int:
    return patches * (1024 * width + 9 * width * 512)


def test_adavit_pays_for_what_it_chose_alone():
    network = restless(AdaViTConfig(64, 4, 2))
    x = torch.randn(1, 4, 96, 80)
    result, macs = run_counted(network, x)
    layers, patches, heads = result["effort"].layers[0], result["effort"].patches[0, :, 0], result["heads"][0]
    assert 0 < layers[1:].mean() < 1 and 0 < patches[1:].mean() < 1 and 0 < heads[1:].mean() < 1
    expected = stem_macs(64, 30) + block_macs(64, 2, 31, True, True)
    for i in range(1, 4):
        tokens = 1 + int(patches[i].sum())
        expected += block_macs(64, int(heads[i].sum()), tokens, bool(layers[i, 0]), bool(layers[i, 1]))
        expected += 64 * (2 + 2 + 30)  # deciding
    assert macs == expected


def test_avit_pays_for_patches_that_go_on():
    network = restless(SMALL["avit"])
    result, macs = run_counted(network, torch.randn(1, 4, 96, 80))
    counts = result["effort"].patches[0, :, 0].sum(-1).int().tolist()
    assert counts[0] == 30 and 0 < counts[3] < 30 and counts == sorted(counts, reverse=True)
    assert macs == stem_macs(64, 30) + sum(block_macs(64, 2, count, True, True) for count in counts)


@pytest.mark.parametrize("select", ["patches", "layers", "random"])
def test_selections_cost_what_the_plan_says(select):
    network = restless(find(f"tiny-{select}").__class__(64, 4, 2, select=select))
    result, macs = run_counted(network, torch.randn(1, 4, 96, 80))
    layers, kept = result["decisions"].layers[0], result["decisions"].kept_patches()[0]
    expected = cost(ModelConfig(64, 4, 2), 30, layers, kept)
    if select != "layers":
        expected -= 2 * 64 * 4  # nothing decides on layers
    if select != "patches":
        expected -= 64 * 30 * int(layers.sum())  # nothing decides on patches
    assert macs == expected


def test_operating_point_of_dynamicvit():
    _, macs = run_counted(build("dynamicvit-t").eval(), torch.randn(1, 4, 224, 224))
    assert macs / 1e9 == pytest.approx(1.24, abs=0.01)


def test_operating_point_of_adavit():
    """The mean cost where patches, heads and layers are kept independently, as often as is wanted of each."""
    config, patches = find("adavit-t"), 196
    tokens = 1 + config.patches * patches
    attention = config.kept_heads * (4 * 192**2 * tokens + 2 * 192 * tokens**2)
    block = config.layers * (attention + 8 * 192**2 * tokens) + 192 * (2 + 3 + patches)
    whole = stem_macs(192, patches) + block_macs(192, 6, patches + 1, True, True) + 11 * block
    assert whole / 1e9 == pytest.approx(1.20, abs=0.01)


def test_operating_point_of_chance():
    """The mean over which of the layers run: attention and FFN do not cost the same."""
    config, adacolvit = find("tiny-random"), VARIANTS["tiny"]
    assert config.backbone == adacolvit
    bare = cost(adacolvit, 196, np.zeros((12, 2), bool))
    kept = np.full((12, 2), round(config.patches * 196))
    whole = bare + round(config.layers * 24) / 24 * (cost(adacolvit, 196, kept=kept) - bare)
    assert whole / 1e9 == pytest.approx(0.78, abs=0.005)


def test_every_rival_is_a_network_by_name():
    for name, config in RIVALS.items():
        assert find(name) is config

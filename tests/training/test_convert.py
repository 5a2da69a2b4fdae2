"""Published iColoriT checkpoints: read without running them, and computing here what they computed there."""

import argparse
import os
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from adacolvit.cli import main
from adacolvit.errors import WeightsError
from adacolvit.evaluation.methods import make_methods
from adacolvit.training.convert import convert, read_checkpoint
from adacolvit.weights import load_weights


def published(width=64, depth=2, heads=2, seed=0) -> dict:
    """Random tensors in the published layout."""
    generator = torch.Generator().manual_seed(seed)

    def some(*shape, scale=0.1):
        return scale * torch.randn(*shape, generator=generator)

    row, column = np.divmod(np.arange(196), 14)
    index = (row[:, None] - row + 13) * 27 + column[:, None] - column + 13
    tensors = {"patch_embed.proj.weight": some(width, 4, 16, 16), "patch_embed.proj.bias": some(width)}
    for i in range(depth):
        tensors |= {
            f"blocks.{i}.norm1.weight": 1 + some(width), f"blocks.{i}.norm1.bias": some(width),
            f"blocks.{i}.attn.q_bias": some(width), f"blocks.{i}.attn.v_bias": some(width),
            f"blocks.{i}.attn.rpb_table": some(729, heads, scale=1.0),
            f"blocks.{i}.attn.relative_position_index": torch.from_numpy(index),
            f"blocks.{i}.attn.qkv.weight": some(3 * width, width),
            f"blocks.{i}.attn.proj.weight": some(width, width), f"blocks.{i}.attn.proj.bias": some(width),
            f"blocks.{i}.norm2.weight": 1 + some(width), f"blocks.{i}.norm2.bias": some(width),
            f"blocks.{i}.mlp.fc1.weight": some(4 * width, width), f"blocks.{i}.mlp.fc1.bias": some(4 * width),
            f"blocks.{i}.mlp.fc2.weight": some(width, 4 * width), f"blocks.{i}.mlp.fc2.bias": some(width),
        }  # fmt: skip
    tensors |= {"norm.weight": 1 + some(width), "norm.bias": some(width)}
    return tensors | {"head.head.weight": some(512, width, 3, 3, scale=0.02), "head.head.bias": some(512)}


def as_published(t: dict, x: torch.Tensor, mask_cent: bool = False) -> torch.Tensor:
    """What the published network computes, written from its layout with none of our parts: (1, 4, 224, 224) -> ab."""
    width, heads = len(t["norm.weight"]), t["blocks.0.attn.rpb_table"].shape[1]
    x = x.clone()
    if mask_cent:
        x[:, 3] -= 0.5
    z = F.conv2d(x, t["patch_embed.proj.weight"], t["patch_embed.proj.bias"], stride=16).flatten(2).transpose(1, 2)
    angle = [[n / 10000 ** (2 * (j // 2) / width) for j in range(width)] for n in range(196)]
    table = np.array(angle)
    table[:, 0::2], table[:, 1::2] = np.sin(table[:, 0::2]), np.cos(table[:, 1::2])
    z = z + torch.from_numpy(table).float()
    for i in range(sum(key.endswith("norm1.weight") for key in t)):
        b = {key.removeprefix(f"blocks.{i}."): value for key, value in t.items() if key.startswith(f"blocks.{i}.")}
        y = F.layer_norm(z, (width,), b["norm1.weight"], b["norm1.bias"], 1e-6)
        bias = torch.cat([b["attn.q_bias"], torch.zeros(width), b["attn.v_bias"]])
        q, k, v = F.linear(y, b["attn.qkv.weight"], bias).reshape(1, 196, 3, heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (width // heads) ** 0.5
        scores = scores + b["attn.rpb_table"][b["attn.relative_position_index"].flatten()].view(196, 196, -1).permute(
            2, 0, 1
        )
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(1, 196, -1)
        z = z + F.linear(y, b["attn.proj.weight"], b["attn.proj.bias"])
        y = F.layer_norm(z, (width,), b["norm2.weight"], b["norm2.bias"], 1e-6)
        y = F.gelu(F.linear(y, b["mlp.fc1.weight"], b["mlp.fc1.bias"]))
        z = z + F.linear(y, b["mlp.fc2.weight"], b["mlp.fc2.bias"])
    z = F.layer_norm(z, (width,), t["norm.weight"], t["norm.bias"], 1e-6).transpose(1, 2).reshape(1, width, 14, 14)
    z = torch.tanh(F.conv2d(F.pad(z, (1, 1, 1, 1), mode="reflect"), t["head.head.weight"], t["head.head.bias"]))
    z = z.view(1, 16, 16, 2, 14, 14)  # p1 p2 c h w
    return z.permute(0, 3, 4, 1, 5, 2).reshape(1, 2, 224, 224)


def hints():
    """A photo's lightness and three hints, as an evaluation method takes them."""
    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, (224, 224)).astype(np.float32)
    rows, columns, sizes = np.array([0, 100, 222]), np.array([4, 60, 222]), np.array([2, 2, 2])
    return lightness, rows, columns, sizes, rng.uniform(-60, 60, (3, 2)).astype(np.float32)


def predicted(weights, given=None) -> np.ndarray:
    (method,) = make_methods([f"alone:{weights}"], [])
    ab, macs = method.predict(*(given or hints()))
    assert macs > 0
    return ab


@pytest.mark.parametrize("mask_cent", [False, True])
def test_a_checkpoint_colors_here_as_it_did_there(tmp_path, mask_cent):
    tensors, (lightness, rows, columns, _, ab) = published(), hints()
    state = {"model": tensors, "epoch": 24, "args": argparse.Namespace(mask_cent=mask_cent, model="icolorit_tiny")}
    torch.save(state, tmp_path / "icolorit.pth")
    assert main(["convert", str(tmp_path / "icolorit.pth")]) == 0
    x = torch.zeros(1, 4, 224, 224)
    x[0, 0] = torch.from_numpy(lightness - 50) / 100
    for row, column, color in zip(rows, columns, ab, strict=True):
        x[0, 1:3, row : row + 2, column : column + 2] = torch.from_numpy(color / 110)[:, None, None]
        x[0, 3, row : row + 2, column : column + 2] = 1
    expected = as_published(tensors, x, mask_cent)[0].permute(1, 2, 0).numpy() * 110
    assert expected.std() > 1
    assert np.abs(predicted(tmp_path / "icolorit.safetensors") - expected).max() < 1e-2


def test_without_tables_and_with_a_linear_head(tmp_path):
    tensors = published()
    head = {"head.weight": tensors.pop("head.head.weight")[..., 1, 1], "head.bias": tensors.pop("head.head.bias")}
    bare = {key: value for key, value in tensors.items() if "attn.r" not in key and "_bias" not in key} | head
    config, ours = convert(bare)
    assert (config.heads, config.head_kernel) == (1, 1)
    assert not ours["blocks.1.attention.bias.table"].any() and not ours["blocks.0.attention.q_bias"].any()


class Malice:
    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_file_that_runs_code_is_refused_and_not_run(tmp_path, capsys):
    trap = Malice()
    trap.path = tmp_path / "was here"
    torch.save({"model": published(), "args": trap}, tmp_path / "evil.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"model": {}, "args": trap}, protocol=2))
    for name in ("evil.pth", "old.pth"):
        assert main(["convert", str(tmp_path / name)]) == 1
        assert "could run code on this machine" in capsys.readouterr().err
    assert not trap.path.exists()
    assert not list(tmp_path.glob("*.safetensors"))


def test_what_is_no_checkpoint_is_said_plainly(tmp_path):
    with pytest.raises(WeightsError, match="there is no checkpoint"):
        read_checkpoint(tmp_path / "none.pth")
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(WeightsError, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "cut.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="holds no 'model'"):
        read_checkpoint(tmp_path / "list.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("blocks.1.mlp.fc1.weight"), "blocks.1.mlp.fc1.weight"),
        (
            lambda t: t.update({"blocks.0.gamma_1": torch.ones(64)}),
            "parts that this iColoriT has not: blocks.0.gamma_1",
        ),
        (lambda t: t.update({"patch_embed.proj.weight": torch.ones(64, 4, 8, 8)}), "patches of 8 px"),
        (lambda t: t.update({"blocks.0.mlp.fc1.bias": torch.ones(7)}), r"shape \(7,\), not \(256,\)"),
        (lambda t: t["blocks.0.attn.relative_position_index"].add_(1), "is not that of 14 x 14"),
        (lambda t: t.update({"norm.weight": torch.full((64,), torch.nan)}), None),
    ],
)
def test_another_layout_is_refused(tmp_path, change, message, capsys):
    tensors = published()
    change(tensors)
    torch.save({"model": tensors}, tmp_path / "other.pth")
    assert main(["convert", str(tmp_path / "other.pth")]) == 1
    assert not list(tmp_path.glob("*.safetensors"))
    if message:
        with pytest.raises(WeightsError, match=message):
            convert(tensors)


def test_the_product_says_why_it_does_not_take_it(tmp_path, capsys):
    torch.save({"model": published()}, tmp_path / "a.pth")
    assert main(["convert", str(tmp_path / "a.pth"), "-o", str(tmp_path / "b.safetensors")]) == 0
    with pytest.raises(WeightsError, match=r"family 'icolorit'.*evaluate"):
        load_weights(tmp_path / "b.safetensors")
    assert main(["convert", str(tmp_path / "a.pth"), "-o", str(tmp_path / "b.safetensors")]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "a.pth"), "-o", str(tmp_path / "b.onnx")]) == 2

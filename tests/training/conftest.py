"""Small photos of our own making, and recipes that train in seconds."""

import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.training.data import Batch, PhotoCache

RECIPE = """
[model]
width = 32
depth = 2
heads = 2

[optimizer]
warmup = 16

[[stages]]
samples = 32
size = 32
batch = 8
max_hints = 16

[[stages]]
samples = 32
size = 32
batch = 8
mode = "masked"
vary = 0.5
patches = 0.4
layers = 0.8
"""


def make_photo(seed: int, width: int = 60, height: int = 48) -> Image.Image:
    """Two colored halves under a random shading: color follows place, lightness does not tell it."""
    rng = np.random.default_rng(seed)
    colors = rng.uniform(60, 220, (2, 3))
    columns = np.arange(width)[None, :, None] < rng.integers(width // 3, 2 * width // 3)
    shade = rng.uniform(0.7, 1.0, (height, width, 1))
    return Image.fromarray((np.where(columns, colors[0], colors[1]) * shade).astype(np.uint8))


@pytest.fixture(scope="session")
def shard(tmp_path_factory):
    """A tar of 12 photos."""
    path = tmp_path_factory.mktemp("photos") / "photos.tar"
    with tarfile.open(path, "w") as tar:
        for i in range(12):
            data = io.BytesIO()
            make_photo(i, 60 + 4 * (i % 3), 48).save(data, "PNG")
            info = tarfile.TarInfo(f"{i:03d}.made.png")
            info.size = data.tell()
            data.seek(0)
            tar.addfile(info, data)
    return path


@pytest.fixture
def cache(shard, tmp_path):
    """The photos of the shard, decoded."""
    return PhotoCache.open((str(shard),), tmp_path)


@pytest.fixture(scope="session")
def photo_maker():
    """:func:`make_photo`, for tests that need to know what a photo was."""
    return make_photo


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory):
    """Path of a recipe of 64 samples."""
    path = tmp_path_factory.mktemp("recipe") / "made.toml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture
def batch():
    """Noise to learn from: 6 inputs of 64 x 64 px, and their colors."""
    torch.manual_seed(0)
    return Batch(torch.randn(6, 4, 64, 64), torch.rand(6, 2, 64, 64) - 0.5)


def deciding_network(config: ModelConfig) -> ColorizationViT:
    """One of three blocks whose decisions about patches differ from patch to patch, and whose last FFN is skipped."""
    torch.manual_seed(1)
    network = ColorizationViT(config).eval().requires_grad_(False)
    for name, p in network.named_parameters():
        p.add_(torch.randn_like(p) * 0.1)
        if ".decide_attention" in name or ".decide_ffn" in name:
            p.zero_() if name.endswith("bias") else p.normal_()
    network.blocks[2].decide_layers.weight.zero_()
    network.blocks[2].decide_layers.bias.copy_(torch.tensor([3.0, -3.0]))
    return network

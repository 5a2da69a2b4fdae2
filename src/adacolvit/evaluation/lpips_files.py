"""The weights that LPIPS needs: looked for in a folder and in torch's cache, read without running anything in them.

Neither comes with this package. The linear heads (``squeeze.pth``, ``alex.pth``, ``vgg.pth``, a few KB each) are in
https://github.com/richzhang/PerceptualSimilarity under ``lpips/weights/v0.1``; the backbones are torchvision's.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from adacolvit.errors import DataError

# Network -> how the names of its backbone's file begin, and where torchvision has it.
_HOME = "https://download.pytorch.org/models"
BACKBONE_FILES = {
    "squeeze": ("squeezenet1_1", f"{_HOME}/squeezenet1_1-b8a52dc0.pth"),
    "alex": ("alexnet", f"{_HOME}/alexnet-owt-7be5be79.pth"),
    "vgg": ("vgg16", f"{_HOME}/vgg16-397923af.pth"),
}
HEADS_HOME = "https://github.com/richzhang/PerceptualSimilarity (lpips/weights/v0.1)"
SUFFIXES = (".safetensors", ".npz", ".pth", ".pt")


@dataclass(frozen=True)
class Paths:
    """The two files of one network."""

    backbone: Path
    heads: Path


def find(net: str, folder=None) -> Paths:
    """Look in ``folder``, then in torch's cache (``$TORCH_HOME/hub/checkpoints``). DataError says what is missing."""
    if net not in BACKBONE_FILES:
        raise DataError(f"there is no LPIPS network {net!r}: take one of {', '.join(BACKBONE_FILES)}")
    places = [Path(folder)] if folder else []
    places.append(Path(torch.hub.get_dir()) / "checkpoints")
    beginning, address = BACKBONE_FILES[net]

    def first(matches, what: str, source: str) -> Path:
        for place in places:
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                if path.suffix in SUFFIXES and matches(path.name):
                    return path
        looked = " and ".join(map(str, places))
        raise DataError(f"LPIPS needs {what}, which is not in {looked}: put it there, from {source}")

    return Paths(
        first(lambda name: name.startswith(beginning), f"the backbone {beginning}*{SUFFIXES[2]}", address),
        first(lambda name: Path(name).stem in (net, f"lpips_{net}"), f"the linear heads {net}.pth", HEADS_HOME),
    )


def read(path: Path, names: list[str]) -> dict[str, Tensor]:
    """The named tensors of a file, float32, in the order of ``names``; others in it are passed over.

    Torch's files are read with ``weights_only``, NumPy's without pickle: a file that holds a program is refused.
    Raises DataError.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                found = {name: torch.from_numpy(file[name]) for name in names if name in file}
        elif path.suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, EOFError, RuntimeError, BadZipFile, SafetensorError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} cannot be read as weights ({type(error).__name__}): fetch it again") from error
    missing = [name for name in names if not isinstance(found, dict) or not isinstance(found.get(name), Tensor)]
    if missing:
        raise DataError(f"{path} holds no {missing[0]}: it is of another network, fetch the right one")
    return {name: found[name].float() for name in names}

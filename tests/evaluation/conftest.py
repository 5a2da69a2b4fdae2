"""Small made-up photos: soft fields of color, so that a few hints tell something, of three aspects."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

SIZES = {"lake": (96, 64), "meadow": (64, 96), "town": (80, 80)}  # width, height


def made_up(width: int, height: int, seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def write_tar(path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture(scope="session")
def photo_set(tmp_path_factory):
    """Path of a tar of three photos."""
    path = tmp_path_factory.mktemp("photos") / "made-up.tar"
    write_tar(path, {f"{key}.png": png(made_up(*size, i)) for i, (key, size) in enumerate(SIZES.items())})
    return path

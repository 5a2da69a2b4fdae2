"""The one door to colorization, for CLI, app and API: a photo once, hints many times, results at full size."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from adacolvit.errors import PhotoError
from adacolvit.hints.encoder import encode_one
from adacolvit.hints.file import HintFile, load_hints
from adacolvit.hints.frame import Frame, fit_frame
from adacolvit.hints.hint import Hint, as_hints, place_hints
from adacolvit.model.budget import check_budget, least_budget
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost as count_macs
from adacolvit.model.cost import layer_macs as count_layer_macs
from adacolvit.photo import Photo, open_photo
from adacolvit.runtime.engine import Decisions, Engine
from adacolvit.runtime.refine import refine
from adacolvit.runtime.upsample import compose, guide
from adacolvit.saving import picture_bytes, picture_depth, save_picture
from adacolvit.weights import load_weights
from adacolvit.weights.store import file_identity

_dense_macs = lru_cache(maxsize=8)(count_macs)  # a person's photos share few grids


@dataclass(frozen=True, eq=False)
class Cost:
    """What one run of the network took. D blocks; index 0 is attention, 1 the FFN."""

    config: ModelConfig  # of the network
    macs: int  # multiply-accumulates that were realised
    layers: np.ndarray  # (D, 2) bool: the layer ran
    kept: np.ndarray  # (D, 2, rows, columns) bool: the patch took the full path; all False where the layer was skipped
    milliseconds: float  # hints to ab, network included; full size not included
    layer_milliseconds: np.ndarray | None  # (D, 2) float32, measured; None with ONNX Runtime, which does not tell
    budget: float | None = None  # that the network ran at; None: it takes none

    @property
    def dense_macs(self) -> int:
        """Multiply-accumulates of the same network with nothing left out."""
        return _dense_macs(self.config, self.kept[0, 0].size)

    @property
    def layer_macs(self) -> np.ndarray:
        """(D, 2) int64: of each layer and its decisions about patches; 0 where it was skipped."""
        return count_layer_macs(self.config, self.kept[0, 0].size, self.layers, self.kept.sum((2, 3)))

    @property
    def least_budget(self) -> float | None:
        """The least that the network knows; None: it takes none."""
        return least_budget(self.config)

    @property
    def usual_budget(self) -> float | None:
        """What it runs at where none is asked for; None: it takes none."""
        return check_budget(self.config, None)

    @property
    def skipped_layers(self) -> int:
        """Layers that did not run, of 2 D."""
        return int((~self.layers).sum())


@dataclass(frozen=True, eq=False)
class Result:
    """A colored photo; valid for as long as it is kept, whatever its Colorizer does next."""

    photo: Photo
    hints: tuple[Hint, ...]
    lightness: np.ndarray  # (h, w) float32, L in [0, 100], as the network saw it
    ab: np.ndarray  # (2, h, w) float32, Lab units, network scale, refined (runtime.refine)
    cost: Cost

    @cached_property
    def planes(self) -> np.ndarray:
        """(4, h, w) float32, see :mod:`adacolvit.runtime.upsample`: ab at full size from the photo's own L."""
        return guide(self.lightness, self.ab)

    def adjusted(self, *, saturation: float = 1.0, strength: float = 1.0) -> "Result":
        """The same with chroma scaled by ``saturation``, 0 or more, and ``strength``, 0 (gray) to 1.

        Raises ValueError.
        """
        if not (0 <= saturation < math.inf and 0 <= strength <= 1):
            raise ValueError(f"saturation {saturation} and strength {strength}: give 0 or more, and 0 to 1")
        scale = np.float32(saturation * strength)
        return replace(self, ab=self.ab * scale)

    def rows(self, start: int, stop: int, depth: int = 8) -> np.ndarray:
        """Rows of the picture at the photo's own size, for photos of any size.

        Returns (stop - start, W, 3) sRGB: uint8, or uint16 for a ``depth`` of 16 bits.
        """
        return compose(self.photo.lightness_rows(start, stop), self.planes, start, self.photo.height, depth)

    @cached_property
    def image(self) -> np.ndarray:
        """The picture at the photo's own size: (H, W, 3) uint8, sRGB. Made on first use, then kept."""
        picture = np.empty((self.photo.height, self.photo.width, 3), np.uint8)
        for start, stop in self.photo.strips():
            picture[start:stop] = self.rows(start, stop)
        return picture

    def encode(self, suffix: str, *, depth: int | None = None, **options) -> bytes:
        """The file of the picture at the photo's own size, its metadata kept.

        suffix: ".png", ".jpg", ".webp" or ".tif". depth: bits per channel, as :func:`adacolvit.saving.picture_depth`.
        ``options``: quality, label, note of :func:`adacolvit.saving.picture_bytes`. Raises SaveError.
        """
        return picture_bytes(self.photo, self._pixels(suffix, depth), suffix, **options)

    def save(self, path: str | Path, *, depth: int | None = None, **options) -> Path:
        """Write the picture; the suffix chooses the format, the rest is as in :meth:`encode`. Raises SaveError.

        Written beside and renamed: nothing is ever left half-written.
        """
        return save_picture(path, self.photo, self._pixels(Path(path).suffix, depth), **options)

    def _pixels(self, suffix: str, depth: int | None):
        """Rows as a file of this suffix holds them."""
        return partial(self.rows, depth=picture_depth(self.photo, suffix, depth))


class Scene(NamedTuple):
    """A photo as the network sees it."""

    photo: Photo
    frame: Frame  # how the photo lies on the network's input
    lightness: np.ndarray  # (h, w) float32 of the frame, L in [0, 100]


class Colorizer:
    """Colors one photo at a time with one network.

    Several threads may call :meth:`colorize` at once: each call colors the photo that was set when it began. Colorizers
    that share an :class:`~adacolvit.runtime.engine.Engine` share its memory too.
    """

    def __init__(self, model: str | Path | Engine = "tiny", *, threads: int | None = None) -> None:
        """``model``: a name of :func:`adacolvit.list_models`, a .safetensors file, or an engine that is there already.

        ``threads``: cores the network may use, one by default. Raises UsageError for an unknown name, WeightsError.
        """
        self.engine = model if isinstance(model, Engine) else Engine(load_weights(model), threads=threads)
        self._scene = None

    @property
    def scene(self) -> "Scene":
        """The photo that was set, as the network sees it. Raises PhotoError where none was."""
        if self._scene is None:
            raise PhotoError("there is no photo to color yet: call set_photo first")
        return self._scene

    def set_photo(self, source) -> Photo:
        """Open a photo and prepare all that does not depend on hints.

        ``source``: whatever :func:`adacolvit.open_photo` takes, or its result. Raises PhotoError.
        """
        photo = source if isinstance(source, Photo) else open_photo(source)
        frame = fit_frame(photo.width, photo.height)
        lightness = photo.network_lightness(frame.height, frame.width)
        self._scene = Scene(photo, frame, lightness)  # in one step, so that no thread sees half of it
        return photo

    def colorize(self, hints: Iterable | HintFile | str | os.PathLike = (), *, budget: float | None = None) -> Result:
        """Color the photo by hints, in its own pixels: Hints, tuples (x, y, "#rrggbb"[, size]), or dicts; or by a hints
        file: its path, or what :func:`adacolvit.load_hints` gives.

        Without hints the network colors as it sees fit. ``budget``: what photos may take in the mean, as a share of the
        dense network's cost, 0 (as little as the network can do with) to 1; None for what it was made for.
        Raises HintError, BudgetError, or PhotoError where no photo was set.
        """
        photo, frame, lightness = self.scene
        if isinstance(hints, str | os.PathLike):
            hints = load_hints(hints)
        hints = hints.for_photo(photo.width, photo.height) if isinstance(hints, HintFile) else as_hints(hints)
        start = perf_counter()
        ab, decisions = predict(self.engine, lightness, place_hints(hints, frame), budget)
        milliseconds = (perf_counter() - start) * 1e3

        config, (rows, columns) = self.engine.config, frame.grid
        kept = decisions.patches.reshape(config.depth, 2, rows, columns)
        return Result(
            photo, hints, lightness, ab,
            Cost(
                config, decisions.macs, decisions.layers, kept, milliseconds, decisions.milliseconds, decisions.budget
            ),
        )  # fmt: skip


def predict(
    engine: Engine, lightness: np.ndarray, placed: tuple, budget: float | None = None
) -> tuple[np.ndarray, Decisions]:
    """Network and refinement, at the network's scale.

    lightness: (h, w) float32, L in [0, 100]; placed: as of :func:`adacolvit.hints.hint.place_hints`; budget: as of
    :meth:`Colorizer.colorize`.
    Returns ab (2, h, w) float32 in Lab units, and what the network decided.
    """
    ab, decisions = engine.run(encode_one(lightness, *placed), budget=budget)
    return refine(lightness, ab, *placed), decisions


@lru_cache(maxsize=2)
def _engine(model: str | Path, threads: int | None, file: tuple | None) -> Engine:
    """``file``: where it lies and what it is, so that one that was written anew is read anew."""
    return Engine(load_weights(model), threads=threads)


def _state(model: str | Path) -> tuple | None:
    """What changes when a weights file is another one; None for a name."""
    path = Path(model).absolute()
    try:
        return path, file_identity(path)
    except OSError:
        return None


def colorize(
    photo,
    hints: Iterable | HintFile | str | os.PathLike = (),
    *,
    budget: float | None = None,
    model: str | Path = "tiny",
    threads: int | None = None,
) -> Result:
    """Color a photo in one call; the network is loaded by the first and kept for the next.

    ``photo`` as for :meth:`Colorizer.set_photo`, ``hints`` and ``budget`` as for :meth:`Colorizer.colorize`, ``model``
    and ``threads`` as for :class:`Colorizer`: a name or a .safetensors file, and cores for the network.
    Raises UsageError, WeightsError, PhotoError, HintError, BudgetError.
    """
    colorizer = Colorizer(_engine(model, threads, _state(model)))
    colorizer.set_photo(photo)
    return colorizer.colorize(hints, budget=budget)

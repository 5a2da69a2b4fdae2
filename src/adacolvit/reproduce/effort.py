"""What an adaptive network decided for a photo, for the figures that show it."""

from dataclasses import dataclass

import numpy as np

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import DataError
from adacolvit.evaluation.hintset import HintSet
from adacolvit.evaluation.methods import split_budget
from adacolvit.evaluation.photos import Source, lay, load
from adacolvit.evaluation.protocol import join
from adacolvit.hints.encoder import encode_one
from adacolvit.runtime.decisions import Decisions
from adacolvit.runtime.engine import Engine
from adacolvit.weights import load_weights

from .found import FRAME, Found
from .systems import Trained


@dataclass(frozen=True)
class Effort:
    """A photo on the 224 x 224 frame with its hints, the color the network gave it, and what was decided."""

    key: str
    gray: np.ndarray  # (224, 224, 3) float32 sRGB, as the two below
    colored: np.ndarray
    truth: np.ndarray
    places: np.ndarray  # (K, 2) rows and columns of the hints' middles
    decisions: Decisions
    grid: tuple[int, int]

    def kept(self, kind: int) -> np.ndarray:
        """(rows, columns) share of the blocks in which a patch got the full width; kind 0 is attention, 1 the FFN."""
        return self.decisions.patches[:, kind].mean(axis=0).reshape(self.grid)


class Watcher:
    """Runs a network and keeps what it decided."""

    def __init__(self, trained: Trained) -> None:
        """Raises DataError where the network decides nothing."""
        file, self._budget = split_budget(trained.weights)
        weights = load_weights(file)
        if not getattr(weights.config, "adaptive", False):
            raise DataError(f"{trained.network} takes no decisions to be shown: give weights of an AdaColViT")
        self._engine = Engine(weights, precision="fp32")  # as it was measured

    def __call__(self, source: Source, hint_set: HintSet, count: int) -> Effort:
        """Color a photo from its first ``count`` hints."""
        truth = lay(load(source), FRAME)
        lightness, true_ab = np.ascontiguousarray(truth.lab[..., 0]), truth.lab[..., 1:]
        rows, columns, sizes, ab = hint_set.hints(source.key, count, truth.frame, true_ab)
        predicted, decisions = self._engine.run(encode_one(lightness, rows, columns, sizes, ab), budget=self._budget)
        return Effort(
            key=source.key,
            gray=lab_to_srgb(join(truth, np.zeros_like(true_ab))),
            colored=lab_to_srgb(join(truth, predicted.transpose(1, 2, 0))),
            truth=truth.rgb,
            places=np.stack([rows + sizes // 2, columns + sizes // 2], axis=1),
            decisions=decisions,
            grid=truth.frame.grid,
        )


def watch(found: Found, system, keys, count: int) -> list[Effort]:
    """The efforts of a measured system's first weights on some photos, in the order of ``keys``."""
    watcher = Watcher(found.of(system)[0])
    return [watcher(source, found.data.hint_set, count) for source in found.data.photos.few(keys)]

"""Figure 8: where the network spends its effort: patches that get the full width, and layers that are skipped."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adacolvit.evaluation.photos import evenly

from .effort import Effort, watch
from .experiment import Experiment
from .figure import INK, plt, save, style
from .found import Found, picture_name
from .paper import ADACOLVIT_T

COUNT = 10
SHOWN = 4
KINDS = ("attention", "FFN")


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in (one for one in found if one.of(ADACOLVIT_T)):
        name = picture_name("fig8", one, found)
        keys = one.data.photos.keys
        chosen = evenly(keys, SHOWN)
        efforts = watch(one, ADACOLVIT_T, chosen, COUNT)
        parts += [
            f"## {one.data.title}, {COUNT} hints",
            _maps(efforts, folder, name),
            "Maps: the share of the 12 blocks in which a patch was more informative, for attention and for the FFN; "
            "brighter is more.",
            _layers(efforts, folder, f"{name}-layers"),
            "Per block and sub-layer: the share of the patches that were more informative; a hatched cell is a layer "
            "that was skipped.",
        ]
    return parts


def _maps(efforts: Sequence[Effort], folder: Path, name: str) -> str:
    titles = ("gray, with hints", "colored", *KINDS)
    most = max(effort.kept(kind).max() for effort in efforts for kind in (0, 1))
    with style():
        figure, grid = plt.subplots(
            len(efforts), 4, figsize=(7.4, 1.68 * len(efforts) + 0.1), squeeze=False, layout="constrained"
        )
        for line, effort in zip(grid, efforts, strict=True):
            line[0].imshow(effort.gray)
            line[0].scatter(effort.places[:, 1], effort.places[:, 0], s=14, c=_hint_colors(effort), ec="white", lw=0.8)
            line[1].imshow(effort.colored)
            for kind in (0, 1):
                line[2 + kind].imshow(effort.gray, alpha=0.35)
                shown = line[2 + kind].imshow(
                    effort.kept(kind), cmap="inferno", vmin=0, vmax=most, alpha=0.8, extent=(-0.5, 223.5, 223.5, -0.5)
                )
            for axes in line:
                axes.axis("off")
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title, fontweight="normal", loc="center", pad=3)
        bar = figure.colorbar(shown, ax=grid[:, 2:], shrink=0.5, aspect=24, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label("share of the blocks", fontsize=8)
        return save(figure, folder, name, vector=False)


def _hint_colors(effort: Effort) -> np.ndarray:
    return effort.truth[effort.places[:, 0], effort.places[:, 1]]


def _layers(efforts: Sequence[Effort], folder: Path, name: str) -> str:
    """Blocks across, sub-layers down, a panel per photo."""
    with style():
        figure, grid = plt.subplots(
            len(efforts), 1, figsize=(7.4, 0.85 * len(efforts) + 0.4), squeeze=False, sharex=True, layout="constrained"
        )
        for (axes,), effort in zip(grid, efforts, strict=True):
            share = effort.decisions.patches.mean(axis=-1).T  # 2 D
            shown = axes.imshow(share, cmap="inferno", vmin=0, vmax=1, aspect="auto")
            for block, kind in zip(*np.nonzero(~effort.decisions.layers), strict=True):
                axes.add_patch(
                    plt.Rectangle((block - 0.5, kind - 0.5), 1, 1, fc="#f4f4f4", ec="#c4c4c4", hatch="////", lw=0)
                )
            axes.set_yticks((0, 1), KINDS, fontsize=8)
            axes.grid(visible=False)
            depth = share.shape[1]
            axes.set_xticks(range(depth), range(1, depth + 1), fontsize=8)
            spent = f"{effort.key}: {effort.decisions.macs / 1e9:.3f} GMACs"
            axes.set_title(spent, fontsize=8, fontweight="normal", color=INK, pad=3)
            for side in axes.spines.values():
                side.set_visible(False)
        axes.set_xlabel("block")
        bar = figure.colorbar(shown, ax=grid[:, 0], aspect=30, pad=0.01)
        bar.outline.set_visible(False)
        return save(figure, folder, name)


EXPERIMENT = Experiment("Figure 8: where the effort goes", (ADACOLVIT_T,), (COUNT,), write)

"""A quick look at a network in training: PSNR at a few hint counts on a fixed hint set, and a contact sheet."""

from pathlib import Path

import numpy as np
from torch import nn

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import hintset
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.evaluation.protocol import join
from adacolvit.evaluation.sheet import contact_sheet, save_sheet
from adacolvit.evaluation.torch_network import TorchNetwork

COUNTS = (1, 10, 50)
PHOTOS = 48
SHOWN, SHOWN_COUNT = 6, 10  # photos on a sheet, and their hints


class Validation:
    """Scores the averaged weights on some photos, taken evenly through a set, always at 224 x 224."""

    def __init__(self, source: str, out: Path) -> None:
        self.sources = list(iter_sources(source, PHOTOS))
        self.hints = hintset.draw(self.sources)
        self.truths = [lay(load(s), "square") for s in self.sources]
        self.sheets = out / "sheets"

    def __call__(self, network: nn.Module, values: dict, mode: str, sample: int) -> dict[str, float]:
        """Mean PSNR per hint count and mean MACs with ``values`` as the network's parameters; draws a sheet.

        psnr10 and so on are of the refined picture, alone10 of the network's own.
        """
        own = {name: p.detach().clone() for name, p in network.named_parameters()}
        network.load_state_dict(values)
        method = TorchNetwork(network, mode="dense" if mode == "dense" else "gathered")
        scores, macs = {f"{name}{n}": [] for n in COUNTS for name in ("psnr", "alone")}, []
        for source, truth in zip(self.sources, self.truths, strict=True):
            lightness, true_ab = np.ascontiguousarray(truth.lab[..., 0]), truth.lab[..., 1:]
            for n in COUNTS:
                hints = self.hints.hints(source.key, n, truth.frame, true_ab)
                for name, predict in (("psnr", method.predict), ("alone", method.alone)):
                    ab, spent = predict(lightness, *hints)
                    scores[f"{name}{n}"].append(psnr(lab_to_srgb(join(truth, ab)), truth.rgb))
                macs.append(spent)
        self.sheets.mkdir(parents=True, exist_ok=True)
        sheet = contact_sheet(self.sources[:SHOWN], [method], self.hints, SHOWN_COUNT, "square")
        save_sheet(self.sheets / f"{sample:010d}.jpg", sheet)
        network.load_state_dict(own)
        return {name: round(float(np.mean(v)), 3) for name, v in scores.items()} | {
            "gmacs": round(float(np.mean(macs)) / 1e9, 4)
        }

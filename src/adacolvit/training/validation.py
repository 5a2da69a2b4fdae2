"""A quick look at a network in training: PSNR at a few hint counts on a fixed hint set, and a contact sheet."""

from pathlib import Path

import numpy as np
import torch

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import hintset
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.evaluation.protocol import join
from adacolvit.evaluation.sheet import contact_sheet, save_sheet
from adacolvit.hints.encoder import decode_ab, encode_one
from adacolvit.hints.frame import PATCH
from adacolvit.model.cost import cost
from adacolvit.model.network import ColorizationViT
from adacolvit.runtime.refine import refine

COUNTS = (1, 10, 50)
PHOTOS = 48
SHOWN, SHOWN_COUNT = 6, 10  # photos on a sheet, and their hints


class NetworkInTraining:
    """The torch network as an evaluation method (:class:`adacolvit.evaluation.methods.Method`)."""

    def __init__(self, network: ColorizationViT, mode: str) -> None:
        self.name, self.network, self.mode = "network", network, mode

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`adacolvit.evaluation.methods.Method`; refined, as in the product."""
        predicted, macs = self.alone(lightness, rows, columns, sizes, ab)
        planes = np.ascontiguousarray(predicted.transpose(2, 0, 1))
        return refine(lightness, planes, rows, columns, sizes, ab).transpose(1, 2, 0), macs

    @torch.inference_mode()
    def alone(self, lightness, rows, columns, sizes, ab):
        """As :meth:`predict`, without refinement."""
        x = encode_one(lightness, rows, columns, sizes, ab)[None]
        device = next(self.network.parameters()).device
        result = self.network(torch.from_numpy(x).to(device), self.mode)
        layers = kept = None
        if result["decisions"] is not None:
            layers, kept = result["decisions"].layers[0].cpu(), result["decisions"].kept_patches()[0].cpu()
        patches = x.shape[2] * x.shape[3] // PATCH**2
        return decode_ab(result["ab"][0].float().cpu().numpy().transpose(1, 2, 0)), cost(
            self.network.config, patches, layers, kept
        )


class Validation:
    """Scores the averaged weights on the first photos of a set, always at 224 x 224."""

    def __init__(self, source: str, out: Path) -> None:
        self.sources = list(iter_sources(source, PHOTOS))
        self.hints = hintset.draw(self.sources)
        self.truths = [lay(load(s), "square") for s in self.sources]
        self.sheets = out / "sheets"

    def __call__(self, network: ColorizationViT, values: dict, mode: str, sample: int) -> dict[str, float]:
        """Mean PSNR per hint count and mean MACs with ``values`` as the network's parameters; draws a sheet.

        psnr10 and so on are of the refined picture, alone10 of the network's own.
        """
        own = {name: p.detach().clone() for name, p in network.named_parameters()}
        network.load_state_dict(values)
        method = NetworkInTraining(network.eval(), mode)
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

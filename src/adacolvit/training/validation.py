"""A quick look at a network in training: PSNR at a few hint counts on a fixed hint set, and a contact sheet."""

from pathlib import Path

import numpy as np
import torch

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import hintset
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.hints.encoder import decode_ab, encode
from adacolvit.model.cost import cost
from adacolvit.model.network import ColorizationViT

COUNTS = (1, 10, 50)
PHOTOS = 48


class Validation:
    """Scores the averaged weights on the first photos of a set, always at 224 x 224."""

    def __init__(self, source: str, out: Path) -> None:
        sources = list(iter_sources(source, PHOTOS))
        hints = hintset.draw(sources)
        self.truths = [lay(load(s), "square") for s in sources]
        self.places = [
            {n: hints.hints(s.key, n, t.frame, t.lab[..., 1:]) for n in COUNTS} for s, t in zip(sources, self.truths, strict=True)
        ]
        self.out = out

    @torch.inference_mode()
    def __call__(self, network: ColorizationViT, values: dict, mode: str, sample: int) -> dict[str, float]:
        """Mean PSNR per hint count, with ``values`` in place of the network's own parameters, and mean MACs."""
        own = {name: p.detach().clone() for name, p in network.named_parameters()}
        network.load_state_dict(values)
        network.eval()
        device = next(network.parameters()).device
        scores = {f"psnr{n}": [] for n in COUNTS}
        macs = []
        for truth, places in zip(self.truths, self.places, strict=True):
            for n in COUNTS:
                x = encode(truth.lab[None, ..., 0], *(v[None] for v in places[n]))
                result = network(torch.from_numpy(np.ascontiguousarray(x)).to(device), mode)
                ab = decode_ab(result["ab"][0].float().cpu().numpy())
                rgb = lab_to_srgb(np.concatenate([truth.lab[..., :1], np.moveaxis(ab, 0, -1)], -1))
                scores[f"psnr{n}"].append(psnr(rgb, truth.rgb))
                if result["decisions"] is not None:
                    decisions = result["decisions"]
                    patches = decisions.patches.shape[-1]
                    macs.append(cost(network.config, patches, decisions.layers[0].cpu(), decisions.kept_patches()[0].cpu()))
        network.load_state_dict(own)
        means = {name: round(float(np.mean(v)), 3) for name, v in scores.items()}
        return means | ({"gmacs": round(float(np.mean(macs)) / 1e9, 4)} if macs else {})

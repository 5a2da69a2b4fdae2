"""DynamicViT: Rao et al., "DynamicViT: Efficient Vision Transformers with Dynamic Token Sparsification", NeurIPS 2021
(arXiv 2106.02034), on the colorization ViT.

Before some blocks a small network scores every patch that is left, and only the best r of them go on. A classifier can
forget the others; a picture needs every patch, so a dropped one keeps what it held when it was dropped and is put back
at its place for the head. While training, patches are sampled by Gumbel-softmax and masked; at inference the best are
gathered, exactly as many as the ratio says.

Shapes as in :mod:`adacolvit.model.network`; there is no policy token, so T = N.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adacolvit.hints.frame import PATCH
from adacolvit.model.config import NORM_EPS
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.model.patches import initialize

from .config import DynamicViTConfig
from .skipping import gathered_block, indices, masked_block


class Predictor(nn.Module):
    """Scores of patches, half from the patch itself and half from the mean of all that are left (section 3.2).

    near = MLP(z); far = mean of MLP(z) over what is left; probabilities = softmax(MLP([near, far])).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.features = nn.Linear(width, width)
        self.score = nn.Sequential(
            nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, width // 4), nn.GELU(),
            nn.Linear(width // 4, 2),
        )  # fmt: skip
        self.apply(initialize)

    def forward(self, z: Tensor, keep: Tensor) -> Tensor:
        """z (B, N, C), keep (B, N) in {0, 1} -> log-probabilities (B, N, 2) of keeping and dropping."""
        near, far = F.gelu(self.features(self.norm(z))).chunk(2, -1)
        left = keep.sum(1).clamp(min=1)[:, None, None]  # chance may leave none while training
        far = (far * keep[..., None]).sum(1, keepdim=True) / left
        return self.score(torch.cat([near, far.expand_as(near)], -1)).log_softmax(-1)


def best(scores: Tensor, keep: Tensor, count: int) -> Tensor:
    """The ``count`` kept patches with the highest scores: scores (B, N), keep (B, N) -> (B, N) in {0, 1}."""
    scores = scores.masked_fill(keep == 0, -torch.inf)
    return torch.zeros_like(scores).scatter(1, scores.topk(count, 1).indices, 1.0)


class DynamicViT(ColorizationViT):
    """The network; called as :func:`adacolvit.model.registry.build` says. Its blocks are those of the dense twin."""

    added = ("predictors.",)  # what the dense twin has not

    def __init__(self, config: DynamicViTConfig) -> None:
        super().__init__(config.backbone)
        self.rival = config
        self.predictors = nn.ModuleList(Predictor(config.width) for _ in config.before)

    def forward(self, x: Tensor, mode: str = "masked", *, origin=None, **_) -> dict:
        """As :meth:`ColorizationViT.forward`, with "tokens" (B, N, C) as the head sees them, "effort" and "losses".

        The ratio loss (section 3.4) is mean over images and drops of (r^s - mean of what is kept)^2.
        """
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        z = self.embed(x, origin)
        keep = z.new_ones(z.shape[:2])  # B N
        drops, kept, ratio = 0, [], z.new_zeros(())
        for i, block in enumerate(self.blocks):
            if mode != "dense" and i in self.rival.before:
                wanted = self.rival.keep ** (drops + 1)
                keep = self._drop(self.predictors[drops], z, keep, wanted, mode)
                ratio = ratio + ((keep.mean(1) - wanted) ** 2).mean() / len(self.rival.before)
                drops += 1
            kept.append(keep)
            if mode == "dense" or drops == 0:
                z = block.dense(z)
            elif mode == "masked":
                z = masked_block(block, z, keep)
            else:
                z = gathered_block(block, z, indices(keep))
        patches = torch.stack(kept, 1)[:, :, None].expand(-1, -1, 2, -1)  # B D 2 N
        return {
            "ab": self.unembed(z, rows, columns),
            "decisions": None,
            "effort": Decisions(torch.ones_like(patches[..., 0]), patches),
            "tokens": self.norm(z),
            "losses": {"ratio": self.rival.ratio_weight * ratio},
        }

    def _drop(self, predictor: Predictor, z: Tensor, keep: Tensor, wanted: float, mode: str) -> Tensor:
        """Which patches go on, (B, N) in {0, 1}, of those that came here."""
        if self.training:
            return F.gumbel_softmax(predictor(z, keep), tau=1.0, hard=True)[..., 0] * keep
        if mode == "masked":
            scores = predictor(z, keep)[..., 0]
        else:
            index = indices(keep)
            some = predictor(z[:, index], keep[:, index])[..., 0]
            scores = torch.zeros_like(keep).index_copy(1, index, some)
        return best(scores, keep, max(1, int(wanted * keep.shape[1])))

    def distillation(self, result: dict, taught: dict) -> dict[str, Tensor]:
        """Losses that keep a result near that of the dense twin, ``taught`` (section 3.4).

        Of the tokens that were kept to the end, as published; and of the color, by its mean distance, where the
        published one compares the probabilities of classes.
        """
        keep = result["effort"].patches[:, -1, 0]
        apart = ((result["tokens"] - taught["tokens"]) ** 2).mean(-1)
        tokens = (apart * keep).sum() / keep.sum().clamp(min=1)
        weight = self.rival.distill_weight
        return {"tokens": weight * tokens, "taught": weight * F.l1_loss(result["ab"], taught["ab"])}

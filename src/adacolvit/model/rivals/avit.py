"""A-ViT: Yin et al., "A-ViT: Adaptive Tokens for Efficient Vision Transformer", CVPR 2022 (arXiv 2112.07658), on the
colorization ViT.

It adds no parameters: the first channel e of a patch after block l has the halting score h = sigmoid(gamma e - beta),
and a patch stops once these add up to 1 - epsilon; after the last block h = 1. What the head sees is the mean of what a
patch was after each block, weighted by its scores, the last weight being what is left of 1 (the remainder): so a patch
that has stopped needs no restoring. The ponder loss is the mean number of blocks plus the remainder; another loss holds
the mean scores of the blocks near a normal distribution. The first channel carries no position here: a sine of the
row would decide who stops.

Shapes as in :mod:`adacolvit.model.network`; there is no policy token, so T = N.
"""

import torch
from torch import Tensor

from adacolvit.hints.frame import PATCH
from adacolvit.model.decisions import Decisions, over_processes
from adacolvit.model.network import ColorizationViT
from adacolvit.model.positions import sine_positions

from .config import AViTConfig
from .skipping import gathered_block, indices, masked_block


class AViT(ColorizationViT):
    """The network; called as :func:`adacolvit.model.registry.build` says. Its parameters are the dense twin's."""

    def __init__(self, config: AViTConfig) -> None:
        super().__init__(config.backbone)
        self.rival = config

    @torch.compiler.disable  # NumPy's positions, see the one it replaces
    def embed(self, x: Tensor, origin=None) -> Tensor:
        """As :meth:`ColorizationViT.embed`, the first channel without its position."""
        positions = sine_positions(x.shape[2] // PATCH, x.shape[3] // PATCH, self.config.width, origin)
        positions[:, 0] = 0
        return self.embed_patches(x, positions)

    def forward(self, x: Tensor, mode: str = "masked", *, origin=None, **_) -> dict:
        """As :meth:`ColorizationViT.forward`, with "effort" and "losses". Mode "dense": nobody stops, the last block's
        tokens are the result.
        """
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        z = self.embed(x, origin)
        if mode == "dense":
            for block in self.blocks:
                z = block.dense(z)
            return {"ab": self.unembed(z, rows, columns), "decisions": None}
        run = self._masked if mode == "masked" else self._gathered
        z, kept, remainder, halting = run(z)
        patches = torch.stack(kept, 1)  # B D N
        effort = Decisions(torch.ones_like(patches[..., :2]), patches[:, :, None].expand(-1, -1, 2, -1))
        result = {"ab": self.unembed(z, rows, columns), "decisions": None, "effort": effort}
        return result | {"losses": self._losses(patches, remainder, halting)}

    def _halting(self, z: Tensor, last: bool) -> Tensor:
        """h of every token: (B, N, C) -> (B, N); after the last block everybody stops."""
        h = torch.sigmoid(self.rival.gain * z[..., 0] - self.rival.center)
        return torch.ones_like(h) if last else h

    def _weights(self, h: Tensor, done: Tensor) -> tuple[Tensor, Tensor]:
        """What this block's tokens weigh and who goes on, of scores h and their sum ``done`` before: same shapes."""
        goes_on = (done + h < 1 - self.rival.epsilon).to(h.dtype)
        return torch.where(goes_on > 0, h, 1 - done), goes_on

    def _masked(self, z: Tensor):
        keep, done = z.new_ones(z.shape[:2]), z.new_zeros(z.shape[:2])  # B N: not stopped yet; sum of scores so far
        mean, kept, halting, remainder = torch.zeros_like(z), [], [], torch.zeros_like(done)
        for i, block in enumerate(self.blocks):
            kept.append(keep)
            z = masked_block(block, z, keep)
            h = self._halting(z, i + 1 == len(self.blocks))
            halting.append(((h * keep).mean(), keep.mean()))
            weight, goes_on = self._weights(h, done)
            mean = mean + (weight * keep)[..., None] * z
            remainder = remainder + weight * keep * (1 - goes_on)
            done, keep = done + h * keep, keep * goes_on
        return mean, kept, remainder, halting

    def _gathered(self, z: Tensor):
        keep, done = z.new_ones(z.shape[:2]), z.new_zeros(z.shape[:2])
        mean, kept = torch.zeros_like(z), []
        for i, block in enumerate(self.blocks):
            kept.append(keep)
            index = indices(keep)
            if len(index):
                z = gathered_block(block, z, index)
                h = self._halting(z[:, index], i + 1 == len(self.blocks))
                weight, goes_on = self._weights(h, done[:, index])
                mean = mean.index_add(1, index, weight[..., None] * z[:, index])
                done = done.index_add(1, index, h)
                keep = keep.index_copy(1, index, goes_on)
        return mean, kept, None, None

    def _losses(self, patches: Tensor, remainder: Tensor | None, halting: list | None) -> dict[str, Tensor]:
        """Ponder loss, and the divergence of the mean scores from their prior. Of masked batches.

        halting: of every block the mean over patches of the scores of those that have not stopped, and their share;
        both are taken over the batch of all processes. The ponder loss is a mean, whose gradients are averaged anyway.
        """
        if remainder is None:
            return {}
        ponder = (patches.sum(1) + remainder).mean()
        halting = halting[:-1]  # the last block's scores are 1 by definition
        scored, going = over_processes(torch.stack([torch.stack(means) for means in halting])).unbind(1)
        scores = scored / going.clamp(min=1e-12)
        share = scores / scores.sum()
        block = torch.arange(1, len(share) + 1, device=share.device)
        prior = torch.softmax(-0.5 * (block - self.rival.prior_block * len(self.blocks)) ** 2, 0)
        distance = (share * (share.clamp(min=1e-12) / prior).log()).sum()
        return {"ponder": self.rival.ponder_weight * ponder, "prior": self.rival.prior_weight * distance}

"""AdaColViT and its dense relatives, in one network.

Shapes: B images, H x W input pixels, P = 16, N = (H / P)(W / P) patches, T = N + 1 tokens with the policy token (T = N
where the network is dense), C channels, D blocks.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adacolvit.hints.frame import PATCH

from .budget import TABLES, Steering, check_budget, steering, table_shapes
from .config import NORM_EPS, ModelConfig
from .decisions import Decisions, gumbel_sigmoid, threshold
from .layers import SplitAttention, SplitFFN
from .patches import PatchNetwork
from .positions import sine_positions

UNSTEERED = (0.0, (0.0, 0.0))  # what is added to a block's logits where the network takes no budget
OPEN = 3.0  # initial bias of every decision: 95 % are kept when gates are first sampled, so training starts near dense


class Block(nn.Module):
    """Pre-norm transformer block with its decision networks (Eq. 7, 11)."""

    def __init__(self, config: ModelConfig, index: int) -> None:
        """``index``: which block of the network it is."""
        super().__init__()
        widths = config.widths(index)
        self.norm1 = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.attention = SplitAttention(config, *widths)
        self.norm2 = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.ffn = SplitFFN(config, *widths)
        if config.adaptive:
            self.decide_layers = nn.Linear(config.width, 2)  # keep attention, keep FFN; from the policy token
            self.decide_attention = nn.Linear(config.width, 1)  # more informative for attention; from each patch
            self.decide_ffn = nn.Linear(config.width, 1)

    def sublayers(self):
        """Attention, then FFN: (norm, layer, decision network or None)."""
        yield self.norm1, self.attention, getattr(self, "decide_attention", None)
        yield self.norm2, self.ffn, getattr(self, "decide_ffn", None)

    def dense(self, z: Tensor) -> Tensor:
        """Everything kept. z (B, T, C) -> (B, T, C)."""
        for norm, layer, _ in self.sublayers():
            z = z + layer(norm(z))
        return z

    def masked(self, z: Tensor, gate, forced, shift) -> tuple[Tensor, Tensor, Tensor]:
        """Everything computed, what is not kept multiplied by 0. For batches.

        gate: logits -> gates in {0, 1}; forced: layers (B, 2) and patches (B, 2, N) to use instead, None where decided;
        shift: what the budget adds to the logits of the layers (2,) and of their patches (2,).
        Returns z (B, T, C), layers (B, 2), patches (B, 2, N).
        """
        layers = gate(self.decide_layers(z[:, 0]) + shift[0]) if forced[0] is None else forced[0]  # B 2
        patches = []
        for i, (norm, layer, decide) in enumerate(self.sublayers()):
            keep = gate(decide(z[:, 1:]).squeeze(-1) + shift[1][i]) if forced[1] is None else forced[1][:, i]  # B N
            patches.append(keep)
            # On processors a layer that no image keeps is not computed, though in training its gates would have learnt
            # something from the color: with a third of the layers skipped that costs a third of the time again. A GPU
            # would have to be waited for to ask.
            if z.is_cuda or layers[:, i].any():
                z = z + layers[:, i, None, None] * layer(norm(z), F.pad(keep, (1, 0), value=1.0))
        return z, layers, torch.stack(patches, 1)

    def gathered(self, z: Tensor, forced, shift) -> tuple[Tensor, Tensor, Tensor]:
        """Skipped layers and less informative tokens are not computed. One image; arguments as in :meth:`masked`."""
        layers = threshold(self.decide_layers(z[:, 0]) + shift[0]) if forced[0] is None else forced[0]
        patches = z.new_zeros(1, 2, z.shape[1] - 1)
        for i, (norm, layer, decide) in enumerate(self.sublayers()):
            if not layers[0, i]:
                continue
            if forced[1] is None:
                patches[:, i] = threshold(decide(z[:, 1:]).squeeze(-1) + shift[1][i])
            else:
                patches[:, i] = forced[1][:, i]
            index = F.pad(patches[0, i], (1, 0), value=1.0).nonzero().squeeze(-1)  # K
            z = z + layer.gathered(norm(z), index)
        return z, layers, patches


class ColorizationViT(PatchNetwork):
    """Lightness and hints in, color out."""

    added = TABLES  # parts that weights to begin with may lack

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.add_embedding(config.width, config.hint_gain)
        if config.adaptive:
            self.policy_token = nn.Parameter(torch.zeros(1, 1, config.width))
        for name, shape in table_shapes(config).items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))
        self.blocks = nn.ModuleList(Block(config, i) for i in range(config.depth))
        self.add_head(config.width, config.head_kernel, config.head_rank)
        if config.adaptive:
            self.open_gates()
            nn.init.trunc_normal_(self.policy_token, std=0.02)

    def open_gates(self) -> None:
        """Let the decision networks keep everything, of whatever photo."""
        for block in self.blocks:
            for decide in (block.decide_layers, block.decide_attention, block.decide_ffn):
                nn.init.zeros_(decide.weight)
                nn.init.constant_(decide.bias, OPEN)

    @torch.compiler.disable  # positions are NumPy's, and a compiled graph would be made anew for every origin
    def embed(self, x: Tensor, origin=None, policy: Tensor | None = None) -> Tensor:
        """x (B, 4, H, W) -> tokens (B, T, C), policy token first. ``origin``: see :func:`sine_positions`.

        ``policy``: (C,) what the budget adds to the policy token, None for nothing.
        """
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        z = self.embed_patches(x, sine_positions(rows, columns, self.config.width, origin))
        if not self.config.adaptive:
            return z
        first = self.policy_token if policy is None else self.policy_token + policy
        return torch.cat([first.expand(len(x), -1, -1), z], 1)

    @torch.compiler.disable  # else a compiled graph would be made anew for every budget
    def steering(self, budget: float | None) -> Steering | None:
        """What a budget adds, see :mod:`.budget`; None where the network takes none. Raises BudgetError."""
        budget = check_budget(self.config, budget)
        return None if budget is None else steering(self.config, dict(self.named_parameters(recurse=False)), budget)

    def unembed(self, z: Tensor, rows: int, columns: int) -> Tensor:
        """Tokens (B, T, C) -> color (B, 2, H, W) in (-1, 1): a/110, b/110."""
        return self.unembed_patches(z[:, self.config.policy_tokens :], rows, columns)

    def forward(
        self,
        x: Tensor,
        mode: str = "masked",
        *,
        temperature: float = 1.0,
        noise: float = 1.0,
        forced=None,
        origin=None,
        budget: float | None = None,
    ) -> dict:
        """Color a batch.

        x: (B, 4, H, W) as :func:`adacolvit.hints.encoder.encode` makes it; H, W multiples of 16.
        mode: "dense" (everything kept, no decisions taken), "masked" (batches; gates are sampled while training and
            thresholded in eval mode) or "gathered" (really skips; B = 1). A network without decisions is always dense.
        temperature, noise: of the Gumbel-sigmoid.
        forced: :class:`Decisions` to use in place of the network's own, of which either part may be None; or None.
        origin: coordinates of the first token for the positions, None for a centered grid.
        budget: share of the dense network's cost that the batch may take in the mean, None for the network's own; see
            :func:`.budget.check_budget`.
        Returns {"ab": (B, 2, H, W) a/110 and b/110, "decisions": Decisions or None}.
        """
        if mode not in ("dense", "masked", "gathered"):
            raise ValueError(f"mode is {mode!r}: dense, masked or gathered")
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        steer = self.steering(budget)
        z = self.embed(x, origin, steer and steer.policy)
        if mode == "dense" or not self.config.adaptive:
            for block in self.blocks:
                z = block.dense(z)
            return {"ab": self.unembed(z, rows, columns), "decisions": None}

        def gate(logits: Tensor) -> Tensor:
            return gumbel_sigmoid(logits, temperature, noise) if self.training else threshold(logits)

        given = (None, None) if forced is None else (forced.layers, forced.patches)
        layers, patches = [], []
        for i, block in enumerate(self.blocks):
            block_forced = [None if part is None else part[:, i] for part in given]
            shift = (steer.layers[i], steer.patches[i]) if steer else UNSTEERED
            if mode == "masked":
                z, kept_layers, kept_patches = block.masked(z, gate, block_forced, shift)
            else:
                z, kept_layers, kept_patches = block.gathered(z, block_forced, shift)
            layers.append(kept_layers)
            patches.append(kept_patches)
        decisions = Decisions(torch.stack(layers, 1), torch.stack(patches, 1))
        return {"ab": self.unembed(z, rows, columns), "decisions": decisions}

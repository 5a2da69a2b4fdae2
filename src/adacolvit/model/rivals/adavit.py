"""AdaViT: Meng et al., "AdaViT: Adaptive Vision Transformers for Efficient Image Recognition", CVPR 2022
(arXiv 2111.15668), on the colorization ViT.

Every block but the first decides for each image which patches it computes, which heads of its attention, and whether
its attention and its FFN run at all. A patch that a block leaves out passes it unchanged, so no token is lost for the
dense output. Decisions about layers and heads are read from a policy token where the original reads its class token;
patches are decided on normalized tokens. A skipped head contributes nothing ("full deactivation" in the paper).
Thresholds, temperature and losses are those of the published code; so is that attention's mask passes no gradient.

Shapes as in :mod:`adacolvit.model.network`; H heads, T = N + 1 with the policy token, which is always kept.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adacolvit.hints.frame import PATCH
from adacolvit.model.decisions import Decisions, gumbel_sigmoid, over_processes
from adacolvit.model.layers import masked_softmax_attention
from adacolvit.model.network import Block, ColorizationViT
from adacolvit.model.patches import initialize

from .config import AdaViTConfig
from .skipping import indices


def attend_heads(attention, x: Tensor, heads: Tensor) -> Tensor:
    """Attention by some of the heads only, or none. x (1, K, C), heads (h,) -> (1, K, C)."""
    _, tokens, width = x.shape
    if not len(heads):
        return attention.out_base.bias.expand(1, tokens, width)
    weight = attention.qkv_base.weight.view(3, attention.heads, -1, width)[:, heads].flatten(0, 2)
    bias = attention.qkv_base.bias.view(3, attention.heads, -1)[:, heads].flatten()
    q, k, v = F.linear(x, weight, bias).view(1, tokens, 3, len(heads), -1).permute(2, 0, 3, 1, 4)  # 3 of 1 h K d
    heads_out = masked_softmax_attention(q, k, v, None).transpose(1, 2).reshape(1, tokens, -1)
    out = attention.out_base.weight.view(width, attention.heads, -1)[:, heads].flatten(1)
    return F.linear(heads_out, out, attention.out_base.bias)


class AdaViT(ColorizationViT):
    """The network; called as :func:`adacolvit.model.registry.build` says. Its blocks are those of the dense twin."""

    added = ("policy_token", ".decide_")  # what the dense twin has not

    def __init__(self, config: AdaViTConfig) -> None:
        super().__init__(config.backbone)
        self.rival = config
        self.policy_token = nn.Parameter(torch.empty(1, 1, config.width))
        nn.init.trunc_normal_(self.policy_token, std=0.02)
        for block in self.blocks[1:]:
            block.decide_layers = nn.Linear(config.width, 2)
            block.decide_heads = nn.Linear(config.width, config.heads)
            block.decide_patches = nn.Linear(config.width, 1)
            for decide in (block.decide_layers, block.decide_heads, block.decide_patches):
                decide.apply(initialize)

    def forward(self, x: Tensor, mode: str = "masked", *, origin=None, **_) -> dict:
        """As :meth:`ColorizationViT.forward`, with "effort", "heads" (B, D, H) in {0, 1}, and "losses"."""
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        z = torch.cat([self.policy_token.expand(len(x), -1, -1), self.embed(x, origin)], 1)
        if mode == "dense":
            for block in self.blocks:
                z = block.dense(z)
            return {"ab": self.unembed(z[:, 1:], rows, columns), "decisions": None}
        run = self._masked if mode == "masked" else self._gathered
        z_first = self.blocks[0].dense(z)
        z, chosen = z_first, []
        for block in self.blocks[1:]:
            z, choice = run(block, z)
            chosen.append(choice)
        layers, heads, patches = (torch.stack(parts, 1) for parts in zip(*chosen, strict=True))
        everything = (F.pad(v, (0, 0, 1, 0), value=1.0) for v in (layers, heads, patches))  # the first block's
        all_layers, all_heads, all_patches = everything
        return {
            "ab": self.unembed(z[:, 1:], rows, columns),
            "decisions": None,
            "effort": Decisions(all_layers, all_patches[:, :, None].expand(-1, -1, 2, -1)),
            "heads": all_heads,
            "losses": self._losses(layers, heads, patches) if mode == "masked" else {},
        }

    def _decide(self, logits: Tensor, probability: float = 0.5) -> Tensor:
        """Gates in {0, 1} that are 1 above a probability: sampled while training. Any shape."""
        if self.training:
            return gumbel_sigmoid(logits, self.rival.temperature, cut=probability)
        return (torch.sigmoid(logits) > probability).to(logits.dtype)

    def _choose(self, block: Block, z: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Layers (B, 2), heads (B, H), patches (B, N); z: tokens as they come, x: normalized."""
        policy = z[:, 0]
        patches = self._decide(block.decide_patches(x[:, 1:]).squeeze(-1), self.rival.patch_threshold)
        return self._decide(block.decide_layers(policy)), self._decide(block.decide_heads(policy)), patches

    def _masked(self, block: Block, z: Tensor):
        x = block.norm1(z)
        layers, heads, patches = self._choose(block, z, x)
        keep = F.pad(patches, (1, 0), value=1.0)  # B T
        attention = block.attention
        by_head = attention.attend(x, "base", keep.detach()).unflatten(-1, (attention.heads, -1))
        out = attention.out_base((by_head * heads[:, None, :, None]).flatten(2))
        z = z + (layers[:, :1] * keep)[..., None] * out
        return z + (layers[:, 1:] * keep)[..., None] * block.ffn(block.norm2(z)), (layers, heads, patches)

    def _gathered(self, block: Block, z: Tensor):
        x = block.norm1(z)
        layers, heads, patches = self._choose(block, z, x)
        index = indices(F.pad(patches, (1, 0), value=1.0))  # K
        if layers[0, 0]:
            z = z.index_add(1, index, attend_heads(block.attention, x[:, index], indices(heads)))
        if layers[0, 1]:
            z = z.index_add(1, index, block.ffn(block.norm2(z[:, index])))
        return z, (layers, heads, patches)

    def _losses(self, layers: Tensor, heads: Tensor, patches: Tensor) -> dict[str, Tensor]:
        """Usage loss: means of what was chosen, over the batch of all processes, against what is wanted."""
        config = self.rival
        layers, heads, patches = (over_processes(chosen.mean()) for chosen in (layers, heads, patches))
        usage = (heads - config.kept_heads).abs() + (layers - config.layers).abs()
        return {"usage": config.usage_weight * (usage + (patches - config.patches) ** 2)}

"""Exact cost in multiply-accumulates (MACs) of the decisions that were realised. Free of torch.

Counted: every matrix product and convolution, attention's two products included. Not counted: norms, softmax, GELU,
biases, positions. The paper's "FLOPs" are these MACs.
"""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace, device

from .config import PAINTED, ModelConfig, Widths

SUBLAYERS = ("attention", "ffn")  # of a block, in the order in which they run and decisions are stored
ATTENTION, FFN = range(len(SUBLAYERS))


def embedding_macs(config: ModelConfig, tokens: int) -> int:
    """Patch embedding of ``tokens`` patches."""
    return tokens * config.patch_values * config.width


def head_macs(config: ModelConfig, tokens: int) -> int:
    """Output head; a convolution's border is padded, so every token costs the same."""
    depth, rank = config.head_kernel**2 * config.width, config.head_rank
    return tokens * (rank * (depth + PAINTED) if rank else depth * PAINTED)


def _widths(config: ModelConfig, like) -> tuple[Widths, Widths]:
    """Those of all base parts and those of all extra parts, each (D,), as the array or tensor ``like``."""
    xp = array_namespace(like)
    blocks = [config.widths(block) for block in range(config.depth)]
    return tuple(
        Widths(*(xp.asarray(each, device=device(like)) for each in zip(*part, strict=True)))
        for part in zip(*blocks, strict=True)
    )


def attention_macs(config: ModelConfig, tokens: int, kept):
    """Attention of every block, (..., D): of ``tokens`` in all, ``kept`` (..., D) of them more informative.

    Both with the policy token.
    """
    base, extra = (part.keys + part.values for part in _widths(config, kept))
    projections = 2 * config.width * config.heads * (tokens * base + kept * extra)
    products = config.heads * (tokens**2 * base + kept**2 * extra)
    return projections + products


def ffn_macs(config: ModelConfig, tokens: int, kept):
    """The FFN of every block, arguments as in :func:`attention_macs`."""
    base, extra = (part.hidden for part in _widths(config, kept))
    return 2 * config.width * (tokens * base + kept * extra)


def layer_decision_macs(config: ModelConfig) -> int:
    """Deciding which layers run: two logits per block."""
    return 2 * config.width * config.depth if config.adaptive else 0


def patch_decision_macs(config: ModelConfig, patches: int) -> int:
    """Deciding which patches a kept sub-layer computes in full: one logit each."""
    return config.width * patches if config.adaptive else 0


def sublayer_macs(config: ModelConfig, patches: int, kept) -> tuple:
    """MACs of attention and of FFN with its decisions about patches, each where it runs.

    kept: (..., D, 2) more informative patches, policy token not counted; a NumPy array or a tensor.
    Gives two of (..., D).
    """
    tokens, full = patches + config.policy_tokens, kept + config.policy_tokens
    decisions = patch_decision_macs(config, patches)
    return tuple(
        of_one(config, tokens, full[..., kind]) + decisions
        for kind, of_one in ((ATTENTION, attention_macs), (FFN, ffn_macs))
    )


def layer_macs(config: ModelConfig, patches: int, layers, kept) -> np.ndarray:
    """MACs of each sub-layer with its decisions about patches, (D, 2) int64; 0 where it was skipped.

    Arguments as of :func:`cost`.
    """
    each = _by_kept(config, patches)[np.asarray(kept), np.arange(config.depth)[:, None], (ATTENTION, FFN)]
    return each * np.asarray(layers, bool)


@lru_cache(maxsize=8)  # a person's photos share few grids
def _by_kept(config: ModelConfig, patches: int) -> np.ndarray:
    """MACs of attention and of FFN of every block that compute 0, 1, ... patches in full, (patches + 1, D, 2) int64."""
    kept = np.arange(patches + 1)[:, None, None].repeat(config.depth, 1).repeat(2, 2)
    return np.stack(sublayer_macs(config, patches, kept), -1)


def cost(config: ModelConfig, patches: int, layers=None, kept=None) -> int:
    """MACs of one image.

    patches: N, patches of the image (196 at 224 x 224).
    layers: (D, 2) bool, whether attention and FFN of each block ran; None: all.
    kept: (D, 2) int, more informative *patches* in each, policy token not counted; None: all. Of a skipped sub-layer
        it is ignored.
    """
    layers = np.ones((config.depth, 2), bool) if layers is None else np.asarray(layers, bool)
    kept = np.full((config.depth, 2), patches) if kept is None else np.asarray(kept)
    once = embedding_macs(config, patches) + head_macs(config, patches) + layer_decision_macs(config)
    return once + int(layer_macs(config, patches, layers, kept).sum())

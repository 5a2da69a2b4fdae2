"""Exact cost in multiply-accumulates (MACs) of the decisions that were realised. Free of torch.

Counted: every matrix product and convolution, attention's two products included. Not counted: norms, softmax, GELU,
biases, positions. The paper's "FLOPs" are these MACs.
"""

import numpy as np

from adacolvit.hints.frame import PATCH

from .config import OUT_CHANNELS, ModelConfig

ATTENTION, FFN = 0, 1  # index of a sub-layer wherever decisions are stored


def embedding_macs(config: ModelConfig, tokens: int) -> int:
    """Patch embedding of ``tokens`` patches."""
    return tokens * config.patch_values * config.width


def head_macs(config: ModelConfig, tokens: int) -> int:
    """Output head; a convolution's border is padded, so every token costs the same."""
    return tokens * config.head_kernel**2 * config.width * OUT_CHANNELS * PATCH**2


def attention_macs(config: ModelConfig, tokens: int, kept: int) -> int:
    """A kept attention sub-layer: ``tokens`` in all, ``kept`` of them more informative (both with the policy token)."""
    base, extra = config.base_head_width, config.head_width - config.base_head_width
    projections = 4 * config.width * config.heads * (tokens * base + kept * extra)
    products = 2 * config.heads * (tokens**2 * base + kept**2 * extra)
    return projections + products


def ffn_macs(config: ModelConfig, tokens: int, kept: int) -> int:
    """A kept FFN sub-layer, arguments as in :func:`attention_macs`."""
    return 2 * config.width * (tokens * config.base_hidden + kept * (config.hidden - config.base_hidden))


def decision_macs(config: ModelConfig, tokens: int, kept_layers: int) -> int:
    """The decision networks: two layer logits per block, one patch logit per patch of each kept sub-layer."""
    if not config.adaptive:
        return 0
    return config.width * (2 * config.depth + kept_layers * (tokens - 1))


def cost(config: ModelConfig, patches: int, layers=None, kept=None) -> int:
    """MACs of one image.

    patches: N, patches of the image (196 at 224 x 224).
    layers: (D, 2) bool, whether attention and FFN of each block ran; None: all.
    kept: (D, 2) int, more informative *patches* in each, policy token not counted; None: all. Of a skipped sub-layer
        it is ignored.
    """
    layers = np.ones((config.depth, 2), bool) if layers is None else np.asarray(layers, bool)
    kept = np.full((config.depth, 2), patches) if kept is None else np.asarray(kept)
    tokens = patches + config.policy_tokens
    total = (
        embedding_macs(config, patches) + head_macs(config, patches) + decision_macs(config, tokens, int(layers.sum()))
    )
    for block in range(config.depth):
        if layers[block, ATTENTION]:
            total += attention_macs(config, tokens, int(kept[block, ATTENTION]) + config.policy_tokens)
        if layers[block, FFN]:
            total += ffn_macs(config, tokens, int(kept[block, FFN]) + config.policy_tokens)
    return total

"""What DynamicViT and A-ViT share: blocks of the dense colorization ViT on some of its tokens.

Both forms compute the same function: tokens that are left out keep what they hold, and nobody attends to them.
"""

from torch import Tensor

from adacolvit.model.network import Block


def masked_block(block: Block, z: Tensor, keep: Tensor) -> Tensor:
    """Everything computed, what is left out multiplied by 0. z (B, N, C), keep (B, N) in {0, 1} -> (B, N, C).

    An image that keeps nothing gets its tokens back.
    """
    attention = block.attention
    keys = keep + (keep.sum(1, keepdim=True) == 0)  # without any key there would be nothing to divide by
    z = z + keep[..., None] * attention.out_base(attention.attend(block.norm1(z), "base", keys))
    return z + keep[..., None] * block.ffn(block.norm2(z))


def gathered_block(block: Block, z: Tensor, index: Tensor) -> Tensor:
    """Only the kept tokens computed. z (1, N, C), index (K,) -> (1, N, C)."""
    return z.index_copy(1, index, block.dense(z[:, index]))


def indices(keep: Tensor) -> Tensor:
    """Which tokens of one image are kept: (1, N) -> (K,)."""
    return keep[0].nonzero().squeeze(-1)

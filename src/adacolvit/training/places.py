"""Layers by their place in a network: ``4.ffn`` is the FFN of its fifth block."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import NamedTuple

from torch import nn

from adacolvit.model.cost import SUBLAYERS
from adacolvit.model.network import ColorizationViT


class Place(NamedTuple):
    """A layer: its block, and 0 for attention or 1 for the FFN. An index of whatever is (D, 2)."""

    block: int
    kind: int

    def __str__(self) -> str:
        return f"{self.block}.{SUBLAYERS[self.kind]}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """That of a name, as an argument of a command. Raises ArgumentTypeError."""
        block, _, kind = text.partition(".")
        if not block.isdecimal() or kind not in SUBLAYERS:
            raise ArgumentTypeError(f"{text!r} is no layer: write 4.ffn or 0.attention")
        return cls(int(block), SUBLAYERS.index(kind))

    def of(self, network: ColorizationViT) -> tuple[nn.Module, nn.Module, nn.Linear]:
        """Its norm, the layer itself, and the decision about its patches."""
        return tuple(network.blocks[self.block].sublayers())[self.kind]


def places(network: ColorizationViT) -> Iterator[Place]:
    """All layers, in the order in which they run."""
    return (Place(block, kind) for block in range(network.config.depth) for kind in range(len(SUBLAYERS)))


def clear(network: ColorizationViT, place: Place, *, base: bool, extra: bool) -> None:
    """Let parts of a layer begin from last matrices of zero, so that running them changes nothing at first."""
    _, layer, _ = place.of(network)
    for last, clears in ((layer.out_base, base), (layer.out_extra, extra)):
        if clears and last is not None:
            for values in last.parameters():
                values.zero_()

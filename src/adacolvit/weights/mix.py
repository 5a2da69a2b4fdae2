"""Add to a network what training brought another of its kind: ``python -m adacolvit.weights.mix BASE --toward FILE``.

Of every tensor, ``base + share (toward - start)``. With ``start`` the weights that both were trained from, that is what
the other has learnt since (Ilharco et al., "Editing models with task arithmetic", ICLR 2023). Without it, ``start`` is
``base``, and the result lies between the two (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).

The base may be a deeper network that grew from the kind of the others: what a block has learnt is added to the block
that grew from it, which is the first of its copies (:func:`adacolvit.training.grow.deepen`).

Networks whose heads have few pictures are to have been trained from the same: others mean something else by each.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from adacolvit.errors import WeightsError

from .store import Weights, load_weights, write_weights


def mix(base: Weights, toward: Weights, start: Weights | None = None, share: float = 0.5) -> dict[str, np.ndarray]:
    """The tensors, float32, of a network with the config of ``base``.

    What ``base`` alone has, as tables of budgets and blocks that have grown, stays. Raises WeightsError where the
    others have tensors that it has not, or of other shapes.
    """
    mixed, end, begin = dict(base.tensors), _placed(base, toward), _placed(base, start or base)
    for name in end.keys() & begin.keys():
        mixed[name] = mixed[name] + np.float32(share) * (end[name] - begin[name])
    return mixed


def _placed(base: Weights, other: Weights) -> dict[str, np.ndarray]:
    """The tensors of ``other`` by the names of what they belong to in ``base``: block i in block i x (depth / its)."""
    deep, shallow = base.config.depth, other.config.depth
    if deep % shallow:
        raise WeightsError(f"{base.name} has not grown from {other.name}: {deep} blocks, {shallow}")
    placed = {}
    for name, tensor in other.tensors.items():
        place = re.sub(r"^blocks\.(\d+)", lambda found: f"blocks.{int(found[1]) * (deep // shallow)}", name)
        if place not in base.tensors or base.tensors[place].shape != tensor.shape:
            raise WeightsError(f"{other.name} is another network than {base.name}: {name} does not fit")
        placed[place] = tensor
    return placed


def main(argv=None) -> None:
    """Command line of :func:`mix`."""
    parser = argparse.ArgumentParser(prog="python -m adacolvit.weights.mix", description=__doc__)
    parser.add_argument("base", help="a model's name or .safetensors file; the result has its config")
    parser.add_argument("--toward", required=True, help="another of the same network, or of the one that it grew from")
    parser.add_argument("--start", help="weights that both were trained from (BASE)")
    parser.add_argument("--share", type=float, default=0.5, help="of the difference (0.5)")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write, float16")
    args = parser.parse_args(argv)
    base = load_weights(args.base)
    start = load_weights(args.start) if args.start else None
    write_weights(args.out, base.config, mix(base, load_weights(args.toward), start, args.share))
    print(args.out)


if __name__ == "__main__":
    main()

"""A larger network begins with a smaller one.

A deeper one: each block is followed by copies of it whose last matrices are zero, so that the deeper network computes
what the shallower one does, and learns what they are to become. Of the new layers those run whose last matrices the
loss pulls at hardest for what they cost: the gradient's norm says how fast a new part can lower the loss at first
(Evci, van Merrienboer, Unterthiner, Vladymyrov and Pedregosa, "GradMax: Growing Neural Networks using Gradient
Information", ICLR 2022). Layers that ran go on as they decide.

A wider one: each channel, each head and each hidden unit becomes several alike, and whatever reads them divides its
weight among them, so that the sum stays (Chen, Goodfellow and Shlens, "Net2Net: Accelerating Learning via Knowledge
Transfer", ICLR 2016). It is divided at random, weight by weight, or they would all learn the same for ever.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from adacolvit.errors import RecipeError
from adacolvit.model.cost import sublayer_macs
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT

from .data import Batch
from .gates import set_layers
from .loss import color_loss

_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")
_POLICY = ("policy_token", "budget_policy")  # whose channels are their last axis
_ENDS = re.compile(r"^(head|pictures)\.|\.decide_|^budget_(layers|patches)$")  # whose outputs are not channels
_OUT_OF_HEADS = re.compile(r"\.attention\.out_\w+\.weight$")
_READS = re.compile(r"(qkv|in|out|decide)_\w+\.weight$|^head\.weight$")  # weights on channels or hidden units
_LAST = re.compile(r"(attention|ffn)\.out_")  # the last matrices of a sub-layer, and the bias of the base part


def _depth(values: Mapping[str, Tensor]) -> int:
    """How many blocks the parameters are of."""
    return 1 + max((int(found[1]) for found in map(_BLOCK.fullmatch, values) if found), default=-1)


def deepen(values: Mapping[str, Tensor], depth: int) -> dict[str, Tensor]:
    """Parameters of a network of ``depth`` blocks that computes what the one with the parameters ``values`` does.

    Block i becomes block i x (depth / its depth), its copies those up to the next. Raises RecipeError where the depths
    do not divide.
    """
    inside = {name: _BLOCK.fullmatch(name) for name in values}
    shallow = _depth(values)
    if not shallow or depth % shallow or depth == shallow:
        raise RecipeError(f"a network of {depth} blocks cannot grow from one of {shallow}: give a multiple of them")
    grown = {}
    for name, value in values.items():
        found = inside[name]
        if not found:
            grown[name] = value
            continue
        first, part = int(found[1]) * (depth // shallow), found[2]
        grown[f"blocks.{first}.{part}"] = value
        for copy in range(first + 1, first + depth // shallow):
            grown[f"blocks.{copy}.{part}"] = torch.zeros_like(value) if _LAST.match(part) else value.clone()
    return grown


def _divided(weight: Tensor, times: int) -> Tensor:
    """A weight on what ``times`` alike now stand for, side by side on its second axis: shares drawn at random."""
    shares = torch.distributions.Dirichlet(torch.ones(times)).sample(weight.shape).movedim(-1, 2)
    return (weight.unsqueeze(2) * shares).flatten(1, 2)


def widen(values: Mapping[str, Tensor], width: int, head_width: int) -> dict[str, Tensor]:
    """Parameters of a network of ``width`` channels that computes what the one with the parameters ``values`` does.

    Up to positions: a channel and those made of it have neighboring wavelengths, not one. ``head_width``: channels of
    a head in either network. Raises RecipeError where the widths do not divide.
    """
    narrow = len(values["patch_embed.bias"])
    if width % narrow or width == narrow:
        raise RecipeError(f"a network of width {width} cannot grow from one of {narrow}: give a multiple of it")
    times, heads = width // narrow, narrow // head_width
    grown = {}
    for name, value in values.items():
        if ".qkv_" in name:
            value = value.unflatten(0, (3, heads, -1)).repeat_interleave(times, 1).flatten(0, 2)
        elif not _ENDS.search(name):
            value = value.repeat_interleave(times, -1 if name in _POLICY else 0)
        if _OUT_OF_HEADS.search(name):
            value = _divided(value.unflatten(1, (heads, -1)), times).flatten(1)
        elif _READS.search(name):
            value = _divided(value, times)
        grown[name] = value
    return grown


def pulls(network: ColorizationViT, batch: Batch) -> Tensor:
    """How hard the loss pulls at each sub-layer's last matrices: (D, 2) squared norm of the gradient.

    All layers run, and compute the patches that they decide on.
    """
    config, images = network.config, len(batch.x)
    decided = Decisions(torch.ones(images, config.depth, 2), None)
    color_loss(network(batch.x, "masked", forced=decided)["ab"], batch.target).backward()
    pulled = torch.tensor(
        [
            [sum(p.grad.square().sum().item() for name, p in layer.named_parameters() if name.startswith("out_"))
             for _, layer, _ in block.sublayers()]
            for block in network.blocks
        ]
    )  # fmt: skip
    network.zero_grad()
    return pulled


def grow(network: ColorizationViT, values: Mapping[str, Tensor], batch: Batch, layers: float) -> None:
    """Begin with the parameters of a smaller network; ``layers``: wanted mean of the layer decisions (beta_2).

    Raises RecipeError where the other network is no smaller form of this one.
    """
    width, depth = network.config.width, network.config.depth
    try:
        if len(values["patch_embed.bias"]) != width:
            values = widen(values, width, network.config.head_width)
        network.load_state_dict(values if _depth(values) == depth else deepen(values, depth))
    except RuntimeError as error:
        raise RecipeError(f"the weights to grow from are of another network than the recipe's: {error}") from error
    network.eval()
    new = torch.tensor([not block.attention.out_base.weight.any() for block in network.blocks])
    if not new.any():
        return
    with torch.no_grad():
        decisions = network(batch.x, "masked")["decisions"]
    run = decisions.layers.mean(0)
    run[new] = 0
    kept = decisions.patches.sum(-1).mean(0).round()
    cost = torch.stack(sublayer_macs(network.config, decisions.patches.shape[-1], kept), -1)
    worth = torch.where(new[:, None], pulls(network, batch) / cost, -1.0).flatten()
    opened = worth.argsort(descending=True)[: max(0, round(layers * 2 * depth - run.sum().item()))]
    opens = torch.zeros(2 * depth).index_fill(0, opened, 1).view(depth, 2)
    for index in new.nonzero().flatten().tolist():
        set_layers(network.blocks[index], opens[index])

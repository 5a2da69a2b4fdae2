"""Spend a network's cost otherwise, before it is trained on: ``python -m adacolvit.training.thrift MODEL --data TAR``.

By itself it shows what the extra part of every layer is worth: by how much the network alone misses it, and whether it
matters which patches get it. Layers are named ``4.ffn`` and ``0.attention``. With --out it writes weights in which

* --fold LAYERS: no patch gets the extra part of these layers any more. What it did for those that had it, the last
  matrix of the base part does from then on, as well as least squares can, at no cost.
* --route LAYER=SHARE ...: so many patches get it, by decisions set anew: those to which it adds most, as a ridge
  regression tells from their tokens.
* --again LAYERS: these run for every photo. Where no photo had one, its last matrices begin at zero: it changes nothing
  until it has learnt something (``fresh`` of a recipe's optimizer lets it learn faster than the others).
* --head RANK: the colors of a patch are a sum of so many pictures, the principal components of what the head gives for
  patches of photos. Colors change little within a patch, so few are enough, and the head says only how much of each.

These are done from the first layer to the last, each on what the ones before it have become; the head is last.
"""

import argparse
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import Photos, Truth, lay, load
from adacolvit.evaluation.protocol import join
from adacolvit.evaluation.torch_network import TorchNetwork
from adacolvit.hints.encoder import decode_ab, encode_one
from adacolvit.hints.frame import PATCH
from adacolvit.model.config import PAINTED, ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions, threshold
from adacolvit.model.network import ColorizationViT
from adacolvit.weights import load_weights, write_weights

from .checkpoint import with_whole_head
from .gates import FIRM, predict_gain, regress
from .places import Place, clear, places

HINTS = 10  # of every photo
BATCH = 8  # photos
CLOSED = -6.0  # logit of a patch that never gets the extra part
FAINT = 1e-3  # squared length, below which an addition to a token (of 192 channels of some hundreds) is nothing


@dataclass(frozen=True)
class Seen:
    """Photos as the network gets them, and the true ones."""

    x: Tensor  # (B, 4, 224, 224)
    truths: Sequence[Truth]


@dataclass(frozen=True, eq=False)
class Score:
    """How a network did: PSNR in dB and GMACs of every photo, (M,) both, and what it decided, batch by batch."""

    psnr: np.ndarray
    gmacs: np.ndarray
    decided: Sequence[Decisions]

    def layers(self) -> Tensor:
        """(D, 2) for how many of the photos each layer ran."""
        return torch.cat([each.layers for each in self.decided]).mean(0)

    def patches(self) -> Tensor:
        """(D, 2) how many of the patches each layer gives its extra part, whether it runs or not."""
        return torch.cat([each.patches for each in self.decided]).mean((0, 3))


def read_photos(data, limit: int, counts: Sequence[int] = (HINTS,)) -> list[Seen]:
    """Evenly chosen photos, stretched to 224 x 224, in turn with each of the ``counts`` of hints."""
    photos = Photos(data, limit)
    hints, seen = draw(photos.read(photos.keys)), []
    for i, source in enumerate(track(photos.read(photos.keys), "reading", len(photos), transient=True)):
        truth = lay(load(source), "square")
        ab = truth.lab[..., 1:]
        lightness = np.ascontiguousarray(truth.lab[..., 0])
        seen.append((encode_one(lightness, *hints.hints(source.key, counts[i % len(counts)], truth.frame, ab)), truth))
    return [
        Seen(torch.from_numpy(np.stack([x for x, _ in part])), [truth for _, truth in part])
        for part in (seen[i : i + BATCH] for i in range(0, len(seen), BATCH))
    ]


@torch.no_grad()
def score(network: ColorizationViT, photos: Sequence[Seen], forced: Sequence[Decisions] = ()) -> Score:
    """How a network does alone. forced: decisions of every batch, in place of the network's own."""
    found, spent, decided = [], [], []
    for part, wanted in zip_longest(photos, forced):
        result = network(part.x, "masked", forced=wanted)
        decisions: Decisions = result["decisions"]
        for color, truth in zip(result["ab"].numpy(), part.truths, strict=True):
            found.append(psnr(lab_to_srgb(join(truth, decode_ab(color.transpose(1, 2, 0)))), truth.rgb))
        for ran, kept in zip(decisions.layers.numpy() > 0, decisions.kept_patches().numpy(), strict=True):
            spent.append(cost(network.config, decisions.patches.shape[-1], ran, kept) / 1e9)
        decided.append(decisions)
    return Score(np.array(found), np.array(spent), decided)


@torch.no_grad()
def added(network: ColorizationViT, place: Place, photos: Sequence[Seen]) -> tuple[Tensor, Tensor, Tensor]:
    """What the extra part of a layer adds to the patches that get it, in network order.

    Returns the tokens that the decision sees (M, C), what the base part's last matrix sees (M, d), and what is added
    (M, C), zero where a patch does not get it.
    """
    norm, layer, decide = place.of(network)
    found = []

    def look(_, arguments, x: Tensor) -> None:
        z = arguments[0]
        keep = threshold(decide(z[:, 1:]).squeeze(-1))
        parts = z, layer.narrow(x), layer.extra(x, F.pad(keep, (1, 0), value=1.0))
        found.append([part[:, 1:].flatten(0, 1) for part in parts])

    hook = norm.register_forward_hook(look)
    for part in photos:
        network(part.x, "masked")
    hook.remove()
    return tuple(torch.cat(parts) for parts in zip(*found, strict=True))


def decide_all(decide: nn.Linear, logit: float) -> None:
    """Decide alike for all patches; by ``CLOSED`` none of them gets the extra part."""
    decide.weight.zero_()
    decide.bias.fill_(logit)


@torch.no_grad()
def fold(network: ColorizationViT, place: Place, photos: Sequence[Seen]) -> None:
    """Let no patch get a layer's extra part, and its base part do what that did: ridge regression, W h + b = added.

    The policy token gets all extra parts for ever: this one adds nothing to it any more, since the base part does.
    """
    _, layer, decide = place.of(network)
    _, base, extra = added(network, place, photos)
    w = regress(base, extra)
    layer.out_base.weight += w.T.float()
    layer.out_base.bias += (extra.double().mean(0) - base.double().mean(0) @ w).float()
    layer.out_extra.weight.zero_()
    decide_all(decide, CLOSED)


@torch.no_grad()
def route(network: ColorizationViT, place: Place, share: float, photos: Sequence[Seen]) -> None:
    """Let ``share`` of the patches get a layer's extra part: those to whose tokens it adds most."""
    *_, decide = place.of(network)
    z, _, extra = added(network, place, photos)
    weight, bias = predict_gain(z, (extra.square().sum(-1) + FAINT).log(), share)
    decide.weight.copy_(weight[None])
    decide.bias.copy_(bias[None])


@torch.no_grad()
def run_again(network: ColorizationViT, place: Place, ran: bool) -> None:
    """Let a layer run for every photo; from last matrices of zero, and for no patch in full, where it never ``ran``."""
    *_, decide = place.of(network)
    gate = network.blocks[place.block].decide_layers
    gate.weight[place.kind] = 0
    gate.bias[place.kind] = FIRM
    if ran:
        return
    clear(network, place, base=True, extra=True)
    decide_all(decide, CLOSED)


def with_rank(config: ModelConfig, rank: int, patches: int) -> ModelConfig:
    """The config with a head of ``rank`` pictures, for photos of so many patches.

    Budgets are shares of what the dense network costs, and that costs less with such a head: the same decisions belong
    to other shares. The least one is in whole percents, where a slider begins, and the usual one keeps its place among
    the knots.
    """
    cheaper = replace(config, head_rank=rank)
    if not config.budget_knots:
        return cheaper
    before, after = cost(config, patches), cost(cheaper, patches)
    least = round((before * config.least_budget - (before - after)) / after, 2)
    usual = 1 - (1 - config.budget) * (1 - least) / (1 - config.least_budget)
    return replace(cheaper, least_budget=least, budget=usual)


@torch.no_grad()
def with_pictures(network: ColorizationViT, rank: int, photos: Sequence[Seen]) -> ColorizationViT:
    """The network with a head of ``rank`` pictures, which computes the same as nearly as so many can.

    With y = W x + b what the head gives for a patch, m its mean and U the first principal components, it is
    U U^T (y - m) + m = U (U^T W x) + U U^T (b - m) + m.
    """
    seen = []
    hook = (network.pictures if network.config.head_rank else network.head).register_forward_hook(
        lambda _, __, y: seen.append(y.movedim(1, -1).flatten(0, -2).double())
    )
    for part in photos:
        network(part.x, "masked")
    hook.remove()
    values = with_whole_head(network.state_dict())
    y, weight, bias = torch.cat(seen), values.pop("head.weight").double(), values.pop("head.bias").double()
    mean = y.mean(0)
    pictures = torch.linalg.eigh(y.T.cov()).eigenvectors[:, -rank:].flip(1)  # the strongest first
    values |= {
        "head.weight": (pictures.T @ weight.flatten(1)).unflatten(1, weight.shape[1:]),
        "pictures.weight": pictures[..., None, None],
        "pictures.bias": pictures @ (pictures.T @ (bias - mean)) + mean,
    }
    config = with_rank(network.config, rank, photos[0].x[0, 0].numel() // PATCH**2)
    painting = ColorizationViT(config).eval().requires_grad_(False)
    painting.load_state_dict(values)
    return painting


def worth(network: ColorizationViT, photos: Sequence[Seen], now: Score) -> Iterator[tuple[Place, float, str, Score]]:
    """What extra parts are worth to a network, which does as ``now``.

    Gives every layer that runs, the share of its patches, what is changed about them, and how the network then does.
    """
    rng, layers, patches = torch.Generator().manual_seed(0), now.layers(), now.patches()
    ways = {
        "none gets it": torch.zeros_like,
        "all get it": torch.ones_like,
        "others get it": lambda kept: kept[:, torch.randperm(kept.shape[1], generator=rng)],
    }
    for place in places(network):
        share = patches[place].item()
        if layers[place] < 0.5 or place.of(network)[1].out_extra is None:
            continue
        for name, changed in ways.items():
            if (share == 0 and name != "all get it") or (share == 1 and name != "none gets it"):
                continue
            forced = [Decisions(each.layers, each.patches.clone()) for each in now.decided]
            for each in forced:
                each.patches[:, *place] = changed(each.patches[:, *place])
            yield place, share, name, score(network, photos, forced)


def difference(now: Score, before: Score) -> tuple[str, str]:
    """PSNR in dB with the standard error, and GMACs, paired by photo."""
    better = now.psnr - before.psnr
    error = better.std() / max(len(better) - 1, 1) ** 0.5
    return f"{better.mean():+.3f} ± {error:.3f}", f"{now.gmacs.mean() - before.gmacs.mean():+.4f}"


def change(
    network: ColorizationViT,
    photos: Sequence[Seen],
    before: Score,
    folds: Collection[Place] = (),
    routes: Mapping[Place, float] | None = None,
    again: Collection[Place] = (),
) -> Iterator[tuple[Place, str, Score]]:
    """Fold the extra parts of layers, route others to shares of the patches, let layers run again.

    before: how the network does. Gives each layer, what was done to it, and how the network then does.
    """
    routes = routes or {}
    for place in places(network):
        done = []
        if place in again:
            done.append("runs again")
            run_again(network, place, bool(before.layers()[place]))
        if place in folds:
            done.append("folded")
            fold(network, place, photos)
        if place in routes:
            done.append(f"{routes[place]:.2f} of the patches")
            route(network, place, routes[place], photos)
        if done:
            yield place, ", ".join(done), score(network, photos)


def share_of(text: str) -> tuple[Place, float]:
    """A layer and a share of the patches, of ``4.ffn=0.6``. Raises ArgumentTypeError."""
    name, _, share = text.partition("=")
    try:
        kept = float(share)
    except ValueError:
        kept = math.nan
    if not 0 < kept < 1:
        raise argparse.ArgumentTypeError(f"{text!r} names no share of the patches: write 4.ffn=0.6")
    return Place.read(name), kept


def main(argv=None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m adacolvit.training.thrift",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="an AdaColViT's name or .safetensors file")
    parser.add_argument("--data", required=True, help="photos to measure on: tar shard or folder")
    parser.add_argument("--limit", type=int, default=192, help="how many of them, evenly chosen (192)")
    layer = {"nargs": "+", "default": [], "metavar": "LAYER", "type": Place.read}
    parser.add_argument("--fold", **layer, help="whose extra part no patch gets any more")
    parser.add_argument(
        "--route", **layer | {"metavar": "LAYER=SHARE", "type": share_of}, help="whose extra part some get"
    )
    parser.add_argument("--again", **layer, help="that run for every photo")
    parser.add_argument("--head", type=int, metavar="RANK", help="pictures, 64 for example")
    parser.add_argument("--out", type=Path, help="the .safetensors file to write, float16")
    args = parser.parse_args(argv)
    wanted = {"folds": set(args.fold), "routes": dict(args.route), "again": set(args.again)}
    named = set().union(*wanted.values())
    weights = load_weights(args.model)
    if not isinstance(weights.config, ModelConfig) or not weights.config.adaptive:
        parser.error(f"{weights.name} is no AdaColViT: it has no extra parts")
    if named and weights.config.budget_knots:
        parser.error(f"{weights.name} takes budgets, which share their base parts: what one of them folds, all get")
    network = TorchNetwork.of_weights(weights).network
    if args.head is not None and not 0 < args.head < PAINTED:
        parser.error(f"--head {args.head}: give a number of pictures from 1 to {PAINTED - 1}")
    if both := wanted["folds"] & wanted["routes"].keys():
        parser.error(f"--fold and --route both have {', '.join(map(str, both))}: choose one")
    if beyond := named - set(places(network)):
        parser.error(f"{weights.name} has no layer {', '.join(map(str, beyond))}")
    given = wanted["folds"] | wanted["routes"].keys()
    if absent := {place for place in given if place.of(network)[1].out_extra is None}:
        parser.error(f"{', '.join(map(str, absent))} of {weights.name} has no extra part: there is nothing to give")
    if bool(named or args.head) != bool(args.out):
        parser.error("--fold, --route, --again and --head go with --out, the file to write")

    console = Console()
    photos = read_photos(args.data, args.limit)
    before = score(network, photos)
    console.print(f"{weights.name} alone, {HINTS} hints: {before.psnr.mean():.2f} dB, {before.gmacs.mean():.4f} GMACs")
    if idle := {place for place in named - wanted["again"] if not before.layers()[place]}:
        parser.error(f"{', '.join(map(str, idle))} ran for no photo: name it in --again, too")
    if not args.out:
        table = Table("layer", "of the patches", "", "PSNR, dB", "GMACs", title="what extra parts are worth")
        for place, share, way, now in track(worth(network, photos, before), "measuring", transient=True):
            table.add_row(str(place), f"{share:.2f}", way, *difference(now, before))
        console.print(table)
        return
    table = Table("layer", "", "PSNR, dB", "GMACs", title="against what the network was")
    for place, done, now in track(change(network, photos, before, **wanted), "changing", len(named), transient=True):
        table.add_row(str(place), done, *difference(now, before))
    if args.head:
        network = with_pictures(network, args.head, photos)
        now = score(network, photos)
        table.add_row("head", f"{args.head} pictures", *difference(now, before))
    console.print(table)
    write_weights(args.out, network.config, {name: value.numpy() for name, value in network.state_dict().items()})
    layers, patches = now.layers(), now.patches()
    kept = (layers * patches).sum() / layers.sum()
    console.print(f"{now.gmacs.mean():.4f} GMACs: layers = {layers.mean():.4f}, patches = {kept:.4f}")
    console.print(str(args.out))


if __name__ == "__main__":
    main()

"""Leave out of a trained network what its layers hardly use: ``python -m adacolvit.training.slim MODEL --data TAR``.

Layer by layer, from the first to the last, each on what the ones before it have become, with photos passing through:

* Queries and keys of a head meet only in their products. With C_q their second moments and C_k the keys' covariance,
  the products that r channels give best are those along the first r singular vectors of C_q^1/2 C_k^1/2.
* What a head's values add to the tokens, W_o v, lies for the most part along a few principal components, U:
  W_o v = U (U^T W_o W_v x) for those.
* Hidden units of an FFN go one by one, each time the one that the others replace best, their last matrix W adapted
  (Hassibi and Stork, "Optimal Brain Surgeon", NIPS 1992): unit j costs |w_j|^2 / [G^-1]_jj, G the units' moments.

Each gets the fewest channels, in steps of ``STEPS``, with which what the layer adds differs from what it added by no
more than a share of the tokens' variance (--tolerance). Layers that ran for no photo keep one channel and never run.
Nothing is trained.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from adacolvit.evaluation.command import COUNTS
from adacolvit.evaluation.torch_network import TorchNetwork
from adacolvit.model.config import ModelConfig, Widths
from adacolvit.model.decisions import threshold
from adacolvit.model.layers import SplitAttention, SplitFFN, SplitLayer, masked_softmax_attention
from adacolvit.model.network import Block, ColorizationViT
from adacolvit.weights import load_weights, write_weights

from .gates import FIRM
from .thrift import CLOSED, Seen, decide_all, difference, read_photos, score

STEPS = Widths(keys=4, values=8, hidden=16)
WHOLE = 0.95  # share of the patches from which on an extra part is one with the base part, and all get it
POLICY = 0.1  # what a change of the policy token, on which decisions rest, counts beside that of all patches
PRIOR = 3e-3  # of the mean variance, which every direction has at least
FEW = 96  # photos on which changes are measured
CHUNK = 32  # photos that a layer computes at once
RIDGE = 1e-9  # of the greatest variance, below which a direction counts as none


@dataclass(frozen=True)
class Heard:
    """What a layer gets: tokens (B, T, C), normalized, which of them are more informative (B, T), and what of the
    variance of the tokens, summed over channels, it may change."""

    x: Tensor
    keep: Tensor
    bound: float

    def few(self) -> "Heard":
        """Of some of the photos, evenly chosen: enough to tell a mean."""
        step = -(-len(self.x) // FEW)
        return Heard(self.x[::step], self.keep[::step], self.bound)


def _moments(parts: Iterable[Tensor], mean: Tensor | float = 0.0) -> Tensor:
    """Second moments (n, n) about a mean of rows (., n) that come in parts, float64."""
    total, count = 0.0, 0
    for part in parts:
        part = part.double() - mean
        total, count = total + part.T @ part, count + len(part)
    return total / count


def _spread(moments: Tensor) -> Tensor:
    """Moments with some in every direction, for what these photos happen not to show."""
    return moments + PRIOR * moments.diagonal().mean() * torch.eye(len(moments)).double()


def _roots(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Square root of a symmetric matrix, and the root's inverse."""
    values, vectors = torch.linalg.eigh(moments)
    values = values.clamp(min=RIDGE * values.max())
    return (vectors * values.sqrt()) @ vectors.T, (vectors / values.sqrt()) @ vectors.T


def _least(widths: Sequence[int], changed, bound: float) -> int:
    """The first of some widths, ascending, by which no more than the bound is ``changed``; else the last."""
    return next((width for width in widths[:-1] if changed(width) <= bound), widths[-1])


def _grid(most: int, step: int) -> list[int]:
    """Widths to choose from."""
    return [*range(step, most, step), most]


def _by_head(weight: Tensor, bias: Tensor, heads: int, keys: int) -> list[Tensor]:
    """Weights and biases of queries, keys (H, keys, C + 1) and values (H, values, C + 1), copied."""
    joined = torch.cat([weight, bias[:, None]], 1)
    parts = joined.split([heads * keys, heads * keys, len(joined) - 2 * heads * keys])
    return [part.unflatten(0, (heads, -1)).clone() for part in parts]


@torch.no_grad()
def slim_heads(layer: SplitAttention, part: str, heard: Heard) -> None:
    """Turn the channels of all heads of a part ("base", "extra") so that the first matter most, and clear the others.

    The bias of the layer takes over what cleared values of the base part added in the mean.
    """
    qkv, out = getattr(layer, f"qkv_{part}"), getattr(layer, f"out_{part}")
    heads, values = layer.heads, out.in_features // layer.heads
    keys = (qkv.out_features // heads - values) // 2
    wq, wk, wv = _by_head(qkv.weight.double(), qkv.bias.double(), heads, keys)  # H d C + 1
    wo = out.weight.double().unflatten(1, (heads, -1)).movedim(1, 0).clone()  # H C d
    tokens = heard.x[heard.keep > 0] if part == "extra" else heard.x.flatten(0, 1)
    # Of the tokens, and of them with a 1 behind for the bias.
    center = tokens.double().mean(0)
    covariance = F.pad(_spread(_moments(tokens.split(9999), center)), (0, 1, 0, 1))
    ones = F.pad(center, (0, 1), value=1.0)
    moments = covariance + torch.outer(ones, ones)
    heard = heard.few()
    keep = heard.keep if part == "extra" else None
    mixed = layer.attend(heard.x, part, keep)
    mixed = mixed[keep > 0] if part == "extra" else mixed.flatten(0, 1)
    mixed = mixed.unflatten(-1, (heads, -1)).movedim(1, 0).double()  # H M d
    for h in range(heads):
        (root_q, back_q), (root_k, back_k) = _roots(wq[h] @ moments @ wq[h].T), _roots(wk[h] @ covariance @ wk[h].T)
        u, s, v = torch.linalg.svd(root_q @ root_k)
        wq[h], wk[h] = s.sqrt()[:, None] * (u.T @ back_q @ wq[h]), s.sqrt()[:, None] * (v @ back_k @ wk[h])
        turn = torch.linalg.eigh(wo[h] @ _spread(mixed[h].T.cov()) @ wo[h].T).eigenvectors[:, -values:].flip(1)  # C d
        size = (wo[h].norm() / turn.norm()).clamp(min=RIDGE)  # of both matrices as before
        wo[h], wv[h], mixed[h] = turn * size, turn.T @ wo[h] @ wv[h] / size, mixed[h] @ (turn.T @ wo[h]).T / size
    added = _added(wq, wk, wv, wo, heard.x, keep, keys)

    def changed(k: int, v: int) -> float:
        change = _added(wq[:, :k], wk[:, :k], wv[:, :v], wo[..., :v], heard.x, keep, keys) - added
        if keep is None:  # the bias makes up for what is added to all
            change -= change[:, 1:].mean((0, 1))
        return (POLICY * change[:, 0].square().mean(0) + change[:, 1:].square().mean((0, 1))).sum().item()

    k = _least(_grid(keys, STEPS.keys), lambda k: changed(k, values), heard.bound / 2)
    v = _least(_grid(values, STEPS.values), lambda v: changed(k, v), heard.bound)
    lost = torch.einsum("hcd,hd->c", wo[..., v:], mixed.mean(1)[:, v:])
    for weight, stay in ((wq, k), (wk, k), (wv, v)):
        weight[:, stay:] = 0
    wo[..., v:] = 0
    joined = torch.cat([weight.flatten(0, 1) for weight in (wq, wk, wv)])
    qkv.weight.copy_(joined[:, :-1])
    qkv.bias.copy_(joined[:, -1])
    out.weight.copy_(wo.movedim(0, 1).flatten(1))
    if keep is None:
        out.bias += lost.float()


def _added(wq, wk, wv, wo, x: Tensor, keep: Tensor | None, keys: int) -> Tensor:
    """What heads add to tokens x (B, T, C); ``keys``: by whose number of channels scores are divided."""
    x = F.pad(x, (0, 1), value=1.0)
    q, k, v = (torch.einsum("btc,hdc->bhtd", x, weight.float()) for weight in (wq, wk, wv))
    attended = masked_softmax_attention(q * (q.shape[-1] / keys) ** 0.5, k, v, keep)
    added = torch.einsum("bhtd,hcd->btc", attended, wo.float())
    return added if keep is None else added * keep[..., None]


def drop_units(moments: Tensor, last: Tensor) -> Iterator[tuple[int, float, Tensor]]:
    """Hidden units in the order in which they go, the squared length that what the layer adds has changed by then, and
    the last matrix (C, units) without them. moments: (units, units) of the units; last: (C, units). float64.
    """
    units = len(moments)
    inverse = torch.linalg.inv(moments + RIDGE * moments.diagonal().max() * torch.eye(units).double())
    last, gone, lost = last.clone(), torch.zeros(units, dtype=torch.bool), 0.0
    for _ in range(units - 1):
        price = (last.square().sum(0) / inverse.diagonal()).masked_fill(gone, torch.inf)
        j = int(price.argmin())
        lost += max(0.0, price[j].item())  # of copies nothing but rounding is left
        row, pivot = inverse[j].clone(), inverse[j, j].clone()
        last -= torch.outer(last[:, j], row / pivot)
        inverse -= torch.outer(row, row) / pivot
        inverse[j, j] = 1.0  # no other unit's any more
        gone[j] = True
        last[:, gone] = 0
        yield j, lost, last


def _parts(layer: SplitFFN, extra: bool, whole: bool) -> list[tuple[nn.Linear, nn.Linear]]:
    """First and last matrix of the base part, of the extra part, or of both."""
    base, wide = (layer.in_base, layer.out_base), (layer.in_extra, layer.out_extra)
    return [base, wide] if whole else [wide if extra else base]


@torch.no_grad()
def slim_units(layer: SplitFFN, heard: Heard, extra: bool, whole: bool) -> None:
    """Clear the hidden units of a part that the others replace. ``whole``: both parts are one, for all patches.

    Those that are worth most come first, and so into the base part.
    """
    inside = _parts(layer, extra, whole)

    def hidden(x: Tensor) -> Tensor:
        return F.gelu(torch.cat([first(x) for first, _ in inside], 1)).double()

    policy, patches = hidden(heard.x[:, 0]), heard.x[:, 1:].flatten(0, 1)
    if extra:
        patches = patches[heard.keep[:, 1:].flatten() > 0]
    share = len(patches) / heard.keep[:, 1:].numel()
    parts = patches.split(9999)
    # The bias makes up for what is added to all.
    mean = 0.0 if extra else sum(hidden(part).sum(0) for part in parts) / len(patches)
    moments = _spread(share * _moments(map(hidden, parts), mean) + POLICY * _moments([policy], mean))
    before = torch.cat([out.weight for _, out in inside], 1).double()
    gone, stay, last = [], before.shape[1], before
    for j, lost, now in drop_units(moments, before):
        gone.append(j)
        if (before.shape[1] - len(gone)) % STEPS.hidden == 0 and lost <= heard.bound:
            stay, last = before.shape[1] - len(gone), now.clone()
    if not extra:
        layer.out_base.bias += ((before - last) @ mean).float()
    (most,) = set(range(before.shape[1])) - set(gone)
    order = torch.tensor([most, *reversed(gone)])
    first = torch.cat([torch.cat([first.weight, first.bias[:, None]], 1) for first, _ in inside])[order]
    first[stay:] = 0
    sizes = [out.in_features for _, out in inside]
    for (into, out), weight, values in zip(inside, first.split(sizes), last[:, order].split(sizes, 1), strict=True):
        into.weight.copy_(weight[:, :-1])
        into.bias.copy_(weight[:, -1])
        out.weight.copy_(values)


@torch.no_grad()
def slim(layer: SplitLayer, decide: nn.Linear, heard: Heard) -> None:
    """Clear what a layer that runs hardly uses; :func:`compact` then leaves it out."""
    extra = layer.out_extra is not None and bool(layer.out_extra.weight.any())
    if isinstance(layer, SplitAttention):
        for part in ("base", "extra")[: 1 + extra]:
            slim_heads(layer, part, heard)
        return
    whole = extra and heard.keep[:, 1:].mean().item() >= WHOLE
    if whole:
        decide_all(decide, -CLOSED)
    slim_units(layer, heard, extra=False, whole=whole)
    if extra and not whole:
        slim_units(layer, heard, extra=True, whole=False)


@torch.no_grad()
def clear(block: Block, kind: int) -> None:
    """Clear a layer that ran for no photo, so that it never will."""
    _, layer, decide = tuple(block.sublayers())[kind]
    for values in layer.parameters():
        values.zero_()
    decide_all(decide, CLOSED)
    block.decide_layers.weight[kind] = 0
    block.decide_layers.bias[kind] = -FIRM


def informative(decide: nn.Linear, z: Tensor) -> Tensor:
    """Which tokens z (B, T, C) are more informative, (B, T) in {0, 1}: the policy token always is."""
    return F.pad(threshold(decide(z[:, 1:]).squeeze(-1)), (1, 0), value=1.0)


@torch.no_grad()
def slim_network(network: ColorizationViT, photos: Sequence[Seen], tolerance: float) -> Iterator[None]:
    """Clear what the layers hardly use, one after the other, while photos pass through. Gives a turn for each block."""
    z = torch.cat([network.embed(part.x) for part in photos])  # B T C
    for block in network.blocks:
        runs = threshold(block.decide_layers(z[:, 0])) > 0  # B 2
        for kind, (norm, layer, decide) in enumerate(block.sublayers()):
            ran = runs[:, kind]
            if not ran.any():
                clear(block, kind)
                continue
            now = z[ran]
            variance = now[:, 1:].flatten(0, 1).double().var(0).sum().item()
            heard = Heard(norm(now), informative(decide, now), tolerance * variance)
            slim(layer, decide, heard)
            parts = zip(heard.x.split(CHUNK), informative(decide, now).split(CHUNK), strict=True)
            z[ran] = now + torch.cat([layer(x, kept) for x, kept in parts])
        yield


def _used(strength: Tensor, least: int) -> Tensor:
    """Indices of the channels that are not zero, ``least`` of them at least."""
    strongest = strength.argsort(descending=True, stable=True)
    return strongest[: max(least, int(strength.count_nonzero()))].sort().values


def _compact_heads(values: dict[str, Tensor], heads: int, name: str, suffix: str, before: Widths) -> tuple[int, int]:
    """Leave out of the tensors of an attention part what is zero in all heads. Returns its keys and values."""
    qkv, out = f"{name}.qkv_{suffix}", f"{name}.out_{suffix}.weight"
    q, k, v = _by_head(values[f"{qkv}.weight"], values[f"{qkv}.bias"], heads, before.keys)
    last = values[out].unflatten(1, (heads, -1))
    least = int(suffix == "base")
    scored = _used(q.abs().amax((0, 2)) * k.abs().amax((0, 2)), 1)
    mixed = _used(last.abs().amax((0, 1)), least)
    if not len(mixed):
        for gone in (f"{qkv}.weight", f"{qkv}.bias", out):
            del values[gone]
        return 0, 0
    q = q * (len(scored) / before.keys) ** 0.5  # by which its scores are divided from now on
    joined = torch.cat([part.flatten(0, 1) for part in (q[:, scored], k[:, scored], v[:, mixed])])
    values |= {f"{qkv}.weight": joined[:, :-1], f"{qkv}.bias": joined[:, -1], out: last[..., mixed].flatten(1)}
    return len(scored), len(mixed)


def _compact_units(values: dict[str, Tensor], name: str, suffix: str) -> int:
    """Leave out of the tensors of an FFN part the hidden units that are zero. Returns how many stay."""
    into, out = f"{name}.in_{suffix}", f"{name}.out_{suffix}.weight"
    used = _used(values[out].abs().amax(0), int(suffix == "base"))
    for tensor in (f"{into}.weight", f"{into}.bias", out):
        axis = int(tensor == out)
        if not len(used):
            del values[tensor]
        else:
            values[tensor] = values[tensor].index_select(axis, used)
    return len(used)


@torch.no_grad()
def compact(network: ColorizationViT) -> ColorizationViT:
    """The network without the channels inside its layers that are zero, which computes the same."""
    config, values, slimmed = network.config, network.state_dict(), []
    for i in range(config.depth):
        both = []
        for suffix, before in zip(("base", "extra"), config.widths(i), strict=True):
            heads, units = (0, 0), 0
            if before.keys:
                heads = _compact_heads(values, config.heads, f"blocks.{i}.attention", suffix, before)
            if before.hidden:
                units = _compact_units(values, f"blocks.{i}.ffn", suffix)
            both.append(Widths(*heads, units))
        slimmed.append(tuple(both))
    smaller = ColorizationViT(replace(config, slim=tuple(slimmed))).eval().requires_grad_(False)
    smaller.load_state_dict(values)
    return smaller


def main(argv=None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m adacolvit.training.slim",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="an AdaColViT's name or .safetensors file, made for one budget")
    parser.add_argument(
        "--data", required=True, help="photos to measure on, of those to learn from: tar shard or folder"
    )
    parser.add_argument("--limit", type=int, default=512, help="how many of them, evenly chosen (512)")
    parser.add_argument(
        "--tolerance", type=float, default=3e-4, help="share of the tokens' variance that a layer may differ by (3e-4)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write, float16")
    args = parser.parse_args(argv)
    weights = load_weights(args.model)
    if not isinstance(weights.config, ModelConfig) or not weights.config.adaptive:
        parser.error(f"{weights.name} is no AdaColViT")
    if weights.config.budget_knots:
        parser.error(f"{weights.name} takes budgets, which use its layers differently: what one of them misses, all do")
    if not args.tolerance > 0:
        parser.error(f"--tolerance {args.tolerance}: give a number above 0")
    network = TorchNetwork.of_weights(weights).network
    console = Console()
    photos = read_photos(args.data, args.limit, COUNTS)
    before = score(network, photos)
    console.print(f"{weights.name} alone: {before.psnr.mean():.2f} dB, {before.gmacs.mean():.4f} GMACs")
    for _ in track(slim_network(network, photos, args.tolerance), "slimming", network.config.depth, transient=True):
        pass
    network = compact(network)
    now = score(network, photos)
    table = Table("block", "", "keys", "values", "hidden", title="channels that stay")
    for i in range(network.config.depth):
        for part, widths in zip(("base", "extra"), network.config.widths(i), strict=True):
            table.add_row(str(i) if part == "base" else "", part, *map(str, widths))
    console.print(table)
    better, cheaper = difference(now, before)
    console.print(f"against what it was: {better} dB, {cheaper} GMACs: {now.gmacs.mean():.4f}")
    write_weights(args.out, network.config, {name: value.numpy() for name, value in network.state_dict().items()})
    console.print(str(args.out))


if __name__ == "__main__":
    main()

"""``adacolvit convert``: a published iColoriT checkpoint as a weights file.

Its layout, as the published code writes it: a dict whose "model" holds the tensors, with the optimizer's state and the
command line (an ``argparse.Namespace``) beside it. Only tensors, plain values and that one class are read, so a file
cannot run code. Three things are laid out otherwise there than here, and are put in order once:

* color channels of the head run fastest (p1 p2 c), here slowest, as a pixel shuffle takes them;
* the relative position table is (offsets, heads), here (heads, rows, columns);
* with ``mask_cent`` the mask was lowered by 0.5 before the patch embedding, which goes into its bias here.
"""

import argparse
import pickle
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adacolvit.errors import UsageError, WeightsError
from adacolvit.files import check_free
from adacolvit.hints.frame import PATCH
from adacolvit.model.config import IN_CHANNELS, OUT_CHANNELS, PAINTED
from adacolvit.model.positions import SPAN
from adacolvit.model.registry import build
from adacolvit.model.rivals.config import IColoriTConfig
from adacolvit.weights import write_weights

HEAD_WIDTH = 64  # channels of a head, where no table says how many heads there are
# Names in a block, published -> here.
BLOCK = {
    "norm1.weight": "norm1.weight", "norm1.bias": "norm1.bias",
    "attn.qkv.weight": "attention.qkv.weight", "attn.q_bias": "attention.q_bias", "attn.v_bias": "attention.v_bias",
    "attn.proj.weight": "attention.out.weight", "attn.proj.bias": "attention.out.bias",
    "norm2.weight": "norm2.weight", "norm2.bias": "norm2.bias",
    "mlp.fc1.weight": "ffn.into.weight", "mlp.fc1.bias": "ffn.into.bias",
    "mlp.fc2.weight": "ffn.out.weight", "mlp.fc2.bias": "ffn.out.bias",
}  # fmt: skip
TABLE, OFFSETS = "attn.rpb_table", "attn.relative_position_index"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("checkpoint", type=Path, help="a published iColoriT checkpoint (.pth)")
    parser.add_argument("-o", "--output", type=Path, help="weights file (default: the checkpoint's name .safetensors)")
    parser.add_argument("--force", action="store_true", help="replace what exists")


def run(args: argparse.Namespace) -> int:
    """Convert; returns the exit code."""
    output = args.output or args.checkpoint.with_suffix(".safetensors")
    if output.suffix != ".safetensors":
        raise UsageError(f"{output} would not be found as a weights file: let its name end in .safetensors")
    check_free(output, args.force)
    config, tensors = convert(*read_checkpoint(args.checkpoint), name=str(args.checkpoint))
    write_weights(output, config, tensors, np.float32)
    print(f"{output}: iColoriT of width {config.width} and depth {config.depth}; `adacolvit evaluate --model` runs it")
    return 0


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], bool]:
    """The tensors of a checkpoint and whether its mask was centered. Runs no code from the file; WeightsError."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"there is no checkpoint {path}: check the path") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} asks for more than tensors and plain values, and could run code on this machine: it was not "
            "read. Get the checkpoint from its authors"
        ) from error
    except Exception as error:  # torch raises what the damage happens to cause
        raise WeightsError(f"{path} cannot be read as a checkpoint ({error}): fetch it again") from error
    tensors = state.get("model") if isinstance(state, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise WeightsError(f"{path} holds no 'model' with tensors: it is not a checkpoint of iColoriT's code")
    return tensors, bool(getattr(state.get("args"), "mask_cent", False))


def convert(tensors: dict[str, Tensor], centered: bool = False, name: str = "the checkpoint"):
    """Config and tensors, by our names, of a published checkpoint's tensors. Raises WeightsError.

    centered: whether the mask was lowered by 0.5. name: of the checkpoint, for errors.
    """
    left = {key: value.float() for key, value in tensors.items()}
    try:
        config = _config(left)
        ours = _stem(left, centered) | _head(left, config)
        for i in range(config.depth):
            ours |= _block(left, f"blocks.{i}.", config)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{name} is not laid out as iColoriT's code does it, at {error}") from error
    if left:
        raise WeightsError(f"{name} has parts that this iColoriT has not: {', '.join(sorted(left)[:3])} ...")
    with torch.device("meta"):
        wanted = {key: p.shape for key, p in build(config).state_dict().items()}
    for key, shape in wanted.items():
        if ours[key].shape != shape:
            raise WeightsError(f"{name} has a {key} of shape {tuple(ours[key].shape)}, not {tuple(shape)}")
    return config, {key: value.numpy() for key, value in ours.items()}


def _config(tensors: dict[str, Tensor]) -> IColoriTConfig:
    width, channels, side, _ = tensors["patch_embed.proj.weight"].shape
    if (channels, side) != (IN_CHANNELS, PATCH):
        raise WeightsError(
            f"the checkpoint takes {channels} channels in patches of {side} px; only {IN_CHANNELS} in {PATCH} run here"
        )
    depth = 1 + max(int(key.split(".")[1]) for key in tensors if key.startswith("blocks."))
    table = tensors.get("blocks.0." + TABLE)
    heads = width // HEAD_WIDTH if table is None else table.shape[1]
    return IColoriTConfig(width, depth, heads, 3 if "head.head.weight" in tensors else 1, hint_gain=1.0)


def _stem(left: dict[str, Tensor], centered: bool) -> dict[str, Tensor]:
    weight, bias = left.pop("patch_embed.proj.weight"), left.pop("patch_embed.proj.bias")
    if centered:
        bias = bias - 0.5 * weight[:, -1].sum((1, 2))
    return {"patch_embed.weight": weight.flatten(1), "patch_embed.bias": bias}


def _head(left: dict[str, Tensor], config: IColoriTConfig) -> dict[str, Tensor]:
    place = "head.head" if config.head_kernel == 3 else "head"
    order = torch.arange(PAINTED).view(PATCH, PATCH, OUT_CHANNELS).permute(2, 0, 1).flatten()
    weight = left.pop(f"{place}.weight")[order]
    return {
        "norm.weight": left.pop("norm.weight"),
        "norm.bias": left.pop("norm.bias"),
        "head.weight": weight.view(*weight.shape[:2], config.head_kernel, config.head_kernel),
        "head.bias": left.pop(f"{place}.bias")[order],
    }


def _block(left: dict[str, Tensor], prefix: str, config: IColoriTConfig) -> dict[str, Tensor]:
    side = 2 * SPAN - 1
    table = left.pop(prefix + TABLE, None)  # none: trained without
    offsets = left.pop(prefix + OFFSETS, None)
    if offsets is not None and not torch.equal(offsets, _published_offsets()):
        raise WeightsError(f"the checkpoint's {prefix}{OFFSETS} is not that of {SPAN} x {SPAN} patches")
    table = torch.zeros(side**2, config.heads) if table is None else table
    ours = {prefix + "attention.bias.table": table.T.reshape(config.heads, side, side)}
    for theirs, own in BLOCK.items():
        absent = torch.zeros(config.width) if theirs in ("attn.q_bias", "attn.v_bias") else None
        value = left.pop(prefix + theirs, absent)
        if value is None:
            raise KeyError(prefix + theirs)
        ours[prefix + own] = value
    return ours


def _published_offsets() -> Tensor:
    """(N, N) place in the published table of each query's offset from each key, N = 14 * 14."""
    row, column = torch.arange(SPAN**2) // SPAN, torch.arange(SPAN**2) % SPAN
    down, across = row[:, None] - row + SPAN - 1, column[:, None] - column + SPAN - 1
    return (down * (2 * SPAN - 1) + across).float()

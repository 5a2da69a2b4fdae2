"""Photos that stay on the device: cropping, flipping, Lab and hints are computed where the network runs.

What :func:`.data.make_batch` does photo by photo on the processor, for a whole batch at once; the distributions are
the same, the random numbers are the device's own. A GPU that eats thousands of images a second cannot wait for Pillow.
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from adacolvit.color.lab import srgb_to_lab
from adacolvit.hints.encoder import MAX_SIZE, MIN_SIZE, NO_HINT, corner, encode, normalize_ab
from adacolvit.hints.frame import CELL, Frame
from adacolvit.hints.sampling import cell_means

from .augment import changed
from .compiled import compiles
from .data import FEW_HINTS, STRETCH, VARIED_SIZES, Batch, PhotoCache, make_batch, packed
from .recipe import Stage

ROOM = 0.5  # photos may take this part of a GPU's free memory; the rest is the network's
TRIES = 10  # boxes drawn per photo; the first that fits is taken
TAPS = 2  # samples per axis and output pixel, each bilinear: crops shrink by up to 3, which one sample would alias
UPLOADED = 2**24  # pixels sent to the device at once, about
AT_ONCE = 256  # photos cropped at once, which bounds the memory of their indices


def batch_of(
    photos: Sequence[np.ndarray], stage: Stage, frame: Frame, rng: np.random.Generator, device: torch.device
) -> Batch:
    """A batch of all of some photos, each (H, W, 3) uint8 sRGB: made on ``device`` where that is a GPU."""
    everyone = np.arange(len(photos))
    if device.type == "cuda":
        return ResidentPhotos(packed(photos), device).batch(stage, frame, everyone, int(rng.integers(2**62)))
    return make_batch(photos, stage, frame, everyone, rng)


def fits(cache: PhotoCache, device: torch.device, world: int = 1) -> bool:
    """Whether one process's share of a cache's photos can stay on ``device``: a GPU with room enough."""
    needed = 4 * len(cache.pixels) // 3 // world
    return device.type == "cuda" and needed < ROOM * torch.cuda.mem_get_info(device)[0]


class ResidentPhotos:
    """Photos of a cache as one tensor of packed pixels on a device: all, or one process's share of them."""

    way = "resident"  # in which photos reach the network

    def __init__(self, cache: PhotoCache, device: torch.device, rank: int = 0, world: int = 1) -> None:
        self.device = device
        index = cache.index[rank::world]
        ends = np.cumsum(index[:, 1] * index[:, 2])
        # r | g << 8 | b << 16: one gather a tap
        self._packed = torch.empty(int(ends[-1]), dtype=torch.int32, device=device)
        done = 0
        for some in np.array_split(np.arange(len(index)), -(-int(ends[-1]) // UPLOADED)):
            rgb = np.concatenate([cache[rank + i * world].reshape(-1, 3) for i in some])
            channels = torch.from_numpy(rgb).to(device).int()
            self._packed[done : done + len(rgb)] = channels[:, 0] | channels[:, 1] << 8 | channels[:, 2] << 16
            done += len(rgb)
        first = np.concatenate([[0], ends[:-1]])
        self._crops = torch.compile(self._crop, dynamic=True) if compiles(device) else self._crop
        self._first, self._height, self._width = torch.from_numpy(np.stack([first, index[:, 1], index[:, 2]])).to(
            device
        )

    def __len__(self) -> int:
        return len(self._first)

    def batch(self, stage: Stage, frame: Frame, chosen: np.ndarray, seed: int) -> Batch:
        """Crop, flip, convert, change and hint the chosen photos; a function of its arguments."""
        generator = torch.Generator(self.device).manual_seed(seed)
        photos = torch.from_numpy(chosen).to(self.device, non_blocking=True)  # else the step before is waited for
        boxes = self._boxes(photos, stage, frame.width / frame.height, generator)
        flipped = torch.rand(len(photos), generator=generator, device=self.device) < 0.5
        rgb = torch.cat([
            self._crops(some, box, flip, frame.height, frame.width)
            for some, box, flip in zip(*(v.split(AT_ONCE) for v in (photos, boxes, flipped)), strict=True)
        ])  # fmt: skip
        normal, uniform = (partial(draw, generator=generator, device=self.device) for draw in (torch.randn, torch.rand))
        lab = changed(srgb_to_lab(rgb), stage, normal, uniform)
        lightness, ab = lab[..., 0].contiguous(), lab[..., 1:]
        rows, columns, sizes = random_places(stage, len(photos), frame, generator)
        colors = cell_means(ab, rows, columns, sizes).to(ab.dtype)
        x = encode(lightness, rows, columns, sizes, colors).contiguous()
        target = normalize_ab(ab).permute(0, 3, 1, 2).contiguous()
        return Batch(x, target, (rows, columns, sizes, colors))

    def _boxes(self, photos: Tensor, stage: Stage, aspect: float, generator: torch.Generator) -> Tensor:
        """Random crops (B, 4): left, top, width, height in pixels; as :func:`.data.crop_box`."""
        shape = len(photos), TRIES
        width, height = self._width[photos].float(), self._height[photos].float()

        def uniform(low: float, high: float, size=shape) -> Tensor:
            return low + (high - low) * torch.rand(size, generator=generator, device=self.device)

        area = (width * height)[:, None] * uniform(*stage.crop)
        stretched = aspect * torch.exp(uniform(-math.log(STRETCH), math.log(STRETCH)))
        w, h = (area * stretched).sqrt(), (area / stretched).sqrt()
        fit = (w <= width[:, None]) & (h <= height[:, None])
        first = fit.int().argmax(1, keepdim=True)  # 0 where none fits: then the whole photo is taken
        any_fit = fit.any(1)
        w = torch.where(any_fit, w.gather(1, first)[:, 0], width)
        h = torch.where(any_fit, h.gather(1, first)[:, 0], height)
        left, top = (width - w) * uniform(0, 1, len(photos)), (height - h) * uniform(0, 1, len(photos))
        return torch.stack([left, top, w, h], 1)

    def _crop(self, photos: Tensor, boxes: Tensor, flipped: Tensor, down: int, across: int) -> Tensor:
        """Crops resized: (B, down, across, 3) float32, sRGB in [0, 1]. TAPS^2 bilinear samples per pixel."""
        left, top, box_width, box_height = boxes[:, :, None].unbind(1)

        def places(extent: int) -> Tensor:
            return (torch.arange(extent * TAPS, device=self.device) + 0.5) / (extent * TAPS)

        from_left = places(across).expand(len(photos), -1)
        from_left = torch.where(flipped[:, None], 1 - from_left, from_left)
        x0, x1, fx = _neighbors(left + from_left * box_width, self._width[photos, None])
        y0, y1, fy = _neighbors(top + places(down) * box_height, self._height[photos, None])
        first, width = self._first[photos, None, None], self._width[photos, None, None]

        def taken(y: Tensor, x: Tensor) -> Tensor:
            packed = self._packed[first + y[:, :, None] * width + x[:, None, :]]
            return torch.stack([packed & 255, packed >> 8 & 255, packed >> 16 & 255], 1).float()  # B 3 h w

        fx, fy = fx[:, None, None, :], fy[:, None, :, None]
        above = torch.lerp(taken(y0, x0), taken(y0, x1), fx)
        below = torch.lerp(taken(y1, x0), taken(y1, x1), fx)
        rgb = torch.nn.functional.avg_pool2d(torch.lerp(above, below, fy), TAPS)
        return (rgb / 255).clamp(0, 1).permute(0, 2, 3, 1)


def _neighbors(position: Tensor, extent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The pixels on both sides of places along an axis (pixel k spans k..k + 1), and the second one's share."""
    position = position - 0.5
    before = position.floor()
    share = position - before
    before = before.long()
    return before.clamp(min=0).minimum(extent - 1), (before + 1).clamp(min=0).minimum(extent - 1), share


def random_places(stage: Stage, batch: int, frame: Frame, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Random hints, distributed as those of :func:`.data.random_hints`: rows, columns, sizes, each (B, K) int64."""
    device = generator.device

    def integers(low: int, high: int, size) -> Tensor:
        return torch.randint(low, high, size, generator=generator, device=device)

    few = torch.rand(batch, generator=generator, device=device) < stage.few
    counts = torch.where(few, integers(0, FEW_HINTS + 1, (batch,)), integers(0, stage.max_hints + 1, (batch,)))
    across, down = frame.width // CELL, frame.height // CELL
    most = min(max(stage.max_hints, FEW_HINTS), across * down)
    cells = torch.rand(batch, across * down, generator=generator, device=device).topk(most, 1).indices
    varied = torch.rand((), generator=generator, device=device) < VARIED_SIZES
    sizes = torch.where(varied, integers(MIN_SIZE, MAX_SIZE + 1, (batch, most)), MIN_SIZE)
    rows = corner(cells // across * CELL, sizes, frame.height)
    columns = corner(cells % across * CELL, sizes, frame.width)
    there = torch.arange(most, device=device) < counts[:, None]
    return rows * there, columns * there, torch.where(there, sizes, NO_HINT)

"""Hints from a picture: any paint program can make one, by dots on a transparent layer over the photo."""

import math

import numpy as np
from PIL import Image

from adacolvit.color.hex import format_hex
from adacolvit.color.profile import Transform, to_srgb
from adacolvit.decode import decode
from adacolvit.errors import HintError, PhotoError

from .encoder import MAX_SIZE, MIN_SIZE
from .file import HintFile
from .frame import Frame, fit_frame
from .hint import Hint

_SPACING = 16  # network pixels between the hints of a large region: one per token
_MOST_OPAQUE = 4_000_000  # pixels; each takes some 100 bytes until its dot is known
_MOST = 10_000  # hints; more come from a photo or a soft brush, not from a person's dots


def hints_from_picture(source, width: int, height: int) -> tuple[Hint, ...]:
    """Hints for a photo of ``width`` x ``height`` px from a picture with transparency whose opaque pixels are hints.

    source: path, bytes, file object or Pillow image; of the photo's size, or of another size of the same aspect.
    A dot, that is a region of touching pixels (corners touch too) of exactly one color and alpha 255, becomes one hint
    at its center, or at its pixel nearest to that; its size is the dot's side in network pixels, within 2..7. A region
    longer than a token (16 network pixels) is cut into a grid of parts no longer than that, each a hint. Pixels that
    are not fully opaque, such as a brush's soft edge, are not hints. Sorted by region, then from the top left on.
    Raises HintError: unreadable, of another shape, without transparency, without opaque pixels, or with too many dots.
    """
    try:
        image, _ = decode(source, str(getattr(source, "name", "the hint picture")))
    except PhotoError as error:
        raise HintError(f"the hints cannot be read: {error}") from error
    if not image.has_transparency_data:
        raise HintError("the hint picture has no transparency: paint the dots on a transparent layer, save it as PNG")
    profile, image = image.info.get("icc_profile"), image.convert("RGBA")
    image_frame = fit_frame(*image.size)
    box = image.getchannel("A").point(lambda alpha: 255 * (alpha == 255)).getbbox()
    if box is None:
        raise HintError("the hint picture has no opaque pixel: paint dots with a hard brush at full opacity")
    pixels = np.asarray(image.crop(box))
    opaque = pixels[..., 3] == 255
    if opaque.all() and opaque.size == image.width * image.height:
        raise HintError("every pixel of the hint picture is opaque: erase all but the dots")
    painted = int(opaque.sum())
    if painted > _MOST_OPAQUE:
        raise HintError(
            f"{painted / 1e6:.1f} million pixels of the hint picture are opaque: it seems to be the photo itself, give "
            "the layer with the dots alone"
        )
    rows, columns = np.nonzero(opaque)
    labels = _regions(pixels, opaque)
    rows, columns = rows + box[1], columns + box[0]
    hints = _hints(rows, columns, labels, pixels[opaque][:, :3], image_frame, to_srgb(profile or b"", "RGB"))
    return HintFile("the hint picture", *image.size, hints).for_photo(width, height)


def _regions(pixels: np.ndarray, opaque: np.ndarray) -> np.ndarray:
    """Label the opaque pixels by connected region of one color: (N,) int, in the order of ``np.nonzero(opaque)``.

    Works on runs, that is stretches of one color within a row, of which there are far fewer than pixels.
    """
    color = np.zeros(opaque.shape, np.uint32)  # 0 where nothing is
    for channel in range(3):
        color = color << 8 | pixels[..., channel]
    color = (color + 1) * opaque
    padded = np.pad(color, ((0, 0), (1, 1))).ravel()  # zeros part the rows; a run's neighbors are one padded row away
    starts = np.flatnonzero((padded[1:] != padded[:-1]) & (padded[1:] != 0)) + 1
    stops = np.flatnonzero((padded[1:] != padded[:-1]) & (padded[:-1] != 0)) + 1
    # For each run, the runs of the next row that touch it, corners included: those from ``first`` up to ``last``.
    below = opaque.shape[1] + 2
    first = np.searchsorted(stops, starts + below, side="left")
    last = np.searchsorted(starts, stops + below, side="right")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), counts)
    lower = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    same = padded[starts[upper]] == padded[starts[lower]]
    upper, lower = upper[same], lower[same]

    labels = np.arange(len(starts))
    while True:  # the smallest label spreads over each region; following labels of labels makes the steps few
        before = labels.copy()
        smaller = np.minimum(labels[upper], labels[lower])
        np.minimum.at(labels, labels[upper], smaller)
        np.minimum.at(labels, labels[lower], smaller)
        labels = labels[labels]
        if np.array_equal(labels, before):
            break
    return np.repeat(labels, stops - starts)


def _hints(rows, columns, labels, colors, frame: Frame, transform: Transform | None) -> tuple[Hint, ...]:
    """One hint for each region, or for each of its parts. ``transform``: of the colors into sRGB."""
    scale = math.sqrt(frame.width * frame.height / (frame.photo_width * frame.photo_height))  # network px per pixel
    _, region = np.unique(labels, return_inverse=True)
    part = _parts(rows, region, _SPACING / scale) * 2**20 + _parts(columns, region, _SPACING / scale)
    _, group = np.unique(region.astype(np.int64) * 2**40 + part, return_inverse=True)
    count = np.bincount(group)
    if len(count) > _MOST:
        raise HintError(
            f"the hint picture has {len(count)} dots, more than {_MOST}: paint with a hard brush, in few colors"
        )
    off_center = (rows - (np.bincount(group, rows) / count)[group]) ** 2
    off_center = off_center + (columns - (np.bincount(group, columns) / count)[group]) ** 2
    order = np.lexsort((off_center, group))
    nearest = order[np.searchsorted(group[order], np.arange(len(count)))]
    sizes = np.clip(np.round(np.sqrt(count) * scale), MIN_SIZE, MAX_SIZE).astype(int)
    colors = colors[nearest]
    if transform:
        colors = np.asarray(transform(Image.fromarray(colors[None])))[0]
    return tuple(
        Hint(int(columns[i]), int(rows[i]), format_hex(color), size)
        for i, color, size in zip(nearest, colors, sizes, strict=True)
    )


def _parts(position: np.ndarray, region: np.ndarray, longest: float) -> np.ndarray:
    """Cut each region along one axis into equal parts no longer than ``longest``: the part of each pixel, from 0."""
    regions = int(region.max()) + 1
    low, high = np.full(regions, position.max()), np.zeros(regions, position.dtype)
    np.minimum.at(low, region, position)
    np.maximum.at(high, region, position)
    extent = high - low + 1
    parts = np.ceil(extent / longest).astype(np.int64)
    return (position - low[region]) * parts[region] // extent[region]

"""Contact sheet: photos down, methods across, to be looked at."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import UsageError
from adacolvit.files import write_file

from . import metrics
from .hintset import HintSet
from .methods import Method
from .photos import Source, evenly, lay, load
from .protocol import join
from .rows import Row
from .summary import worst

SPREAD, WORST = 6, 4  # photos on a sheet: any, and those gaining least over gray
GAP, TEXT = 8, 16  # pixels between pictures, and of a line of text
GROUND, INK = (119, 119, 119), (255, 255, 255)  # a middle gray, against which color is judged fairly


def choose(keys: Sequence[str], rows: Sequence[Row], count: int) -> list[str]:
    """Photos worth looking at: some evenly through the set, then those on which the first method gains least."""
    shown = evenly(keys, SPREAD)
    bad = [row.key for row in worst(rows, rows[0].method, count, len(rows)) if row.key not in shown]
    return [*shown, *bad[:WORST]]


def contact_sheet(sources: Sequence[Source], methods: Sequence[Method], hint_set: HintSet, count: int, frame: str):
    """Draw gray, hints, every method with its PSNR on ``frame``, and truth, for each photo.

    ``count``: hints per photo. Returns an RGB picture.
    """
    lines = [_line(source, methods, hint_set, count, frame) for source in sources]
    titles = ["gray", f"{count} hints", *(method.name for method in methods), "truth"]
    widths = [max(line[i][0].width for line in lines) for i in range(len(titles))]
    heights = [max(picture.height for picture, _ in line) for line in lines]
    sheet = Image.new(
        "RGB",
        (sum(widths) + GAP * (len(widths) + 1), sum(heights) + (GAP + TEXT) * len(heights) + TEXT + 2 * GAP),
        GROUND,
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT - 4)
    y = GAP + TEXT
    for source, line, height in zip(sources, lines, heights, strict=True):
        x = GAP
        for (picture, caption), title, width in zip(line, titles, widths, strict=True):
            if y == GAP + TEXT:
                draw.text((x, GAP), title, INK, font)
            sheet.paste(picture, (x, y))
            draw.text((x, y + height), caption if caption else "", INK, font)
            x += width + GAP
        draw.text((GAP, y + height), source.key, INK, font)
        y += height + GAP + TEXT
    return sheet


def _line(source: Source, methods, hint_set: HintSet, count: int, frame: str) -> list[tuple[Image.Image, str]]:
    """(picture, caption) of each column."""
    hint_set.check(source.key, source.checksum)
    truth = lay(load(source), frame)
    lightness, true_ab = np.ascontiguousarray(truth.lab[..., 0]), truth.lab[..., 1:]
    hints = hint_set.hints(source.key, count, truth.frame, true_ab)
    gray = lab_to_srgb(join(truth, np.zeros_like(true_ab)))
    line = [(_picture(gray), ""), (_mark(_picture(gray), truth.lab, *hints), "")]
    for method in methods:
        rgb = lab_to_srgb(join(truth, method.predict(lightness, *hints)[0]))
        line.append((_picture(rgb), f"{metrics.psnr(rgb, truth.rgb):.2f} dB"))
    return [*line, (_picture(truth.rgb), "")]


def _picture(rgb) -> Image.Image:
    return Image.fromarray(_bytes(rgb))


def _bytes(rgb) -> np.ndarray:
    return np.rint(rgb * 255).astype(np.uint8)


def _mark(picture: Image.Image, lab, rows, columns, sizes, ab) -> Image.Image:
    """Draw the hints larger than they are, in their colors, ringed in black and white."""
    draw = ImageDraw.Draw(picture)
    for row, column, color in zip(rows + sizes // 2, columns + sizes // 2, ab, strict=True):
        asked = tuple(_bytes(lab_to_srgb(np.array([lab[row, column, 0], *color]))).tolist())
        for radius, fill in ((6, (0, 0, 0)), (5, (255, 255, 255)), (4, asked)):
            draw.ellipse((column - radius, row - radius, column + radius, row + radius), fill)
    return picture


def format_of(path) -> str:
    """Pillow's name of the picture format that ``path`` ends in. UsageError where there is none."""
    try:
        return {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}[Path(path).suffix.lower()]
    except KeyError as error:
        raise UsageError(f"the sheet {path} cannot be written: name it .png, .jpg or .webp") from error


def save_sheet(path, sheet: Image.Image) -> None:
    """Write a sheet in the format of the path's suffix. SaveError where that fails."""
    out = io.BytesIO()
    sheet.save(out, format_of(path), quality=90)
    write_file(path, out.getvalue())

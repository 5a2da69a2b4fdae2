"""A few small words in the lower right corner of a picture, so that whoever sees it knows that its colors are new."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from adacolvit.errors import SaveError

SHARE = 0.018  # of the side of a square as large as the picture: height of the letters
SMALLEST = 7  # px; a smaller type is not read
# Of the system's, for what Pillow's own font lacks, which knows English alone; by the names of their files.
FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf", "segoeui.ttf"),
    *("Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc", "YuGothR.ttc", "malgun.ttf"),
)
_NO_LETTER = "\U0010ffff"  # every font draws it as it draws what it lacks
_INK, _SHADE = 0.9, 0.6  # opacity of the white letters, and of the soft shadow that carries them over bright places


class Label:
    """A text, rendered for a picture of ``width`` x ``height`` px; too long a text is set smaller, then cut off."""

    def __init__(self, text: str, width: int, height: int) -> None:
        """Raises SaveError where no font here has the text's letters."""
        text = " ".join(text.split())
        of_size = _font_for(text)
        size = max(SMALLEST, SHARE * (width * height) ** 0.5)
        while size > SMALLEST and of_size(size).getlength(text) > 0.9 * width:
            size = max(SMALLEST, 0.9 * size)
        font = of_size(size)
        left, top, right, bottom = font.getbbox(text)
        margin = round(size)  # around the text: room for its shadow, and its distance from the edge
        ink = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin))
        ImageDraw.Draw(ink).text((margin - left, margin - top), text, fill=255, font=font)
        shadow = ink.filter(ImageFilter.GaussianBlur(size / 5))
        across, down = max(0, ink.width - width), max(0, ink.height - height)  # what does not fit
        box = (0, 0, ink.width - across, ink.height - down)
        self._ink = np.asarray(ink.crop(box), np.float32)[..., None] * (_INK / 255)  # h w 1
        self._shade = np.minimum(np.asarray(shadow.crop(box), np.float32)[..., None] / 128, 1) * _SHADE
        self._x, self._y = width - self._ink.shape[1], height - self._ink.shape[0]

    def paint(self, rows: np.ndarray, start: int) -> np.ndarray:
        """Rows of the picture from ``start`` on, (h, W, 3) uint8 or uint16 -> the same with the text over them."""
        first, last = max(start, self._y), start + len(rows)
        if last <= first:
            return rows
        part = slice(first - self._y, last - self._y)
        ink, shade = self._ink[part], self._shade[part]
        rows = rows.copy()
        place = rows[first - start :, self._x :]
        white = np.iinfo(rows.dtype).max
        place[:] = np.rint(place * (1 - shade) * (1 - ink) + white * ink)
        return rows


Font = Callable[[float], ImageFont.FreeTypeFont]  # of a size in px


def _font_for(text: str) -> Font:
    """The first font that has all letters of a text. Raises SaveError where there is none."""
    fonts: list[Font] = [
        ImageFont.load_default,
        *(lambda size, name=name: ImageFont.truetype(name, size) for name in FONTS),
    ]
    lacking = text
    for font in fonts:
        try:
            missing = _missing(text, font(20))
        except OSError:  # it is not here
            continue
        if not missing:
            return font
        lacking = min(lacking, missing, key=len)
    raise SaveError(
        f"no font on this computer has {' '.join(lacking)} of the label: install one that has, such as DejaVu Sans or "
        "Noto Sans, or write the label with other letters"
    )


def _missing(text: str, font: ImageFont.FreeTypeFont) -> str:
    """The letters of a text that a font lacks, each once."""
    box = bytes(font.getmask(_NO_LETTER))
    return "".join(
        letter for letter in dict.fromkeys(text) if not letter.isspace() and bytes(font.getmask(letter)) == box
    )

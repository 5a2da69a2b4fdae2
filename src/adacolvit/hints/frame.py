"""Two frames and the way between them: pixels of the original photo, and pixels of the network's input."""

import math
from dataclasses import dataclass

PATCH = 16  # side of a token in network pixels
CELL = 2  # hints lie on an aligned grid of this many network pixels


@dataclass(frozen=True)
class Frame:
    """How a photo of ``photo_width`` x ``photo_height`` px is laid on a network input of ``width`` x ``height`` px.

    The photo is stretched over the whole input, so each axis has its own scale. Pixel (0, 0) is the top left one.
    """

    photo_width: int
    photo_height: int
    width: int
    height: int

    def to_network(self, x: float, y: float) -> tuple[int, int]:
        """Photo pixel (x, y) -> the network pixel (x, y) under its center; a fraction of a pixel is dropped first."""
        column = int((math.floor(x) + 0.5) * self.width / self.photo_width)
        row = int((math.floor(y) + 0.5) * self.height / self.photo_height)
        return min(max(column, 0), self.width - 1), min(max(row, 0), self.height - 1)

    @property
    def grid(self) -> tuple[int, int]:
        """Tokens (rows, columns)."""
        return self.height // PATCH, self.width // PATCH


def fit_frame(photo_width: int, photo_height: int, tokens: int = 196) -> Frame:
    """The frame that keeps the photo's aspect best with about ``tokens`` tokens (196 is 224 x 224 px).

    Of all grids with 3 % more tokens or fewer, the one whose distortion and size deviate least. Aspects beyond 1:8
    are squeezed, since a grid of fewer than five rows carries no picture.
    """
    aspect = min(max(photo_width / photo_height, 1 / 8), 8)
    best = None
    for rows in range(1, tokens + 1):
        for columns in {max(1, math.floor(rows * aspect)), math.ceil(rows * aspect)}:
            if rows * columns > tokens * 1.03:
                continue
            distortion = abs(math.log(columns / rows / aspect))
            shortfall = abs(math.log(rows * columns / tokens))
            score = distortion + 0.5 * shortfall  # half: a squeezed face hurts more than a slightly coarser grid
            if best is None or score < best[0]:
                best = (score, rows, columns)
    _, rows, columns = best
    return Frame(photo_width, photo_height, columns * PATCH, rows * PATCH)


def square_frame(photo_width: int, photo_height: int, side: int = 224) -> Frame:
    """The paper's frame: every photo stretched to ``side`` x ``side`` px."""
    return Frame(photo_width, photo_height, side, side)

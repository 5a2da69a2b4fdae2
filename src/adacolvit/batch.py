"""One photo of many: opened, colored, written. What the command line and the app's background exports share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from adacolvit.colorizer import Colorizer, Result
from adacolvit.photo import Photo


@dataclass(frozen=True)
class Look:
    """How a picture is written: see :meth:`adacolvit.colorizer.Result.adjusted` and ``encode``."""

    saturation: float = 1.0
    strength: float = 1.0
    depth: int | None = None
    label: str | None = None
    note: bool = True

    def encode(self, result: Result, suffix: str) -> bytes:
        """The file of a colored picture. Raises SaveError."""
        return self._adjusted(result).encode(suffix, depth=self.depth, label=self.label, note=self.note)

    def save(self, result: Result, path: Path) -> None:
        """Write a colored picture, whole or not at all. Raises SaveError."""
        self._adjusted(result).save(path, depth=self.depth, label=self.label, note=self.note)

    def _adjusted(self, result: Result) -> Result:
        return result.adjusted(saturation=self.saturation, strength=self.strength)


def color_photo(
    colorizer: Colorizer, source, hints: Callable[[Photo], Iterable], output: Path, look: Look | None = None
) -> Result:
    """Color one photo and write the picture.

    source: what :meth:`Colorizer.set_photo` takes. hints: gives the opened photo's hints. Raises AdaColViTError.
    """
    photo = colorizer.set_photo(source)
    result = colorizer.colorize(hints(photo))
    (look or Look()).save(result, output)
    return result

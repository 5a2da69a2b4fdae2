"""The hints file, ``*.hints.json``: what a person asked of one photo, in its own pixels, one hint per line.

{
  "version": 1,
  "photo": {"name": "grandma.jpg", "width": 2400, "height": 3200},
  "hints": [
    {"x": 412, "y": 220, "color": "#7b4a2d", "size": 2}
  ]
}
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path, PurePath

from adacolvit.errors import HintError
from adacolvit.files import write_file

from .hint import Hint, as_hints, check_inside

VERSION = 1


@dataclass(frozen=True)
class HintFile:
    """Hints and the photo they belong to: its file name, its size in pixels after EXIF orientation."""

    name: str
    width: int
    height: int
    hints: tuple[Hint, ...]

    def for_photo(self, width: int, height: int) -> tuple[Hint, ...]:
        """The hints in pixels of a photo of ``width`` x ``height`` px.

        As they are for the same size; scaled for another size of the same aspect, to one pixel of one side, as rounding
        leaves it. Raises HintError for another aspect.
        """
        if (width, height) == (self.width, self.height):
            return self.hints
        if abs(width * self.height - height * self.width) > max(width, height, self.width, self.height):
            raise HintError(
                f"the hints were made for {self.name} of {self.width} x {self.height} px, this photo has "
                f"{width} x {height} px and another shape: use the hints file of this photo"
            )
        across, down = width / self.width, height / self.height
        # The center of the hint's pixel moves, so that the hint stays on the same part of the picture.
        return tuple(
            Hint((math.floor(h.x) + 0.5) * across, (math.floor(h.y) + 0.5) * down, h.color, h.size) for h in self.hints
        )


def dump_hints(hint_file: HintFile) -> str:
    """The text of a hints file. The same hints always give the same text.

    Raises HintError for a hint outside the photo: the file could not be read again.
    """
    check_inside(hint_file.hints, hint_file.width, hint_file.height)
    photo = {"name": hint_file.name, "width": hint_file.width, "height": hint_file.height}
    lines = ",\n".join(f"    {json.dumps(hint.to_dict(), ensure_ascii=False)}" for hint in hint_file.hints)
    hints = f"[\n{lines}\n  ]" if lines else "[]"
    # A name that is not text has surrogates for its bytes: in JSON as escapes, which are read back as they were.
    photo_text = json.dumps(photo, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return f'{{\n  "version": {VERSION},\n  "photo": {photo_text},\n  "hints": {hints}\n}}\n'


def parse_hints(text: str) -> HintFile:
    """Read the text of a hints file. Raises HintError if it is no hints file, or one of an unknown version."""
    try:
        document = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise HintError(f"this is not a hints file, for it is not JSON ({error}): save the hints again") from error
    if not isinstance(document, dict) or "version" not in document:
        raise HintError("this is not a hints file: it needs the entries version, photo and hints")
    version = document["version"]
    if isinstance(version, bool) or version != VERSION:
        raise HintError(f"this hints file has version {version!r}, known is {VERSION}: update adacolvit to read it")
    if document.keys() != {"version", "photo", "hints"}:
        raise HintError(f"a hints file has the entries version, photo and hints, this one has {', '.join(document)}")
    photo, hints = document["photo"], document["hints"]
    if not isinstance(photo, dict) or photo.keys() != {"name", "width", "height"} or not isinstance(photo["name"], str):
        raise HintError('the hints file\'s photo must be like {"name": "grandma.jpg", "width": 2400, "height": 3200}')
    for side in ("width", "height"):
        if type(photo[side]) is not int or not 1 <= photo[side] < 2**31:
            raise HintError(f"the hints file's photo has {side} {photo[side]!r}: it must be a whole number of pixels")
    hints = as_hints(hints)
    check_inside(hints, photo["width"], photo["height"])
    return HintFile(photo["name"], photo["width"], photo["height"], hints)


def _each_once(entries: list[tuple[str, object]]) -> dict:
    """A JSON object; HintError where it has an entry twice, of which one would be lost."""
    found = {}
    for name, value in entries:
        if name in found:
            raise HintError(f"this hints file has {name[:40]} twice in one place: leave one out")
        found[name] = value
    return found


def load_hints(path: str | os.PathLike) -> HintFile:
    """Read a hints file. Raises HintError, naming the file, if it cannot be read or is no hints file."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise HintError(f"cannot read the hints file {path}: {error.strerror}") from error
    return read_hints(content, str(path))


def read_hints(content: bytes, name: str) -> HintFile:
    """Read the content of a hints file. Raises HintError, naming it ``name``, if it is none."""
    try:
        return parse_hints(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise HintError(f"{name} is not a hints file, for it is not text: give a *.hints.json") from error
    except HintError as error:
        raise HintError(f"{name}: {error}") from error


def save_hints(path: str | os.PathLike, hint_file: HintFile) -> None:
    """Write a hints file, whole or not at all. Raises SaveError if it cannot be written, HintError as dump_hints."""
    write_file(path, dump_hints(hint_file).encode())


def hints_beside(photo: str | os.PathLike) -> Path | None:
    """The hints file beside a photo, if any."""
    return next((Path(name) for name in names_beside(Path(photo)) if os.path.isfile(name)), None)


def names_beside(photo: PurePath) -> tuple[str, str]:
    """Where a photo's hints file may be: of grandma.jpg, grandma.jpg.hints.json or else grandma.hints.json."""
    return tuple(str(photo.with_name(f"{name}.hints.json")) for name in (photo.name, photo.stem))

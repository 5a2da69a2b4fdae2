"""The photos that are open, the least recently used ones making room for new ones."""

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath

from PIL import Image

from adacolvit.colorizer import Colorizer
from adacolvit.hints.hint import Hint
from adacolvit.photo import Photo, open_photo
from adacolvit.runtime.engine import Engine

MOST_PHOTOS = 8
MOST_PIXELS = 400_000_000  # of all open photos together; a photo takes 2 to 6 bytes per pixel


@dataclass(frozen=True)
class Entry:
    """One open photo. ``name`` is a bare file name; ``hints`` were found beside the file, if it was opened by path."""

    id: str
    name: str
    photo: Photo
    colorizer: Colorizer
    hints: tuple[Hint, ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its suffix."""
        return PurePosixPath(self.name).stem

    def gray_png(self, max_side: int) -> bytes:
        """8-bit gray PNG, at most ``max_side`` px a side; the lightness of a gray value is the photo's L."""
        file = io.BytesIO()
        # Level 1: a browser on this machine waits for the encoding, not for the transfer.
        Image.fromarray(self.photo.gray(max_side)).save(file, "PNG", compress_level=1)
        return file.getvalue()


def bare_name(name: str) -> str:
    """The file name alone, whatever path or control characters a client put around it."""
    printable = "".join(c for c in PureWindowsPath(name).name if c.isprintable())
    return printable.strip(" .")[:200] or "photo"


class Table:
    """Open photos by id. Safe to use from several threads; all photos share one engine."""

    def __init__(self, engine: Engine, most_photos: int = MOST_PHOTOS, most_pixels: int = MOST_PIXELS) -> None:
        self._engine = engine
        self._most_photos = most_photos
        self._most_pixels = most_pixels
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, data: bytes, name: str, hints: tuple[Hint, ...] = ()) -> Entry:
        """Open a photo from the bytes of its file. The same bytes have the same id, and are opened once.

        Raises PhotoError.
        """
        key = hashlib.sha256(data).hexdigest()[:32]
        name = bare_name(name)
        known = self.get(key)
        if known:
            entry = replace(known, name=name, hints=hints or known.hints)
        else:
            colorizer = Colorizer(self._engine)
            photo = colorizer.set_photo(open_photo(data, name=name))
            entry = Entry(key, name, photo, colorizer, hints)
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            self._make_room()
        return entry

    def get(self, key: str) -> Entry | None:
        """An open photo, which now counts as used, or None."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def _make_room(self) -> None:
        pixels = sum(entry.photo.width * entry.photo.height for entry in self._entries.values())
        while len(self._entries) > 1 and (len(self._entries) > self._most_photos or pixels > self._most_pixels):
            _, oldest = self._entries.popitem(last=False)
            pixels -= oldest.photo.width * oldest.photo.height

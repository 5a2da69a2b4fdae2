"""The photos that are open, the least recently used ones making room for new ones."""

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from time import monotonic

from PIL import Image

from adacolvit.colorizer import Colorizer
from adacolvit.hints.hint import Hint, as_hints
from adacolvit.photo import Photo, open_photo
from adacolvit.runtime.engine import Engine

from .library import About, Library, content_id

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
    """Open photos by id. Safe to use from several threads; all photos share one engine.

    A photo that had to make room is opened anew from the library when somebody asks for it.
    """

    def __init__(
        self, engine: Engine, library: Library, most_photos: int = MOST_PHOTOS, most_pixels: int = MOST_PIXELS
    ) -> None:
        self.engine = engine
        self.library = library
        self._most_photos = most_photos
        self._most_pixels = most_pixels
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._opening = threading.Lock()  # one photo at a time, so that none is opened twice

    def put(self, data: bytes, name: str, hints: tuple[Hint, ...] = (), source: str | None = None) -> Entry:
        """Open a photo from the bytes of its file, and keep it in the library. The same bytes have the same id, and are
        opened once. ``source``: the file's own path, if it has one on this disk.

        Raises PhotoError, LibraryFull, SaveError.
        """
        key = content_id(data)
        with self._opening:
            known = self.find(key)
            if known:
                entry = replace(known, name=bare_name(name), hints=hints or known.hints)
            else:
                entry = self._open(key, data, bare_name(name), hints)
            self._keep(entry, data, source)
            self._remember(entry)
        return entry

    def get(self, key: str) -> Entry | None:
        """A photo, which now counts as used: from memory, else opened anew from the library, else None.

        Raises PhotoError where the library's file cannot be opened any more.
        """
        entry = self.find(key)
        if entry:
            return entry
        with self._opening:
            entry = self.find(key)
            if entry:
                return entry
            data = self.library.photo(key)
            if data is None:
                return None
            about = self.library.about(key)
            entry = self._open(key, data, about.name if about else "photo", as_hints(about.hints) if about else ())
            if about is None:  # the copy is there, and what is known of it is not: without, work on it is not kept
                self._keep(entry, data)
            self._remember(entry)
            return entry

    def drop(self, key: str) -> None:
        """Give back the memory of a photo."""
        with self._lock:
            self._drop(key)

    def forget(self, key: str) -> bool:
        """Remove a photo from memory and library, with all work on it; whether it was there."""
        with self._opening:
            with self._lock:
                was_open = self._drop(key)
            return self.library.forget(key) or was_open

    def evict_idle(self, seconds: float) -> None:
        """Give back the memory of photos that nobody used for so long; the library keeps them."""
        with self._lock:
            for key in [key for key, used in self._used.items() if monotonic() - used > seconds]:
                self._drop(key)

    def in_memory(self) -> dict[str, int]:
        """Pixels of each photo that is open now, the least recently used first."""
        with self._lock:
            return {key: entry.photo.width * entry.photo.height for key, entry in self._entries.items()}

    def _open(self, key: str, data: bytes, name: str, hints: tuple[Hint, ...]) -> Entry:
        colorizer = Colorizer(self.engine)
        photo = colorizer.set_photo(open_photo(data, name=name))
        return Entry(key, name, photo, colorizer, hints)

    def _keep(self, entry: Entry, data: bytes, source: str | None = None) -> None:
        photo = entry.photo
        hints = [hint.to_dict() for hint in entry.hints]
        about = About(entry.name, photo.width, photo.height, photo.has_color, hints, source)
        for gone in self.library.keep_photo(entry.id, data, about, in_use=list(self.in_memory())):
            self.drop(gone)  # so that work on one is not kept without it: whoever has it opens it anew

    def find(self, key: str) -> Entry | None:
        """A photo that is in memory, which now counts as used; nobody has to wait for a disk."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                self._used[key] = monotonic()
            return self._entries.get(key)

    def _remember(self, entry: Entry) -> None:
        with self._lock:
            self._entries[entry.id] = entry
            self._entries.move_to_end(entry.id)
            self._used[entry.id] = monotonic()
            while len(self._entries) > 1 and (
                len(self._entries) > self._most_photos or self._pixels() > self._most_pixels
            ):
                self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> bool:
        self._used.pop(key, None)
        return self._entries.pop(key, None) is not None

    def _pixels(self) -> int:
        return sum(entry.photo.width * entry.photo.height for entry in self._entries.values())

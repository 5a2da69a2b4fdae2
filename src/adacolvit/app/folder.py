"""The folder that the app was opened on: its photos, found and known by content while the app is open already."""

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from adacolvit.decode import upright_size
from adacolvit.errors import AdaColViTError, PhotoTooLarge
from adacolvit.hints.file import hints_beside, load_hints
from adacolvit.hints.hint import Hint
from adacolvit.photosets import photos_below

from .library import MOST_BYTES, Library, content_id
from .messages import Failure, FolderInfo, FolderPhoto, not_too_many

_PATIENCE = 5  # seconds that the app waits at its end for the file that is being read


@dataclass(frozen=True)
class Found:
    """A photo of the folder; ``hints`` are those of the file beside it."""

    id: str
    path: Path
    width: int
    height: int
    hints: tuple[Hint, ...]


def readable(name: str) -> str:
    """A name fit for the wire: a file's may hold bytes that are no text, from another system's archive."""
    return os.fsencode(name).decode("utf-8", "replace")


class Folder:
    """Photos below one folder, in the order of their paths; symbolic links that lead out of it are passed over.

    They are read one after another in a thread of its own, so that the first are there at once. Files of more than
    ``most_bytes`` are not read.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder.resolve()
        self._most_bytes = most_bytes
        self._found: dict[str, Found] = {}
        self._failed: list[Failure] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="folder", daemon=True)
        self._thread.start()

    def get(self, key: str) -> Found | None:
        """A photo by its id, or None where the folder has none of that content (as far as it was read)."""
        return self._found.get(key)

    def info(self, library: Library) -> FolderInfo:
        """What is known of the folder now."""
        reading = self._thread.is_alive()  # first: what is found while the list is made is not missed for good
        return FolderInfo(
            name=readable(self.folder.name),
            reading=reading,
            photos=[self._describe(found, library) for found in list(self._found.values())],
            failed=list(self._failed),
        )

    def wait(self, seconds: float) -> bool:
        """Wait until all is read; whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Stop reading. A disk that does not answer, or a tree without end, is not waited for: the thread ends with the
        program."""
        self._stop.set()
        self._thread.join(_PATIENCE)

    def _describe(self, found: Found, library: Library) -> FolderPhoto:
        kept = library.summary(found.id)
        return FolderPhoto(
            id=found.id,
            name=readable(found.path.name),
            path=self._name(found.path),
            width=found.width,
            height=found.height,
            hints=kept.hints if kept else len(found.hints),
            status=kept.status if kept else "started" if found.hints else "new",
        )

    def _read(self) -> None:
        for path in photos_below(self.folder, lambda path, error: self._fail(self._name(path), readable(str(error)))):
            if self._stop.is_set():
                return
            name = self._name(path)
            try:
                self._take(path, name)
            except (AdaColViTError, OSError) as error:
                self._fail(name, readable(str(error)))
            except MemoryError:
                self._fail(name, "it does not fit in memory: close other programs, or make a smaller copy")
            except Exception as error:  # nobody foresaw it: the next files are read all the same
                self._fail(name, readable(f"it cannot be read ({type(error).__name__}: {error})"))

    def _take(self, path: Path, name: str) -> None:
        """Read a file. Raises AdaColViTError, OSError, and whatever else a damaged one leads to."""
        if not path.resolve().is_relative_to(self.folder):
            return
        size = path.stat().st_size
        if size > self._most_bytes:
            raise PhotoTooLarge(
                f"{path.name} has {size / 2**20:.0f} MB, the limit is {self._most_bytes / 2**20:.0f} MB: "
                "make a smaller copy"
            )
        data = path.read_bytes()
        width, height = upright_size(data, path.name)
        beside = hints_beside(path)
        hints = not_too_many(load_hints(beside).for_photo(width, height)) if beside else ()
        key = content_id(data)
        first = self._found.setdefault(key, Found(key, path, width, height, hints))
        if first.path != path:  # a copy: the work on one is the work on both
            error = f"the same photo as {self._name(first.path)}, which stands for both"
            if first.hints and hints and hints != first.hints:
                error += "; the hints file of this one is not used"
            self._fail(name, error)
            self._found[key] = replace(first, hints=first.hints or hints)

    def _name(self, path: Path) -> str:
        return readable(path.relative_to(self.folder).as_posix())

    def _fail(self, name: str, error: str) -> None:
        self._failed.append(Failure(name=name, error=error))

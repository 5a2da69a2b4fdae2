"""The folder that the app was opened on: its photos, found and known by content while the app is open already."""

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from adacolvit.decode import upright_size
from adacolvit.errors import AdaColViTError
from adacolvit.hints.file import hints_beside, load_hints
from adacolvit.hints.hint import Hint
from adacolvit.photosets import photos_below

from .library import Library, content_id
from .messages import Failure, FolderInfo, FolderPhoto, not_too_many


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

    They are read one after another in a thread of its own, so that the first are there at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
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
        """Stop reading."""
        self._stop.set()
        self._thread.join()

    def _describe(self, found: Found, library: Library) -> FolderPhoto:
        kept = library.summary(found.id)
        return FolderPhoto(
            id=found.id,
            name=readable(found.path.name),
            path=readable(found.path.relative_to(self.folder).as_posix()),
            width=found.width,
            height=found.height,
            hints=kept.hints if kept else len(found.hints),
            status=kept.status if kept else "started" if found.hints else "new",
        )

    def _read(self) -> None:
        for path in photos_below(self.folder):
            if self._stop.is_set():
                return
            if not path.resolve().is_relative_to(self.folder):
                continue
            name = readable(path.relative_to(self.folder).as_posix())
            try:
                data = path.read_bytes()
                width, height = upright_size(data, path.name)
                beside = hints_beside(path)
                hints = not_too_many(load_hints(beside).for_photo(width, height)) if beside else ()
            except (AdaColViTError, OSError) as error:
                self._failed.append(Failure(name=name, error=readable(str(error))))
                continue
            key = content_id(data)
            first = self._found.setdefault(key, Found(key, path, width, height, hints))
            if first.path != path:  # a copy: the work on one is the work on both
                stands = readable(first.path.relative_to(self.folder).as_posix())
                error = f"the same photo as {stands}, which stands for both"
                if first.hints and hints and hints != first.hints:
                    error += "; the hints file of this one is not used"
                self._failed.append(Failure(name=name, error=error))
                self._found[key] = replace(first, hints=first.hints or hints)

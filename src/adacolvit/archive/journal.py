"""What a run has done, kept beside its pictures, so that the next run goes on where this one stood.

Lines of JSON below ``.adacolvit/`` in the folder of the pictures, in a folder for each setting of a run:
``{"picture"}`` names a place that was free when a run with these settings began, so that what stands there later may
be that run's; ``{"photo", "mark", "picture"}`` says that a picture was written. A picture is of the settings that have
named it last: those of another run may have replaced it. Object storage cannot append to a file, so each part is a file
of its own; what a killed run had not noted yet is colored once more, and stays if it comes out as what stands there.
"""

import hashlib
import json
import re
import time
from pathlib import PurePosixPath

from adacolvit.errors import PhotoError

from .storage import Storage

_LINES = 1000  # of a part
_SECONDS = 10.0  # after which a part is written however short it is
_PART = re.compile(r"\.adacolvit/[0-9a-f]{16}/(\d+)-(\d+)\.jsonl")  # run and part, both ascending


def _turn(name: str) -> tuple[int, int]:
    run, part = _PART.fullmatch(name).groups()
    return int(run), int(part)


class Journal:
    """The journal of one folder of pictures and one setting."""

    def __init__(self, storage: Storage, settings: str) -> None:
        """settings: all that decides what a picture looks like, as text."""
        self._storage = storage
        self._folder = f".adacolvit/{hashlib.sha256(settings.encode()).hexdigest()[:16]}"
        self._closed: dict[str, PhotoError] = {}
        self._files = storage.files(self._closed.__setitem__)
        self._run, self._parts = time.time_ns(), 0
        self._waiting, self._since = [], time.monotonic()
        self.claimed: set[str] = set()
        self.done: set[tuple[str, str, str]] = set()
        last = {}  # picture -> folder of the settings that named it last
        for name in sorted(filter(_PART.fullmatch, self._files), key=_turn):
            folder = name.rpartition("/")[0]
            for line in map(json.loads, storage.read(name).decode().split("\n")[:-1]):
                last[line["picture"]] = folder
                if folder == self._folder:
                    self._take(line)
        self.claimed = {picture for picture in self.claimed if last[picture] == self._folder}
        self.done = {key for key in self.done if last[key[2]] == self._folder}
        self._pictures = {picture for _, _, picture in self.done}

    def holds(self, picture: str) -> bool:
        """Whether a picture of that name was in the folder when the journal was opened."""
        return picture in self._files

    def wrote(self, picture: str) -> bool:
        """Whether a run with these settings has noted that it wrote a picture there, of whatever photo."""
        return picture in self._pictures

    def unknown(self, picture: str) -> PhotoError | None:
        """Why it cannot be known whether a picture of that name is in the folder, or None where it is known."""
        return next(
            (why for folder, why in self._closed.items() if PurePosixPath(picture).is_relative_to(folder)), None
        )

    def claim(self, pictures: list[str]) -> None:
        """Note places that are free, before anything is written there."""
        self.claimed.update(pictures)
        if pictures:
            self._write([{"picture": picture} for picture in pictures])

    def note(self, key: tuple[str, str, str]) -> None:
        """Note a picture that was written: see :attr:`.plan.Item.key`."""
        self.done.add(key)
        self._waiting.append(dict(zip(("photo", "mark", "picture"), key, strict=True)))
        if len(self._waiting) >= _LINES or time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting, self._since = self._waiting, [], time.monotonic()
        if waiting:
            self._write(waiting)

    def _take(self, line: dict) -> None:
        if "photo" in line:
            self.done.add((line["photo"], line["mark"], line["picture"]))
        else:
            self.claimed.add(line["picture"])

    def _write(self, lines: list[dict]) -> None:
        self._parts += 1
        text = "".join(json.dumps(line) + "\n" for line in lines)
        self._storage.write(f"{self._folder}/{self._run}-{self._parts:06}.jsonl", text.encode())

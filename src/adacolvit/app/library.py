"""What is kept on disk: every photo that was put on the table, and all work on it, so that nothing is lost when the
program is killed. One folder per photo, by the hash of its content:

    sessions/ID/photo          the file as it came; none of a photo that has its own place on this disk
    sessions/ID/about.json     its name, size in pixels, hints found beside it
    sessions/ID/session.json   the work, once there is some

Every file is written beside and renamed. Photos without work make room for new ones, oldest first, those in use last;
work is removed only when a person says so.
"""

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from adacolvit.errors import LibraryFull, SaveError
from adacolvit.files import write_file

from .messages import SessionInfo, SessionState

MOST_DISK = 20 * 2**30  # bytes of all copies of photos together
_ID = re.compile(r"[0-9a-f]{32}")


def content_id(data: bytes) -> str:
    """What a photo is called: a hash of its file."""
    return hashlib.sha256(data).hexdigest()[:32]


def data_folder() -> Path:
    """Where a person's photos and work are kept; the environment's ADACOLVIT_DATA overrides it."""
    return Path(os.environ.get("ADACOLVIT_DATA") or platformdirs.user_data_path("adacolvit", appauthor=False))


@dataclass(frozen=True)
class About:
    """What is known of a photo without opening it.

    ``hints`` as in a hints file, found beside the photo; ``source`` is the file's own path if it was opened by it.
    """

    name: str
    width: int
    height: int
    has_color: bool
    hints: list[dict]
    source: str | None = None


class StaleRevision(Exception):
    """Somebody else wrote this session meanwhile; ``stored`` is what they wrote."""

    def __init__(self, stored: SessionState) -> None:
        super().__init__(f"revision {stored.revision} is stored")
        self.stored = stored


class Library:
    """Photos and work below one folder. Safe to use from several threads."""

    def __init__(self, folder: Path | None = None, most_disk: int = MOST_DISK) -> None:
        self.folder = folder or data_folder()
        self._sessions = self.folder / "sessions"
        self._most_disk = most_disk
        self._lock = threading.Lock()

    def _home(self, key: str) -> Path | None:
        """The photo's folder; None for what is no id, so that no path leads out of the library."""
        return self._sessions / key if _ID.fullmatch(key) else None

    def _homes(self) -> Iterator[Path]:
        if self._sessions.is_dir():
            yield from (home for home in self._sessions.iterdir() if _ID.fullmatch(home.name))

    # Photos

    def keep_photo(self, key: str, data: bytes, about: About, in_use: Sequence[str] = ()) -> list[str]:
        """Keep a photo; of one with a ``source`` only what is known of it. Returns the photos that made room for it.

        in_use: photos that make room after all others, in this order.
        Raises LibraryFull where only forgetting work would make room, SaveError where the disk does not take it.
        """
        home = self._home(key)
        made_room = []
        with self._lock:
            _make_folder(home)
            if about.source is None and not (home / "photo").exists():
                made_room = self._make_room(len(data), key, in_use)
                write_file(home / "photo", data)
            write_file(home / "about.json", json.dumps(asdict(about)).encode())
        return made_room

    def photo(self, key: str) -> bytes | None:
        """The file of a photo, or None where it is not kept, or no longer at its source."""
        path = self.photo_path(key)
        data = _read(path) if path else None
        return data if data is not None and content_id(data) == key else None

    def photo_path(self, key: str) -> Path | None:
        """Where the file of a photo should be: its copy, else its source; None where nothing is known of it."""
        home = self._home(key)
        if home is None:
            return None
        if (home / "photo").exists():
            return home / "photo"
        about = self.about(key)
        return Path(about.source) if about and about.source else None

    def about(self, key: str) -> About | None:
        """What is known of a photo, or None."""
        home = self._home(key)
        text = _read(home / "about.json") if home else None
        try:
            return None if text is None else About(**json.loads(text))
        except (ValueError, TypeError):
            return (
                None  # written by another version: the photo is there all the same, and is described anew when opened
            )

    def photo_bytes(self) -> int:
        """Bytes of all copies of photos."""
        return sum(size for _, size, _ in self._copies())

    def _copies(self) -> list[tuple[float, int, Path]]:
        """(time, bytes, folder) of each copy, the oldest first."""
        found = []
        for home in self._homes():
            status = _stat(home / "photo")
            if status:
                found.append((status.st_mtime, status.st_size, home))
        return sorted(found)

    def _make_room(self, wanted: int, key: str, in_use: Sequence[str]) -> list[str]:
        turn = {used: place for place, used in enumerate(in_use, 1)}
        copies = sorted(self._copies(), key=lambda copy: turn.get(copy[2].name, 0))
        total, leaving = wanted + sum(size for _, size, _ in copies), []
        for _, size, home in copies:
            if total > self._most_disk and home.name != key and not (home / "session.json").exists():
                leaving.append(home)
                total -= size
        if total > self._most_disk:
            raise LibraryFull(
                f"The photos with kept work fill the {self._most_disk / 2**30:.3g} GB that are set aside for them in "
                f"{self._sessions}: forget some that are finished, or start the app with a larger --keep."
            )
        for home in leaving:
            shutil.rmtree(home, ignore_errors=True)
        return [home.name for home in leaving]

    # Work

    def session(self, key: str) -> SessionState | None:
        """The work on a photo, or None. Raises SaveError for a document that cannot be read."""
        home = self._home(key)
        text = _read(home / "session.json") if home else None
        if text is None:
            return None
        try:
            return SessionState.model_validate_json(text)
        except ValidationError as error:
            raise SaveError(
                f"the work kept in {home / 'session.json'} cannot be read: move that file away to begin anew"
            ) from error

    def save_session(self, key: str, state: SessionState) -> tuple[int, float]:
        """Keep the work on a photo. Returns its new revision and the time, seconds since 1970.

        Raises StaleRevision where ``state.revision`` is not the stored one, SaveError where the disk does not take it.
        """
        home = self._home(key)
        path = home / "session.json"
        with self._lock:
            stored = self.session(key)
            revision = stored.revision if stored else 0
            if state.revision != revision:
                # A client whose answer was lost writes the same again: that is no conflict.
                if stored and stored.model_copy(update={"revision": state.revision}) == state:
                    return revision, path.stat().st_mtime
                if stored:
                    raise StaleRevision(stored)
            _make_folder(home)
            written = state.model_copy(update={"revision": revision + 1})
            write_file(path, written.model_dump_json(exclude_unset=True).encode())  # as the client wrote it
            return revision + 1, path.stat().st_mtime

    def summary(self, key: str) -> SessionInfo | None:
        """What the list of sessions says of one, or None where there is no work."""
        home = self._home(key)
        status = _stat(home / "session.json") if home else None
        about = self.about(key) if status else None
        if about is None:
            return None
        found = _session_facts(home / "session.json", status.st_mtime_ns, status.st_size)
        if found is None:
            return None
        hints, progress = found
        return SessionInfo(
            id=key, name=about.name, width=about.width, height=about.height, hints=hints,
            saved=status.st_mtime * 1e3, status=progress,
        )  # fmt: skip

    def sessions(self) -> list[SessionInfo]:
        """All photos with kept work, the one saved last first."""
        found = (self.summary(home.name) for home in self._homes())
        return sorted((info for info in found if info), key=lambda info: -info.saved)

    def forget(self, key: str) -> bool:
        """Remove a photo's copy and all work on it; whether there was any."""
        home = self._home(key)
        if home is None or not home.is_dir():
            return False
        with self._lock:
            grave = home.with_name(f".{key}.{time.time_ns()}")  # one step, so that half of it never remains
            home.rename(grave)
            shutil.rmtree(grave, ignore_errors=True)
        return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # people's photos are nobody else's business
    except OSError as error:
        raise SaveError(
            f"cannot make the folder {folder} for kept work ({error.strerror}): set ADACOLVIT_DATA to another place"
        ) from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SaveError(f"cannot read {path}: {error.strerror}; check its permissions") from error


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4096)
def _session_facts(path: Path, changed: int, size: int) -> tuple[int, str] | None:
    """Hints and status of a session, read once per version of its file; None where it cannot be read."""
    try:
        state = json.loads(path.read_bytes())
        return len(state["present"]), state.get("status", SessionState.model_fields["status"].default)
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""What is kept on disk: every photo that was put on the table, and all work on it, so that nothing is lost when the
program is killed. One folder per photo, by the hash of its content:

    sessions/ID/photo          the file as it came; none of a photo that has its own place on this disk
    sessions/ID/about.json     its name, size in pixels, hints found beside it
    sessions/ID/session.json   the work, once there is some

Every file is written beside and renamed; several apps may share the folder. Photos without work make room for new ones,
oldest first, those in use last; work is removed only when a person says so.
"""

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from adacolvit.errors import LibraryFull, SaveError
from adacolvit.files import write_file
from adacolvit.lock import held

from .messages import SessionInfo, SessionState

MOST_BYTES = 512 * 2**20  # of a photo's file; 100 megapixels of uncompressed 16-bit color are 600 MB, of 8-bit 300
MOST_DISK = 20 * 2**30  # bytes of all copies of photos together
_ID = re.compile(r"[0-9a-f]{32}")
_GRAVE = re.compile(r"\.[0-9a-f]{32}\.\d+")  # what a photo's folder is called while it is removed
_LEFT_BEHIND = 3600  # seconds after which a file that is still half-written is nobody's any more


def content_id(data: bytes) -> str:
    """What a photo is called: a hash of its file."""
    return hashlib.sha256(data).hexdigest()[:32]


def has_content(path: Path, key: str) -> bool:
    """Whether a file is the photo of this id; not if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32] == key
    except OSError:
        return False


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


class NotKept(Exception):
    """Work came for a photo that is not kept: it was forgotten, or made room, maybe in another process."""


class Library:
    """Photos and work below one folder. Safe to use from several threads, and from several processes at once."""

    def __init__(self, folder: Path | None = None, most_disk: int = MOST_DISK) -> None:
        self.folder = folder or data_folder()
        self._sessions = self.folder / "sessions"
        self._most_disk = most_disk
        self._threads = threading.Lock()
        self._remove_left_behind()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile. Raises SaveError where the folder takes nothing."""
        with self._threads:
            _make_folder(self._sessions)
            with _told(self.folder), held(self.folder / "lock"):
                yield

    def _remove_left_behind(self) -> None:
        """What a killed process had not written or removed to its end."""
        with suppress(OSError):
            for grave in self._sessions.glob(".*"):
                if _GRAVE.fullmatch(grave.name):
                    shutil.rmtree(grave, ignore_errors=True)
            for part in self._sessions.glob("*/.*.part"):
                if time.time() - part.stat().st_mtime > _LEFT_BEHIND:
                    part.unlink()

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
        copy, leaving = home / "photo", []
        with self._alone():
            if (about.source is None or copy.exists()) and not has_content(copy, key):
                leaving = self._leaving(len(data), key, in_use)
                _make_folder(home)
                write_file(copy, data)
            _make_folder(home)
            write_file(home / "about.json", json.dumps(asdict(about)).encode())
            # Only now: had the disk not taken the new one, nobody would have had to leave.
            return [old.name for old in leaving if _bury(old)]

    def photo(self, key: str) -> bytes | None:
        """The file of a photo, or None where it is not kept, or no longer at its source."""
        for path in self._places(key):
            data = _read(path)
            if data is not None and content_id(data) == key:
                return data
        return None

    def photo_path(self, key: str) -> Path | None:
        """Where the file of a photo should be: its copy, else its source; None where nothing is known of it."""
        return next(self._places(key), None)

    def _places(self, key: str) -> Iterator[Path]:
        """Where the file of a photo may be, the copy first: that may be damaged where its source is not."""
        home = self._home(key)
        if home and (home / "photo").exists():
            yield home / "photo"
        about = self.about(key)
        if about and about.source:
            yield Path(about.source)

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

    def _leaving(self, wanted: int, key: str, in_use: Sequence[str]) -> list[Path]:
        """The folders of photos that have to make room for one of ``wanted`` bytes. Raises LibraryFull."""
        turn = {used: place for place, used in enumerate(in_use, 1)}
        others = (copy for copy in self._copies() if copy[2].name != key)
        copies = sorted(others, key=lambda copy: turn.get(copy[2].name, 0))
        total, leaving = wanted + sum(size for _, size, _ in copies), []
        for _, size, home in copies:
            if total > self._most_disk and not (home / "session.json").exists():
                leaving.append(home)
                total -= size
        if total > self._most_disk:
            raise LibraryFull(
                f"The photos with kept work fill the {self._most_disk / 2**30:.3g} GB that are set aside for them in "
                f"{self._sessions}: forget some that are finished, or start the app with a larger --keep."
            )
        return leaving

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

        Raises StaleRevision where ``state.revision`` is not the stored one, NotKept where the photo is not there, for
        nobody could see its work; SaveError where the disk does not take it.
        """
        home = self._home(key)
        path = home / "session.json"
        with self._alone():
            if not (home / "about.json").exists():
                raise NotKept(key)
            stored = self.session(key)
            revision = stored.revision if stored else 0
            if state.revision != revision:
                # A client whose answer was lost writes the same again: that is no conflict.
                if stored and stored.model_copy(update={"revision": state.revision}) == state:
                    return revision, path.stat().st_mtime
                if stored:
                    raise StaleRevision(stored)
            written = state.model_copy(update={"revision": revision + 1})
            write_file(path, written.model_dump_json(exclude_unset=True).encode())  # as the client wrote it
            return revision + 1, path.stat().st_mtime

    def summary(self, key: str) -> SessionInfo | None:
        """What the list of sessions says of one, or None where there is no work, or it cannot be told."""
        try:
            return self._summary(key)
        except Exception:  # whatever one photo's files hold, the others must be listed; opening this one tells why
            return None

    def _summary(self, key: str) -> SessionInfo | None:
        home = self._home(key)
        status = _stat(home / "session.json") if home else None
        about = self.about(key) if status else None
        if about is None:
            return None
        hints, progress = _session_facts(home / "session.json", status.st_mtime_ns, status.st_size)
        return SessionInfo(
            id=key, name=about.name, width=about.width, height=about.height, hints=hints,
            saved=status.st_mtime * 1e3, status=progress,
        )  # fmt: skip

    def sessions(self) -> list[SessionInfo]:
        """All photos with kept work, the one saved last first."""
        found = (self.summary(home.name) for home in self._homes())
        return sorted((info for info in found if info), key=lambda info: -info.saved)

    def forget(self, key: str) -> bool:
        """Remove a photo's copy and all work on it; whether there was any. Raises SaveError."""
        home = self._home(key)
        if home is None or not home.is_dir():
            return False
        with self._alone():
            if not home.is_dir():  # another process was quicker
                return False
            if not _bury(home):
                raise SaveError(f"cannot remove {home}: check the permissions of {self._sessions}")
        return True


def _bury(home: Path) -> bool:
    """Remove a photo's folder in one step, so that half of it never remains; whether the disk allowed it."""
    grave = home.with_name(f".{home.name}.{time.time_ns()}")
    try:
        home.rename(grave)
    except OSError:
        return False
    shutil.rmtree(grave, ignore_errors=True)
    return True


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the disk refuses below ``folder`` is told as a SaveError."""
    try:
        yield
    except OSError as error:
        raise SaveError(f"cannot write below {folder}: {error.strerror or error}; check its permissions") from error


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


@lru_cache(maxsize=2**16)  # more than a folder's photos: walked round and round, a smaller one would never hit
def _session_facts(path: Path, changed: int, size: int) -> tuple[int, str]:
    """Hints and status of a session, read once per version of its file. Raises whatever a damaged one leads to."""
    state = json.loads(path.read_bytes())
    return len(state["present"]), state.get("status", SessionState.model_fields["status"].default)

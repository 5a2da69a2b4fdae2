"""Exports: many photos colored in the background, one after another, and fetched as one ZIP."""

import queue
import secrets
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from adacolvit.errors import ExportRefused, SaveError
from adacolvit.lock import held, is_held
from adacolvit.weights import Weights

from .messages import ExportInfo, Failure
from .worker import Task, Worker

MOST_KEPT = 4  # exports whose pictures are kept; the oldest finished one makes room
MOST_WAITING = 8
_IDLE_SECONDS = 60  # after which the process that colors is ended, which gives its memory back; it starts in one
_CHUNK = 2**20


@dataclass(eq=False)
class Export:
    """One export; ``tasks`` and ``folder`` are fixed, the rest says how far it is."""

    id: str
    folder: Path
    tasks: list[Task]
    done: int = 0
    failed: list[Failure] = field(default_factory=list)
    current: str | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    canceled: threading.Event = field(default_factory=threading.Event)
    readers: int = 0  # who fetch its pictures now

    def info(self) -> ExportInfo:
        """How far it is; ``done`` counts photos that failed too."""
        finished = self.finished.is_set()  # looked at first: a finished export's count is the last one
        return ExportInfo(
            id=self.id, done=self.done, total=len(self.tasks), failed=list(self.failed), current=self.current,
            finished=finished, canceled=self.canceled.is_set(),
        )  # fmt: skip

    def run(self, worker: Worker) -> None:
        """Do all tasks, until canceled."""
        for task in self.tasks:
            if self.canceled.is_set():
                break
            self.current = task.name
            problem = worker.perform(task, self.canceled)
            if self.canceled.is_set():
                break
            if problem:
                self.failed.append(Failure(name=task.name, error=problem))
            self.done += 1
        self.current = None
        self.finished.set()

    def zip(self) -> Iterator[bytes]:
        """The pictures as a ZIP, piece by piece. They are stored as they are: they are compressed already."""
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(self.folder.iterdir()):
                entry = zipfile.ZipInfo.from_file(path, path.name)
                with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                    while chunk := source.read(_CHUNK):
                        target.write(chunk)
                        yield sink.take()
        yield sink.take()


class _Sink:
    """A file that is read while it is written, and cannot be gone back in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


class Exports:
    """All exports of an app. Their pictures lie below ``folder`` until the app ends; what apps that were killed left
    there is removed."""

    def __init__(self, folder: Path, weights: Weights) -> None:
        self._root = folder
        self._folder = folder / secrets.token_hex(8)
        self._alive = ExitStack()  # holds the lock of the app's own folder, so that others leave it
        self._weights = weights
        self._exports: dict[str, Export] = {}
        self._waiting: queue.Queue[Export | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._remove_left_behind()

    def new_folder(self) -> Path:
        """Where the next export's pictures go; its name is the export's id. Raises SaveError."""
        folder = self._folder / secrets.token_hex(8)
        try:
            with self._lock:
                if not self._folder.exists():
                    self._make_own_folder()
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise SaveError(
                f"cannot make the folder {folder} for pictures ({error.strerror}): set ADACOLVIT_DATA to another place"
            ) from error
        return folder

    def start(self, folder: Path, tasks: list[Task]) -> Export:
        """Queue an export whose tasks write into ``folder``. Raises ExportRefused where too many wait already."""
        export = Export(folder.name, folder, tasks)
        with self._lock:
            running = [other for other in self._exports.values() if not other.finished.is_set()]
            if len(running) >= MOST_WAITING:
                shutil.rmtree(folder, ignore_errors=True)
                raise ExportRefused(f"{len(running)} exports are under way already: wait for one, or cancel one")
            finished = [other for other in self._exports.values() if other.finished.is_set()]
            idle = [other for other in finished if not other.readers]
            for other in idle[: max(0, len(finished) - MOST_KEPT + 1)]:
                self._remove(other)
            self._exports[export.id] = export
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="exports", daemon=True)
                self._thread.start()
        self._waiting.put(export)
        return export

    def get(self, key: str) -> Export | None:
        """An export, or None where there is none (any more)."""
        return self._exports.get(key)

    def begin_reading(self, key: str) -> Export | None:
        """A finished export, whose pictures stay until :meth:`end_reading`; None where there is none (any more)."""
        with self._lock:
            export = self._exports.get(key)
            if export is None or not export.finished.is_set():
                return None
            export.readers += 1
        return export

    def end_reading(self, export: Export) -> None:
        """One who fetched its pictures does so no more."""
        with self._lock:
            export.readers -= 1
            if export.id not in self._exports:
                self._remove_pictures(export)

    def running(self) -> int:
        """Exports that are not finished."""
        return sum(not export.finished.is_set() for export in list(self._exports.values()))

    def cancel(self, key: str) -> bool:
        """Stop an export and remove its pictures, once nobody fetches them; whether there was one."""
        with self._lock:
            export = self._exports.get(key)
            if export is None:
                return False
            export.canceled.set()
            self._remove(export)
        return True

    def close(self) -> None:
        """Stop all and remove their pictures."""
        with self._lock:
            for export in self._exports.values():
                export.canceled.set()
            thread = self._thread
        if thread:
            self._waiting.put(None)
            thread.join()
        self._alive.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_own_folder(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with held(self._root / "lock"):  # so that nobody removes it before its own lock is held
            self._folder.mkdir(mode=0o700)
            self._alive.enter_context(held(self._folder / "lock"))

    def _remove_left_behind(self) -> None:
        if not self._root.is_dir():
            return
        with suppress(OSError), held(self._root / "lock"):
            for folder in self._root.iterdir():
                if folder.is_dir() and not is_held(folder / "lock"):
                    shutil.rmtree(folder, ignore_errors=True)

    def _remove(self, export: Export) -> None:
        self._exports.pop(export.id)
        self._remove_pictures(export)

    def _remove_pictures(self, export: Export) -> None:
        if not export.readers:
            shutil.rmtree(export.folder, ignore_errors=True)

    def _work(self) -> None:
        worker = Worker(self._weights)
        while True:
            try:
                export = self._waiting.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                worker.close()
                continue
            if export is None:
                break
            export.run(worker)
            if export.canceled.is_set():
                with self._lock:
                    self._remove_pictures(export)
        worker.close()

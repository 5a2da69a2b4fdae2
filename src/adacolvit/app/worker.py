"""A process that colors photos in the background, at low priority, so that clicks in the app are answered as ever."""

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from adacolvit.batch import Look, color_photo
from adacolvit.colorizer import Colorizer
from adacolvit.errors import AdaColViTError, PhotoError
from adacolvit.hints.file import HintFile, save_hints
from adacolvit.hints.hint import as_hints
from adacolvit.runtime.engine import Engine
from adacolvit.weights import Weights

from .library import content_id

_NICENESS = 10
_PATIENCE = 0.1  # seconds between looks at whether the work was canceled


@dataclass(frozen=True)
class Task:
    """A photo to be written. ``hints`` in its pixels; ``hint_file`` is where they are written to, if anywhere."""

    key: str
    name: str
    source: Path
    hints: list[dict]
    output: Path
    look: Look
    hint_file: Path | None = None


def perform(colorizer: Colorizer, task: Task) -> None:
    """Color and write one photo. Raises AdaColViTError."""
    try:
        data = task.source.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot read {task.name}: {error.strerror}; open it again") from error
    if content_id(data) != task.key:
        raise PhotoError(f"{task.name} was changed since it was opened: open it again")
    hints = as_hints(task.hints)
    result = color_photo(colorizer, data, lambda _: hints, task.output, task.look)
    if task.hint_file:
        save_hints(task.hint_file, HintFile(task.name, result.photo.width, result.photo.height, hints))


def _serve(wire: Connection, weights: Weights) -> None:
    """The process: performs tasks until the wire is closed, as it is when the app ends in whatever way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the app's, which then ends this process
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    colorizer = Colorizer(Engine(weights))
    with suppress(EOFError):
        while True:
            task = wire.recv()
            try:
                perform(colorizer, task)
                wire.send(None)
            except (AdaColViTError, MemoryError) as error:
                wire.send(str(error) or f"{task.name} does not fit in memory: close other programs")


class Worker:
    """The process from outside, started when it is first needed. For one thread."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._process = None
        self._wire = None

    def perform(self, task: Task, canceled: threading.Event) -> str | None:
        """Have a task done. Returns why it failed, or None; when canceled meanwhile, the process is ended."""
        if self._process is None or not self._process.is_alive():
            self._start()
        try:
            self._wire.send(task)
            while not self._wire.poll(_PATIENCE):  # true as well where the process ended
                if canceled.is_set():
                    self.close()
                    return None
            return self._wire.recv()
        except (EOFError, ConnectionError):  # it ended before it answered, or before it read the task
            self.close()  # its end may not be known yet, and the next task would be sent after it
            return f"{task.name} could not be colored: the program for it ended, most likely for lack of memory"

    def close(self) -> None:
        """End the process; what it was writing is left out, not half-written."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._wire.close()
            self._process = None

    def _start(self) -> None:
        self.close()
        context = multiprocessing.get_context("spawn")  # a copy of this process would hold its threads' locks
        self._wire, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._weights), daemon=True)
        self._process.start()
        theirs.close()  # theirs alone now, so that each side sees the other end

"""A process that colors photos in the background, at low priority, so that clicks in the app are answered as ever."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adacolvit.batch import Look, color_photo
from adacolvit.colorizer import Colorizer
from adacolvit.crew import Helper
from adacolvit.errors import AdaColViTError, PhotoError
from adacolvit.hints.file import HintFile, save_hints
from adacolvit.hints.hint import as_hints
from adacolvit.runtime.engine import Engine
from adacolvit.weights import Weights

from .library import content_id

_NICENESS = 10


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
    budget: float | None = None


def perform(colorizer: Colorizer, task: Task) -> None:
    """Color and write one photo. Raises AdaColViTError."""
    try:
        data = task.source.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot read {task.name}: {error.strerror}; open it again") from error
    if content_id(data) != task.key:
        raise PhotoError(f"{task.name} was changed since it was opened: open it again")
    hints = as_hints(task.hints)
    result = color_photo(colorizer, data, lambda _: hints, task.output, task.look, budget=task.budget)
    if task.hint_file:
        save_hints(task.hint_file, HintFile(task.name, result.photo.width, result.photo.height, hints))


def _prepare(weights: Weights) -> Callable[[Task], str | None]:
    """In the process: what performs a task and says why it failed, or None."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    colorizer = Colorizer(Engine(weights))

    def answer(task: Task) -> str | None:
        try:
            return perform(colorizer, task)
        except (AdaColViTError, MemoryError) as error:
            return str(error) or f"{task.name} does not fit in memory: close other programs"
        except Exception as error:  # nobody foresaw it: told as it is, and the next photos are colored
            return f"{task.name} could not be colored ({type(error).__name__}: {error})"

    return answer


class Worker:
    """The process from outside, started when it is first needed. For one thread."""

    def __init__(self, weights: Weights) -> None:
        self._helper = Helper(partial(_prepare, weights))

    def perform(self, task: Task, canceled: threading.Event) -> str | None:
        """Have a task done. Returns why it failed, or None; when canceled meanwhile, the process is ended."""
        try:
            return self._helper.ask(task, canceled)
        except EOFError:
            return f"{task.name} could not be colored: the program for it ended, most likely for lack of memory"

    def close(self) -> None:
        """End the process; what it was writing is left out, not half-written."""
        self._helper.kill()

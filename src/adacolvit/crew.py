"""Processes that do tasks: started when they are first needed, and anew where one ended."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

_PATIENCE = 0.1  # seconds between looks at whether a task was canceled
_AHEAD = 4  # tasks given out for each process, so that none is idle while the answer to a long task is waited for

Prepare = Callable[[], Callable[[Any], Any]]  # called once in a process: gives what does a task


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Helper:
    """A process from outside. For one thread at a time."""

    def __init__(self, prepare: Prepare) -> None:
        """``prepare``, its tasks and their answers have to be picklable."""
        self._prepare = prepare
        self._process = None
        self._wire = None

    def ask(self, task, canceled: threading.Event | None = None):
        """The answer to a task, or None when it was canceled meanwhile, for which the process is ended.

        Raises EOFError where the process ended before it answered, or could not be started; the next task has another.
        """
        try:
            if self._process is None or not self._process.is_alive():
                self._start()
            self._wire.send(task)
            while canceled and not self._wire.poll(_PATIENCE):  # true as well where the process ended
                if canceled.is_set():
                    self.kill()
                    return None
            return self._wire.recv()
        except (EOFError, OSError) as error:  # before it answered, or read the task; or none could be started
            self.kill()  # its end may not be known yet, and the next task would be sent after it
            raise EOFError from error

    def dismiss(self) -> None:
        """End the process once it has done what it does."""
        if self._process is not None:
            self._wire.close()
            self._process.join()
            self._process = None

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self.dismiss()

    def _start(self) -> None:
        self.kill()
        context = multiprocessing.get_context("spawn")  # a copy of this process would hold its threads' locks
        self._wire, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._prepare), daemon=True)
        with theirs, _deaf():  # theirs alone afterwards, so that each side sees the other end
            process.start()
        self._process = process


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started here does not hear Ctrl-C, which is for the program that started it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(wire: Connection, prepare: Prepare) -> None:
    """The process: does tasks until the wire is closed, as it is when the program ends in whatever way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    do = prepare()
    with suppress(EOFError, ConnectionError):
        while True:
            wire.send(do(wire.recv()))


def in_order(prepare: Prepare, tasks: Iterable, helpers: int, lost: Callable[[Any], Any]) -> Iterator:
    """The answers to tasks, in the order of the tasks, by so many processes at once.

    ``lost``: what the answer is where a process ended over a task. When the iterator is closed before its end, the
    tasks that are under way are waited for.
    """
    crew = [Helper(prepare) for _ in range(helpers)]
    idle = deque(crew)
    pool = ThreadPoolExecutor(helpers, thread_name_prefix="helper")
    do, waiting = partial(_do, idle, lost), deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(do, task))
            if len(waiting) > _AHEAD * helpers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        for helper in crew:
            helper.dismiss()


def _do(idle: deque, lost: Callable[[Any], Any], task):
    helper = idle.pop()  # there are as many as threads
    try:
        return helper.ask(task)
    except EOFError:
        return lost(task)
    finally:
        idle.append(helper)

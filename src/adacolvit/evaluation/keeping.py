"""Work of hours leaves what it has, however it is ended."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 60  # seconds of work that may be lost where a process is killed outright


@contextmanager
def kept(save: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Within: what is given is to be called after each piece of work. It calls ``save`` about once a minute.

    At the end, however it comes, ``save`` is called too. SIGTERM (``kill``, a cluster's time limit) comes as Ctrl-C
    does, as KeyboardInterrupt. For the main thread.
    """
    saved = time.monotonic()

    def done() -> None:
        nonlocal saved
        if time.monotonic() - saved >= EVERY:
            save()
            saved = time.monotonic()

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield done
    finally:
        try:
            save()
        finally:
            signal.signal(signal.SIGTERM, before)

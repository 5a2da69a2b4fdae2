"""A lock that holds between processes, for those that share one folder."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_RETRY = 0.02  # seconds between two tries, where the system cannot wait for a lock without a limit


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep everybody else who uses this with the same ``path`` out meanwhile. The system gives up the lock of a process
    that is killed; the file stays, for whoever waits has it open. Raises OSError where it cannot be made.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)  # which gives up the lock


def is_held(path: Path) -> bool:
    """Whether somebody keeps others out of ``path`` now; also where that cannot be told. The file is made."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return True
    try:
        _take_now(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _take(handle: int) -> None:
    if fcntl:
        with suppress(OSError):  # a file system without locks: then each process is on its own
            fcntl.flock(handle, fcntl.LOCK_EX)
        return
    while True:
        try:
            return _take_now(handle)
        except PermissionError:  # another one has it
            time.sleep(_RETRY)


def _take_now(handle: int) -> None:
    """Raises OSError where another one has it."""
    if fcntl:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

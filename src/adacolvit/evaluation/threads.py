"""Threads of NumPy and of torch, and cores: more than one per process do harm where processes share the cores."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"  # read where a library is loaded


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})  # the first one has most of the interrupts
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def one_thread_in_children() -> Iterator[None]:
    """Processes that start within multiply matrices on one thread each; four times as quick with two on two cores."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(dict.fromkeys(_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Within: torch, if it is imported by now, computes on the calling thread alone."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    try:
        if torch:
            torch.set_num_threads(1)
        yield
    finally:
        if torch:
            torch.set_num_threads(before)

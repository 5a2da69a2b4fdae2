"""Processes that do tasks, where the system gives no more of them."""

import functools
import multiprocessing

import pytest

from adacolvit.crew import Helper, in_order

PREPARE = functools.partial(getattr, str, "upper")


def refuse(*_):
    raise BlockingIOError("Resource temporarily unavailable")


def test_a_helper_that_cannot_be_started_is_told_and_starts_later(monkeypatch):
    helper = Helper(PREPARE)
    with monkeypatch.context() as full:
        full.setattr(multiprocessing.process.BaseProcess, "start", refuse)
        for _ in range(2):
            with pytest.raises(EOFError):
                helper.ask("a")
        assert list(in_order(PREPARE, "ab", 2, lambda task: f"lost {task}")) == ["lost a", "lost b"]
    assert helper.ask("a") == "A"
    helper.dismiss()

"""Processes that share the cores take one thread each."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from adacolvit.evaluation.threads import one_thread_in_children

NAME = "OPENBLAS_NUM_THREADS"


@pytest.mark.parametrize("before", [None, "7"])
def test_children_are_told_and_the_parent_keeps_its_own(monkeypatch, before):
    monkeypatch.delenv(NAME, raising=False)
    if before:
        monkeypatch.setenv(NAME, before)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        with one_thread_in_children():
            for _ in range(2):
                pool.submit(int)
        assert os.environ.get(NAME) == before
        assert set(pool.map(os.getenv, [NAME] * 8)) == {"1"}

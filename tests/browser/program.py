"""The program in a process of its own, that can be killed and started again where it was."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Program:
    """``adacolvit app`` at an address that stays the same; its data folder outlives the process."""

    def __init__(self, weights: Path, data: Path, *photos: Path) -> None:
        # One thread: on several, a network as small as the tests' waits longer for cores than it computes.
        self._line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--threads=1"]
        self._line += ["--model", str(weights)]
        self._photos = [str(photo) for photo in photos]
        self._environment = {**os.environ, "ADACOLVIT_DATA": str(data)}
        self._process: subprocess.Popen | None = None
        self._port = "0"
        self.address = ""

    def start(self) -> None:
        line = [*self._line, "--port", self._port, *self._photos]
        self._process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=self._environment)
        found = re.search(r"(http://[^:]+:(\d+)/)\S*", self._process.stdout.readline())
        self.address, self._port = found[1], found[2]

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process.stdout.close()
            self._process = None


@contextmanager
def running(weights: Path, data: Path, *photos: Path) -> Iterator[Program]:
    """A program that is started, and killed in the end."""
    program = Program(weights, data, *photos)
    program.start()
    try:
        yield program
    finally:
        program.kill()

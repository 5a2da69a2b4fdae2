"""What a person sees in a terminal while photos are colored."""

import os
import re
import subprocess
import sys

import pytest

from .files import photo


@pytest.mark.skipif(os.name != "posix", reason="makes a terminal of the POSIX kind")
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_results_and_the_bar_have_lines_of_their_own(tmp_path, small_weights, json):
    for name in "ab":
        photo(tmp_path / "in" / f"{name}.png")
    terminal, its = os.openpty()
    command = [sys.executable, "-m", "adacolvit.cli", "colorize", "in", "-o", "out", f"--model={small_weights}", *json]
    with subprocess.Popen(command, cwd=tmp_path, stdout=its, stderr=its, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(its)
        seen = b""
        try:
            while read := os.read(terminal, 4096):
                seen += read
        except OSError:  # the other end is closed
            pass
    os.close(terminal)
    assert process.returncode == 0 and b"coloring" in seen
    begin = rb'\{"photo": ' if json else b"in/"
    assert len(re.findall(begin, seen)) == len(re.findall(rb"(?:\n|\x1b\[2K)" + begin, seen)) == 2

"""Files are written whole, and what the disk refuses is told as an error of ours."""

import os
import stat
import subprocess
import sys

import pytest

from adacolvit.errors import SaveError
from adacolvit.files import write_file


@pytest.mark.skipif(os.name != "posix", reason="elsewhere there are no such permissions")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_file(target, b"new")
    assert target.read_bytes() == b"new" and stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_too_long_a_name_is_told(tmp_path):
    with pytest.raises(SaveError, match="too long"):
        write_file(tmp_path / ("x" * 300), b"data")
    assert list(tmp_path.iterdir()) == []


_CLOSED = """
import os, sys
from adacolvit.errors import SaveError
from adacolvit.files import write_file
if os.getuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    write_file(sys.argv[1], b"data")
except SaveError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere there are no such permissions")
def test_a_closed_folder_is_told(tmp_path):
    """As somebody who may not look into it; for root, no folder is closed."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "a.txt").write_bytes(b"old")
    closed.chmod(0)
    try:
        found = subprocess.run(
            [sys.executable, "-c", _CLOSED, closed / "a.txt"], capture_output=True, text=True, timeout=60
        )
    finally:
        closed.chmod(0o700)
    assert "does not allow it" in found.stdout, found.stderr

"""How tests of the commands call them."""

import pytest

from adacolvit.cli import main


@pytest.fixture
def run(small_weights, capsys):
    """``adacolvit colorize ARGS`` with the small network -> (exit code, lines of stdout, stderr)."""

    def colorize(*args):
        code = main(["colorize", f"--model={small_weights}", *map(str, args)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out.splitlines(), err

    return colorize

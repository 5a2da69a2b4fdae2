"""`adacolvit suggest`."""

import json
import os

from adacolvit.cli import main
from adacolvit.hints.file import load_hints
from adacolvit.hints.hint import Hint

from .files import photo


def test_suggestions_are_written_as_hints_that_colorize_uses(table, small_weights, run, capsys):
    photo(table / "p.png", size=(300, 200))

    def suggest(*args):
        code = main(["suggest", f"--model={small_weights}", *args])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    code, out, err = suggest("p.png", "--json", "--count", "3")
    (places,) = (json.loads(line)["places"] for line in out)
    assert (code, err, len(places)) == (0, "", 3) and os.listdir() == ["p.png"]
    first = places[0]
    assert 0 <= first["x"] < 300 and 0 <= first["y"] < 200 and first["colors"][0]["reason"] == "model"
    code, out, err = suggest("p.png", "missing.png", "--count", "3", "--write")
    assert code == 1 and "missing.png: cannot open" in err and out[0] == "p.png -> p.png.hints.json"
    assert out[1:] == [
        f"  {p['x']},{p['y']}  " + "  ".join(f"{c['color']} {c['reason']}" for c in p["colors"]) for p in places
    ]
    written = load_hints("p.png.hints.json").hints
    assert written == tuple(Hint(p["x"], p["y"], p["colors"][0]["color"]) for p in places)
    assert run("p.png")[1] == ["p.png -> p.color.png (3 hints)"]
    assert suggest("p.png", "--count", "2", "--write")[0] == 0
    more = load_hints("p.png.hints.json").hints
    assert more[:3] == written and len(set(more)) == 5

from pathlib import Path

from adacolvit.app.schema import dump

SCHEMA = Path(__file__).parents[2] / "web" / "schema.json"


def test_the_front_ends_types_are_those_of_the_server():
    """The build makes ``src/engine/schema.d.ts`` of this file, and fails where the sources do not fit it."""
    assert SCHEMA.read_text() == dump(), "run: python -m adacolvit.app.schema > web/schema.json; cd web; npm run build"

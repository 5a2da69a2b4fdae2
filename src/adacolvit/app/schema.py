"""``python -m adacolvit.app.schema > web/schema.json``: what the front end's types are generated from."""

import json

from .messages import wire_schema


def dump() -> str:
    """The wire's schema as stable, diffable JSON text."""
    return json.dumps(wire_schema(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(dump(), end="")

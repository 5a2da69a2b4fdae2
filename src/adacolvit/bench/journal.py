"""What a run has measured so far, photo by photo, so that one which was stopped goes on where it stood."""

import json
from pathlib import Path


class Journal:
    """Lines of JSON: the settings, then a record for each photo. Without a path it is kept in memory alone."""

    def __init__(self, path: Path | None, settings: dict) -> None:
        """What another run with the same settings has left at ``path`` is taken over; of other settings, forgotten."""
        self._path = path
        self.records: list[dict] = []
        head = json.dumps(settings)
        lines = path.read_text().split("\n")[:-1] if path and path.exists() else []  # the last may be cut off
        if lines[:1] == [head]:
            self.records = [json.loads(line) for line in lines[1:]]
        if path:
            path.write_text("".join(f"{line}\n" for line in (head, *map(json.dumps, self.records))))

    def note(self, record: dict) -> None:
        """Keep the record of one more photo."""
        self.records.append(record)
        if self._path:
            with self._path.open("a") as file:
                file.write(json.dumps(record) + "\n")

    def remove(self) -> None:
        """The run is done."""
        if self._path:
            self._path.unlink()

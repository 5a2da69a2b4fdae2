"""One measurement, and the table of all of them as a CSV file."""

import csv
import io
from dataclasses import astuple, dataclass, fields

from adacolvit.errors import DataError
from adacolvit.files import write_file


@dataclass(frozen=True)
class Row:
    """One photo colored by one method from one number of hints. NaN where a value is not defined."""

    hint_set: str  # digest of the hint set
    frame: str  # "square" or "native": what the method saw
    key: str  # of the photo
    method: str
    hints: int
    psnr: float  # dB on the 224 x 224 square: the paper's number, whatever the method saw
    gain: float  # dB above leaving the photo gray, on the square
    psnr_native: float  # dB on the frame of the photo's own aspect
    ciede2000: float  # mean over the square's pixels
    ssim: float  # on the square
    macs: float  # multiply-accumulates
    chroma: float  # mean, Lab units; on what the method saw, as all below
    true_chroma: float
    seam: float  # step of color across the borders of patches over the step elsewhere
    true_seam: float
    hint_error: float  # CIEDE2000 between asked and obtained, median over the hints


def write_csv(path, rows: list[Row]) -> None:
    """Write rows, numbers in full precision. SaveError where the file cannot be written."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(field.name for field in fields(Row))
    writer.writerows(astuple(row) for row in rows)
    write_file(path, table.getvalue().encode())


def read_csv(path) -> list[Row]:
    """Read what :func:`write_csv` wrote. DataError where it is something else."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != [field.name for field in fields(Row)]:
                raise DataError(f"{path} is not a table of this version's measurements: measure again")
            return [Row(**{field.name: field.type(line[field.name]) for field in fields(Row)}) for line in reader]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"the measurements {path} cannot be read: {error}") from error


def reusable(path, methods, hint_set: str, frame: str) -> dict[tuple[str, str, int], Row]:
    """Rows of ``methods`` in an earlier table, by (key, method, hints).

    DataError where the table was measured with another hint set or frame.
    """
    rows = read_csv(path)
    if any((row.hint_set, row.frame) != (hint_set, frame) for row in rows):
        raise DataError(f"{path} was measured with another hint set or frame: measure its baselines again")
    return {(row.key, row.method, row.hints): row for row in rows if row.method in methods}

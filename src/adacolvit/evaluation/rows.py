"""One measurement, and the table of all of them as a CSV or Parquet file."""

import csv
import io
import math
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from adacolvit.errors import DataError, MissingExtra
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
    lpips: float = math.nan  # on the square, pictures fed in [-1, 1] as it is meant
    lpips_unscaled: float = math.nan  # pictures fed in [0, 1], as in the tables of iColoriT and its followers
    lpips_net: str = ""  # the backbone of both; "": not measured
    weights: str = ""  # SHA-256 of the network's file; "": the method is no network


def write_csv(path, rows: list[Row]) -> None:
    """Write rows, numbers in full precision. SaveError where the file cannot be written."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(field.name for field in fields(Row))
    writer.writerows(astuple(row) for row in rows)
    write_file(path, table.getvalue().encode())


def write_parquet(path, rows: list[Row]) -> None:
    """Write rows as Parquet, a column per field. SaveError where the file cannot be written; MissingExtra."""
    pyarrow, parquet = need_pyarrow()
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([asdict(row) for row in rows]), out, compression="zstd")
    write_file(path, out.getvalue())


def need_pyarrow():
    """pyarrow and its Parquet. Raises MissingExtra, which is to be known before the work and not after it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("pyarrow", "parquet") from error
    return pyarrow, pyarrow.parquet


def read_table(path) -> list[Row]:
    """Read what :func:`write_csv` or, by the name's ending, :func:`write_parquet` wrote.

    Raises DataError where it is something else, MissingExtra.
    """
    try:
        names, lines = _parquet(path) if Path(path).suffix == ".parquet" else _csv(path)
        if names != [field.name for field in fields(Row)]:
            raise DataError(f"{path} is not a table of this version's measurements: measure again")
        return [Row(**{field.name: field.type(line[field.name]) for field in fields(Row)}) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"the measurements {path} cannot be read: {error}") from error


def _csv(path) -> tuple[list[str] | None, list[dict]]:
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames and list(reader.fieldnames), list(reader)


def _parquet(path) -> tuple[list[str], list[dict]]:
    table = need_pyarrow()[1].read_table(path)  # pyarrow's own error is a ValueError
    return table.column_names, table.to_pylist()


def read_alike(path, hint_set: str, frame: str, lpips_net: str = "") -> dict[tuple[str, str, int], Row]:
    """The rows of an earlier table, by (key, method, hints).

    DataError where it was measured with another hint set, frame, or backbone of LPIPS than these.
    """
    rows = read_table(path)
    if any((row.hint_set, row.frame, row.lpips_net) != (hint_set, frame, lpips_net) for row in rows):
        raise DataError(
            f"{path} was measured with another hint set or frame, or another LPIPS: measure its methods again"
        )
    return {(row.key, row.method, row.hints): row for row in rows}

"""What ``adacolvit evaluate`` shows and writes; used by the command alone."""

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from adacolvit import __version__
from adacolvit.files import write_file

from .datasets import title
from .hintset import HintSet
from .photos import Photos
from .rows import Row
from .summary import worst

WORST = 5  # photos named under the table


def progress_bar() -> Progress:
    """A bar with the time left, on the error stream, so that the table can be redirected alone."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


def _number(entry: dict, name: str, digits: int, scale: float = 1.0) -> str:
    value = entry.get(name)
    return "-" if value is None else f"{value * scale:.{digits}f}"


def _interval(entry: dict, name: str) -> str:
    low, high = (_number(entry, f"{name}_{end}", 2) for end in ("low", "high"))
    return "-" if low == "-" else f"{low}..{high}"


def _macs(entry: dict) -> str:
    mean, low, high = (_number(entry, name, 3, 1e-9) for name in ("macs", "macs_p5", "macs_p95"))
    return "-" if mean == "-" else f"{mean} ({low}..{high})"


def _table(title: str, summary: list[dict], columns: dict[str, Callable[[dict], str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("method")
    for name in ("hints", *columns):
        table.add_column(name, justify="right", no_wrap=True)
    for entry, after in zip(summary, [*summary[1:], None], strict=True):
        last = after is None or after["method"] != entry["method"]
        cells = [cell(entry) for cell in columns.values()]
        table.add_row(entry["method"], str(entry["hints"]), *cells, end_section=last)
    return table


def print_report(summary: list[dict], rows: list[Row], count: int, latency: dict[str, dict] | None = None) -> None:
    """Print the tables, and the photos on which the first method gains least over gray with ``count`` hints.

    latency: as :func:`adacolvit.evaluation.latency.measure` gives it, for a column of its own.
    """
    first = rows[0].method
    quality = {
        "PSNR dB": lambda entry: _number(entry, "psnr", 2),
        "95 %": lambda entry: _interval(entry, "psnr"),
        f"less {first}": lambda entry: _number(entry, "difference", 2),
        "95 % ": lambda entry: _interval(entry, "difference"),
        "ΔE00": lambda entry: _number(entry, "ciede2000", 2),
        "SSIM": lambda entry: _number(entry, "ssim", 4),
        "GMACs (5..95 %)": _macs,
    }
    if rows[0].lpips_net:
        quality[f"LPIPS {rows[0].lpips_net}"] = lambda entry: _number(entry, "lpips", 4)
        quality["fed 0..1"] = lambda entry: _number(entry, "lpips_unscaled", 4)
    if latency:
        quality["ms"] = lambda entry: _number(latency[entry["method"]], "median", 1)
    checks = {
        "PSNR at own aspect": lambda entry: _number(entry, "psnr_native", 2),
        "over gray": lambda entry: _number(entry, "gain", 2),
        "saturation": lambda entry: _number(entry, "saturation", 2),
        "seams": lambda entry: _number(entry, "seam", 2),
        "of truth": lambda entry: _number(entry, "true_seam", 2),
        "ΔE00 under hints": lambda entry: _number(entry, "hint_error", 2),
    }
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)  # a file has no edge to wrap at
    photos = summary[0]["photos"]
    console.print(_table(f"{photos} photos; intervals are 95 % by bootstrap over the photos", summary, quality))
    console.print(_table("Checks", summary, checks))
    named = ", ".join(f"{row.key} ({row.gain:+.1f} dB)" for row in worst(rows, first, count, WORST))
    console.print(f"{first} with {count} hints gains least over gray on {named}", highlight=False, soft_wrap=True)


def public_command(words: Sequence[str]) -> str:
    """A command line fit to be published: of every path only its last part, so that no one's folders are in it."""

    def bare(word: str) -> str:
        option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        return option + equals + ",".join(part and _bare_path(part) for part in value.split(","))

    return shlex.join(["adacolvit", *map(bare, words)])


def _bare_path(text: str) -> str:
    kept = re.match(r"[\w.-]{2,}[:=]", text)  # alone:FILE, cub200:FOLDER, NETWORK=FILE; but not C:\\photos
    prefix = kept[0] if kept else ""
    return prefix + text[len(prefix) :].replace("\\", "/").rstrip("/").rpartition("/")[2]


def data_digest(photos: Photos) -> str:
    """12 hexadecimal digits of a set's keys and files."""
    state = hashlib.sha256()
    for key, checksum in photos.checksums.items():
        state.update(f"{key} {checksum}\n".encode())
    return state.hexdigest()[:12]


def write_json(path, args, hint_set: HintSet, photos: Photos, methods, summary: list[dict], extra: dict) -> None:
    """Write the summary with all that is needed to repeat it. SaveError where the file cannot be written.

    photos, methods: what was measured; of files, names and digests are kept, not where they lay. extra: more entries.
    """
    content = {
        "version": __version__,
        "command": public_command(sys.argv[1:]),
        "data": {"name": title(args.data), "digest": data_digest(photos)},
        "photos": summary[0]["photos"],
        "frame": args.frame,
        "hint_set": {"digest": hint_set.digest, "seed": hint_set.seed},
        "models": {method.name: method.digest for method in methods if method.digest},
        "compared_with": methods[0].name,
        "interval": "95 %, percentile bootstrap over photos",
        **extra,
        "summary": summary,
    }
    write_file(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())

"""The page of a table or figure: what the paper says, what was found, and all that is needed to judge or repeat it."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adacolvit import __version__
from adacolvit.evaluation.machine import machine
from adacolvit.evaluation.report import data_digest, public_command
from adacolvit.files import write_file

from .found import Found
from .paper import MINUS, SAMPLES, Numbers, System

# Field of a row -> what it is called, unit, digits, scale, and field of the paper's numbers.
UNITS = {
    "psnr": ("PSNR", "dB", 2, 1, "psnr"),
    "lpips_unscaled": ("LPIPS", "", 3, 1, "lpips"),
    "macs": ("cost", "GMACs", 3, 1e-9, "gmacs"),
}
FEEDS = {"lpips_unscaled": "paper-compatible, fed 0..1", "lpips": f"correct, fed {MINUS}1..1"}
BACKBONES = {"squeeze": "SqueezeNet", "alex": "AlexNet", "vgg": "VGG"}


@dataclass(frozen=True)
class Claim:
    """``one`` has more (or less) of a measure than ``other``."""

    one: System
    other: System
    measure: str  # one of UNITS
    paper: float | None = None  # how much more in the paper, in the unit shown; None: more, of which it gives no number
    hints: int = 10

    @classmethod
    def of(cls, paper: Mapping[System, Numbers], one: System, other: System, measure: str) -> "Claim":
        """By the paper's numbers."""
        name = UNITS[measure][-1]
        return cls(one, other, measure, getattr(paper[one], name) - getattr(paper[other], name))

    @property
    def more(self) -> bool:
        """Whether it claims more, not less."""
        return self.paper is None or self.paper > 0

    @property
    def sentence(self) -> str:
        """In words."""
        more = "more" if self.more else "less"
        return f"{self.one.label} has {more} {UNITS[self.measure][0]} than {self.other.label}"


def signed(value: float, digits: int) -> str:
    """A number with its sign, a true minus."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", MINUS)


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    marks = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, marks, *lines))


def claims(found: Found, stated: Sequence[Claim]) -> str:
    """Each claim of the paper beside its paired difference here, with its 95 % interval and what follows from it."""
    lines = []
    for claim in stated:
        _, unit, digits, scale, _ = UNITS[claim.measure]
        paired = found.compare(claim.one, claim.other, claim.measure, claim.hints)
        here, verdict = "-", "not measured"
        if paired:
            low, high = (signed(value * scale, digits) for value in (paired.low, paired.high))
            here = f"{signed(paired.mean * scale, digits)} ({low} to {high})"
            agrees = paired.verdict == ("more" if claim.more else "less")
            verdict = "undecided" if paired.verdict == "undecided" else "agrees" if agrees else "**the opposite**"
        by = "-" if claim.paper is None else f"{signed(claim.paper, digits)} {unit}".strip()
        lines.append((claim.sentence, by, here, verdict))
    return table(("the paper claims", "by", "here, paired by photo (95 %)", ""), lines)


def lpips_note(found: Found, feeds: Iterable[str] = FEEDS) -> list[str]:
    """What is to be known beside LPIPS where it was measured; feeds: those that are shown."""
    net = next(iter(found.rows.values()))[0].lpips_net
    shown = "; ".join(FEEDS[feed] for feed in feeds)
    return [f"LPIPS, the paper: VGG, fed 0..1; here {BACKBONES[net]}: {shown}."] if net else []


def provenance(found: Sequence[Found], missing: Sequence[System], lpips: dict | None, paper_data: str) -> str:
    """Command, data, networks with the samples they saw, and machine; paper_data: what the paper measured on."""
    lines = [f"Command: `{public_command(sys.argv[1:])}` (version {__version__})", ""]
    for one in found:
        data = one.data
        digests = f"files `{data_digest(data.photos)}`, hint set `{data.hint_set.digest}`"
        lines.append(f"* Photos: {len(data.photos)} of {data.title}, stretched to 224 x 224; {digests}.")
    for trained in dict.fromkeys(trained for one in found for trained in one.rows if trained.weights):
        seen = f"{trained.samples:,} samples, {trained.samples / SAMPLES:.2%} of the paper's" if trained.samples else ""
        lines.append(f"* {trained.network}: weights `{trained.digest}`; {seen or 'samples seen are not recorded'}.")
    samples = {trained.samples for one in found for trained in one.rows if trained.weights}
    if len(samples) > 1 or (samples == {None} and len(found[0].rows) > 1):
        lines.append(
            "* **The networks are not known to have seen equally many samples**, so that a difference between them is "
            "not the methods' alone. `--train SAMPLES` trains all of them alike."
        )
    if missing:
        lines.append(f"* Not measured, for want of weights: {', '.join(system.label for system in missing)}.")
    lines.append("* Networks are measured alone, without what the product does after them.")
    lines += [f"* {system.label}: {system.note}." for system in _noted(found)]
    if lpips:
        files = ", ".join(f"{name} `{digest[:12]}`" for name, digest in lpips["files"].items())
        lines.append(f"* LPIPS with {lpips['net']}: {files}.")
    where = machine()
    lines.append(f"* Machine: {where['processor']}, {where['cores']} cores, {where['system']}.")
    lines.append(
        f"* The paper: 1.3 million photos of ImageNet x 50 epochs ({SAMPLES / 1e6:.0f} million samples), measured on "
        f"{paper_data}. Intervals are 95 %, percentile bootstrap over the photos."
    )
    return "\n".join(lines)


def _noted(found: Sequence[Found]) -> list[System]:
    from . import paper

    systems = [value for value in vars(paper).values() if isinstance(value, System)]
    return [s for s in systems if s.note and any(one.of(s) for one in found)]


def write(path: Path, title: str, parts: Sequence[str]) -> None:
    """Write a page of Markdown."""
    write_file(path, ("\n\n".join([f"# {title}", *parts]) + "\n").encode())

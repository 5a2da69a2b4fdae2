"""Table 3: other data sets than the one learnt from: flowers and birds."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import ADACOLVIT_T, BIRDS, FLOWERS, ICOLORIT_T


def numbers(title: str) -> dict:
    """The paper's numbers on a data set, by what it is called here; none on sets that the paper does not have."""
    if "flowers" in title.lower():
        return FLOWERS
    return BIRDS if "cub" in title.lower() else {}


def _more(paper: dict, measure: str) -> float:
    return getattr(paper[ADACOLVIT_T], measure) - getattr(paper[ICOLORIT_T], measure)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        paper = numbers(one.data.title)
        stated = [
            Claim(ADACOLVIT_T, ICOLORIT_T, measure, _more(paper, measure)) for measure in ("psnr", "lpips") if paper
        ]
        parts += compared.write([one], numbers, stated)
    return parts


EXPERIMENT = Experiment("Table 3: Oxford 102 flowers and CUB-200-2011, 10 hints", tuple(FLOWERS), (10,), write)

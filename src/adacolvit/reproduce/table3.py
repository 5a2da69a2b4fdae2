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


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        paper = numbers(one.data.title)
        measures = ("psnr", "lpips_unscaled") if paper else ()
        stated = [Claim.of(paper, ADACOLVIT_T, ICOLORIT_T, measure) for measure in measures]
        parts += compared.write([one], numbers, stated)
    return parts


EXPERIMENT = Experiment(
    "Table 3: Oxford 102 flowers and CUB-200-2011, 10 hints",
    tuple(FLOWERS),
    (10,),
    write,
    paper_data="1,000 test photos of Oxford 102 flowers, which ones is not published (`flowers102:DIR` here is all "
    "6,149), and on photos of CUB-200-2011",
)

"""Table 2: other ways to make the same ViT adaptive."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, ADAVIT, AVIT, DYNAMICVIT, EFFICIENT

CLAIMS = tuple(
    Claim.of(EFFICIENT, ours, other, "psnr")
    for ours in (ADACOLVIT_T, ADACOLVIT_T_D24)
    for other in (DYNAMICVIT, ADAVIT, AVIT)
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    return compared.write(found, lambda _: EFFICIENT, CLAIMS)


EXPERIMENT = Experiment("Table 2: adaptive vision transformers, 10 hints", tuple(EFFICIENT), (10,), write)

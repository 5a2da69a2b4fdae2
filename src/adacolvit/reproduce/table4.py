"""Table 4: how many groups the channels are split into."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import GROUPS, GROUPS_2, GROUPS_4, GROUPS_8

CLAIMS = (
    Claim(GROUPS_2, GROUPS_4, "psnr", 28.71 - 28.66),
    Claim(GROUPS_2, GROUPS_8, "psnr", 28.71 - 28.67),
    Claim(GROUPS_2, GROUPS_4, "lpips", 0.085 - 0.086),
    Claim(GROUPS_2, GROUPS_8, "lpips", 0.085 - 0.086),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    return compared.write(found, lambda _: GROUPS, CLAIMS)


EXPERIMENT = Experiment("Table 4: groups of channels at one cost, 10 hints", tuple(GROUPS), (10,), write)

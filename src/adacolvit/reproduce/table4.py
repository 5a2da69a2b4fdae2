"""Table 4: how many groups the channels are split into."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import GROUPS, GROUPS_2, GROUPS_4, GROUPS_8

CLAIMS = (
    Claim.of(GROUPS, GROUPS_2, GROUPS_4, "psnr"),
    Claim.of(GROUPS, GROUPS_2, GROUPS_8, "psnr"),
    Claim.of(GROUPS, GROUPS_2, GROUPS_4, "lpips_unscaled"),
    Claim.of(GROUPS, GROUPS_2, GROUPS_8, "lpips_unscaled"),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        costs = [
            f"{system.label}: {one.entry(trained, compared.HINTS)['macs'] / 1e9:.3f}"
            for system in GROUPS
            for trained in one.of(system)
        ]
        parts += compared.write([one], lambda _: GROUPS, CLAIMS)
        parts.append(f"What they cost here, in GMACs: {'; '.join(costs)}.")
    return parts


EXPERIMENT = Experiment("Table 4: groups of channels, 10 hints", tuple(GROUPS), (10,), write)

"""Figure 6: patch and layer selection, either alone, and selection by chance, at one cost."""

from collections.abc import Sequence
from pathlib import Path

from .experiment import Experiment
from .fig4 import draw, lines
from .found import Found, picture_name
from .page import Claim, claims
from .paper import BOTH, LAYERS_ONLY, PATCHES_ONLY, RANDOM, TWIN

COUNTS = (10,)
SYSTEMS = (BOTH, PATCHES_ONLY, LAYERS_ONLY, RANDOM, TWIN)
# The paper shows curves, not numbers: chance is worst, both together are best.
CLAIMS = tuple(Claim(BOTH, other, "psnr") for other in (PATCHES_ONLY, LAYERS_ONLY, RANDOM))


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = picture_name("fig6", one, found)
        parts += [
            f"## {one.data.title}, {len(one.data.photos)} photos, {COUNTS[0]} hints",
            draw(one, SYSTEMS, COUNTS, folder, name),
            "Only points at one cost can be compared. `--train` trains all to 0.95 GMACs, which each of them can have.",
            lines(one, SYSTEMS, COUNTS),
            claims(one, CLAIMS),
        ]
    return parts


EXPERIMENT = Experiment("Figure 6: what the selection is worth", SYSTEMS, COUNTS, write)

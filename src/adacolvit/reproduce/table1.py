"""Table 1: networks for point-interactive colorization, quality against cost and time."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, ICOLORIT_T, IMAGENET, SWINIR_S, TWIN, UFORMER_S

CLAIMS = (
    Claim(ADACOLVIT_T, ICOLORIT_T, "psnr", 28.83 - 28.81),
    Claim(ADACOLVIT_T, ICOLORIT_T, "macs", 0.78 - 1.43),
    Claim(ADACOLVIT_T, SWINIR_S, "psnr", 28.83 - 28.78),
    Claim(ADACOLVIT_T, UFORMER_S, "psnr", 28.83 - 28.79),
    Claim(ADACOLVIT_T_D24, ICOLORIT_T, "psnr", 29.03 - 28.81),
    Claim(ADACOLVIT_T_D24, ICOLORIT_T, "macs", 1.18 - 1.43),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = compared.write(found, lambda _: IMAGENET, CLAIMS)
    if any(one.milliseconds for one in found):
        parts.append(
            "Times are of one photo on one thread, in turns: AdaColViT and the dense ViT as the product runs them, the "
            "others in torch. `adacolvit bench` compares engines."
        )
    return parts


EXPERIMENT = Experiment(
    "Table 1: point-interactive colorization, 10 hints", (*IMAGENET, TWIN), (10,), write, timed=True
)

"""Table 1: networks for point-interactive colorization, quality against cost and time."""

from collections.abc import Sequence
from pathlib import Path

from . import compared
from .experiment import Experiment
from .found import Found
from .page import Claim
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, ICOLORIT_T, IMAGENET, SWINIR_S, TWIN, UFORMER_S

CLAIMS = (
    Claim.of(IMAGENET, ADACOLVIT_T, ICOLORIT_T, "psnr"),
    Claim.of(IMAGENET, ADACOLVIT_T, ICOLORIT_T, "macs"),
    Claim.of(IMAGENET, ADACOLVIT_T, SWINIR_S, "psnr"),
    Claim.of(IMAGENET, ADACOLVIT_T, UFORMER_S, "psnr"),
    Claim.of(IMAGENET, ADACOLVIT_T_D24, ICOLORIT_T, "psnr"),
    Claim.of(IMAGENET, ADACOLVIT_T_D24, ICOLORIT_T, "macs"),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = compared.write(found, lambda _: IMAGENET, CLAIMS)
    if any(one.milliseconds for one in found):
        parts.append(
            "Times are of one photo on one thread, in turns, without the refinement: AdaColViT and the dense ViT in "
            "the compiled engine (ONNX Runtime where it is not to be had), float32, the others in torch. `adacolvit "
            "bench` compares engines."
        )
    return parts


EXPERIMENT = Experiment(
    "Table 1: point-interactive colorization, 10 hints", (*IMAGENET, TWIN), (10,), write, timed=True
)

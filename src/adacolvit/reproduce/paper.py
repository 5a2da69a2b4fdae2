"""What the paper says: "Real-Time User-guided Adaptive Colorization with Vision Transformer" (Lee, Shin, Na and Woo).

Its networks by the names that they have in the registry here, its numbers, and the scale of its training. PSNR in dB
and LPIPS at 10 hints; its "FLOPs" are multiply-accumulates; its time is on one thread of a CPU.
"""

from dataclasses import dataclass

SAMPLES = 65_000_000  # 1.3 million photos of ImageNet, 50 times each
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class System:
    """A network of the paper, or a baseline of ours."""

    label: str  # as in the paper
    network: str  # name in the registry, or of a baseline
    gmacs: float | None = None  # what it is trained to cost, where that can be chosen
    note: str = ""
    teacher: "System | None" = None  # trained first on as many samples, where it learns from another network too


@dataclass(frozen=True)
class Numbers:
    """What the paper reports of a system, None where it does not."""

    gmacs: float | None = None
    psnr: float | None = None
    lpips: float | None = None
    milliseconds: float | None = None


UFORMER_S = System("Uformer-S", "uformer-s")
SWINIR_S = System("SwinIR-S", "swinir-s", note="matched: the paper does not disclose its size")
ICOLORIT_T = System("iColoriT-T", "icolorit-t")
ADACOLVIT_T = System("AdaColViT-T", "tiny", 0.78)
ADACOLVIT_T_D24 = System("AdaColViT-T-d24", "tiny-d24", 1.18)
ADAVIT = System("AdaViT", "adavit-t")
AVIT = System("A-ViT", "avit-t")
GROUPS_2 = System("AdaColViT-T, g = 2", "tiny", 0.75)
GROUPS_4 = System("AdaColViT-T, g = 4", "tiny-g4", 0.75)
GROUPS_8 = System("AdaColViT-T, g = 8", "tiny-g8", 0.74)
# All at a cost that each of them can have: patch selection alone cannot go below 0.83.
BOTH = System("patch + layer selection", "tiny", 0.95)
PATCHES_ONLY = System("patch selection only", "tiny-patches", 0.95)
LAYERS_ONLY = System("layer selection only", "tiny-layers", 0.95)
RANDOM = System("random selection", "tiny-random", 0.95)
# Not in the paper, but for DynamicViT's teacher: what the numbers stand between.
TWIN = System("dense ViT", "dense-tiny")
DYNAMICVIT = System("DynamicViT", "dynamicvit-t", note="learns from a dense ViT too, as published", teacher=TWIN)
LEVIN = System("Levin et al. 2004", "levin")
NEAREST = System("nearest hint", "nearest")
GRAY = System("gray", "gray")

IMAGENET = {
    UFORMER_S: Numbers(2.46, 28.79, milliseconds=472),
    SWINIR_S: Numbers(1.96, 28.78, milliseconds=97),
    ICOLORIT_T: Numbers(1.43, 28.81, milliseconds=61),
    ADACOLVIT_T: Numbers(0.78, 28.83, milliseconds=34),
    ADACOLVIT_T_D24: Numbers(1.18, 29.03, milliseconds=48),
}
EFFICIENT = {
    DYNAMICVIT: Numbers(1.24, 28.75),
    ADAVIT: Numbers(1.20, 28.81),
    AVIT: Numbers(1.23, 28.74),
    ADACOLVIT_T: IMAGENET[ADACOLVIT_T],
    ADACOLVIT_T_D24: IMAGENET[ADACOLVIT_T_D24],
}
FLOWERS = {
    UFORMER_S: Numbers(psnr=24.64, lpips=0.132),
    SWINIR_S: Numbers(psnr=24.64, lpips=0.131),
    ICOLORIT_T: Numbers(psnr=24.67, lpips=0.130),
    ADACOLVIT_T: Numbers(psnr=24.71, lpips=0.128),
}
BIRDS = {
    UFORMER_S: Numbers(psnr=29.56, lpips=0.092),
    SWINIR_S: Numbers(psnr=29.57, lpips=0.092),
    ICOLORIT_T: Numbers(psnr=29.60, lpips=0.090),
    ADACOLVIT_T: Numbers(psnr=29.63, lpips=0.089),
}
GROUPS = {
    GROUPS_2: Numbers(0.75, 28.71, 0.085),
    GROUPS_4: Numbers(0.75, 28.66, 0.086),
    GROUPS_8: Numbers(0.74, 28.67, 0.086),
}

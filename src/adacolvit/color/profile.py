"""ICC color profiles: from a file's colors to sRGB and back, by LittleCMS."""

import io
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

# Grays, and pure colors of three strengths; levels that a table of another maker may be off.
_SAMPLE = Image.frombytes(
    "RGB", (25, 1), bytes([v for gray in range(0, 256, 17) for v in [gray] * 3])
    + bytes([level * (k == i) for level in (85, 170, 255) for k in range(3) for i in range(3)]),
)  # fmt: skip
_ROUNDING = 4

Transform = Callable[[Image.Image], Image.Image]


def to_srgb(icc: bytes, mode: str) -> Transform | None:
    """From pixels of ``mode`` ("L", "RGB", "CMYK" or "LAB") under the profile ``icc`` to "RGB" pixels in sRGB.

    None where there is nothing to convert: no profile, sRGB itself, or one that is damaged or made for other channels,
    which every viewer ignores too.
    """
    if mode == "LAB":
        return _transform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), mode, "RGB")
    profile = _read(icc)
    if profile is None or (mode == "RGB" and _is_srgb(icc)):
        return None
    return _transform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")


def from_srgb(icc: bytes) -> tuple[Transform | None, bytes]:
    """How to save sRGB pixels of a photo whose file had the profile ``icc``: what to do to them, what to embed.

    A file in an RGB space gets its own space and profile back. A gray or CMYK profile cannot hold the colored picture:
    sRGB is embedded instead. Without a profile none is embedded, and that means sRGB.
    """
    embedded = srgb_profile(icc)
    if embedded == icc:
        return None, icc
    profile = _read(icc)
    if profile is not None and profile.profile.xcolor_space.strip() == "RGB":
        transform = _transform(ImageCms.createProfile("sRGB"), profile, "RGB", "RGB")
        if transform is not None:  # None: a scanner's profile, which leads only one way
            return transform, icc
    return None, embedded


def srgb_profile(icc: bytes) -> bytes:
    """What to embed into a picture that stays in sRGB, of a photo whose file had the profile ``icc``: nothing where it
    had none, its own where that is sRGB, else sRGB's."""
    profile = _read(icc)
    if not icc or (profile is not None and profile.profile.xcolor_space.strip() == "RGB" and _is_srgb(icc)):
        return icc
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _read(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else None
        if profile is not None:
            _ = profile.profile.xcolor_space, profile.profile.profile_description  # which may be no text
        return profile
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


@lru_cache(maxsize=8)  # a person's photos share few profiles, and a photo asks when it is opened and when it is saved
def _is_srgb(icc: bytes) -> bool:
    """Whether a profile is called sRGB and is it: some of that name have linear light, or another curve."""
    profile = _read(icc)
    if profile is None or not (profile.profile.profile_description or "").startswith("sRGB"):
        return False
    transform = _transform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    return transform is None or _distance(transform(_SAMPLE), _SAMPLE) <= _ROUNDING


def _distance(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of levels."""
    return max(high for _, high in ImageChops.difference(one, other).getextrema())


def _transform(source, target, mode: str, target_mode: str) -> Transform | None:
    try:
        transform = ImageCms.buildTransform(
            source, target, mode, target_mode, flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
    except ImageCms.PyCMSError:
        return None
    return lambda image: ImageCms.applyTransform(image, transform)

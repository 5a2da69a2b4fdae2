"""Ways from the network's scale to full size, measured on sharp color photos.

    python benchmarks/upsampling.py PHOTOS [--model tiny]

PHOTOS is a tar or folder. The true color, scaled down to the network's size, is upsampled by each method under the
photo's own full-size L, and compared with the photo. Cases: the network's own scale; a picture four times smaller,
which stands in for photos four times larger; the true color blurred, which stands in for a network's soft prediction;
and with ``--model`` the prediction itself, for 50 hints taken from the photo.

PSNR and CIEDE2000 are means over photos. Halo: by how many Lab units color leaves the range that the photo itself has
within one network pixel, mean over pixels and channels.
"""

import argparse
import io
import math

import numpy as np
from PIL import Image

from adacolvit.color.difference import ciede2000
from adacolvit.color.gamut import fit
from adacolvit.color.lab import lab_to_srgb, srgb_to_lab
from adacolvit.colorizer import Colorizer
from adacolvit.hints.frame import fit_frame
from adacolvit.photosets import iter_files
from adacolvit.runtime.upsample import guide, upsample

HINTS = 50


def resize(planes, size, method=Image.Resampling.BILINEAR):
    """(C, h, w) -> (C, H, W); ``size`` is (W, H)."""
    return np.stack([np.asarray(Image.fromarray(np.ascontiguousarray(p)).resize(size, method)) for p in planes])


def box_mean(x, radius):
    """Mean over square windows, clipped at the border. (..., h, w)."""
    for axis in (-1, -2):
        x = np.moveaxis(x, axis, -1).astype(np.float64)
        n = x.shape[-1]
        total = np.concatenate([np.zeros_like(x[..., :1]), x.cumsum(-1)], -1)
        first, last = np.maximum(np.arange(n) - radius, 0), np.minimum(np.arange(n) + radius + 1, n)
        x = np.moveaxis((total[..., last] - total[..., first]) / (last - first), -1, axis)
    return x


def fast_guided(lightness, ab, radius, epsilon):
    """The planes of the published filter: Eq. 5-8 of arXiv 1505.00996, at network scale."""
    mean, mean_ab = box_mean(lightness, radius), box_mean(ab, radius)
    variance = box_mean(lightness * lightness, radius) - mean * mean
    slope = (box_mean(lightness * ab, radius) - mean * mean_ab) / (variance + epsilon)
    return np.concatenate([box_mean(slope, radius), box_mean(mean_ab - slope * mean, radius)]).astype(np.float32)


def joint_bilateral(lightness, ab, full, sigma):
    """The four nearest network pixels, weighed by distance and by how near their L is. -> (2, H, W)."""
    (h, w), (height, width) = lightness.shape, full.shape
    y, x = ((np.arange(n) + 0.5) * m / n - 0.5 for n, m in ((height, h), (width, w)))
    y, x = y.clip(0, h - 1), x.clip(0, w - 1)
    top, left = np.minimum(y.astype(int), h - 2), np.minimum(x.astype(int), w - 2)
    total = weights = 0
    for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
            at = np.ix_(row, column)
            near = np.exp(-((full - lightness[at]) ** 2) / (2 * sigma**2)) + 1e-3
            weight = down[:, None] * across * near
            total, weights = total + weight * ab[:, at[0], at[1]], weights + weight
    return total / weights


def methods(lightness, ab, full):
    """(name, upsampled ab (2, H, W)) of each method, one in memory at a time."""
    size = full.shape[::-1]

    def by(planes):
        return np.moveaxis(upsample(planes, full, 0, len(full)), -1, 0)

    yield "bilinear", resize(ab, size)
    yield "bicubic", resize(ab, size, Image.Resampling.BICUBIC)
    for radius, epsilon in ((1, 16), (4, 16), (4, 256)):
        yield f"fast guided filter, r {radius}, ε {epsilon}", by(fast_guided(lightness, ab, radius, epsilon))
    sharp = ab + 0.5 * (ab - box_mean(ab, 1))
    for sigma in (8, 16):
        yield f"joint bilateral, σ {sigma}, sharpened 0.5", joint_bilateral(lightness, sharp, full, sigma)
    for epsilon, sharpen in ((math.inf, 0.75), (64, 0.75), (1024, 0.75), (256, 0), (256, 0.5), (256, 1), (256, 0.75)):
        yield f"guide, ε {epsilon}, sharpen {sharpen}", by(guide(lightness, ab, epsilon=epsilon, sharpen=sharpen))


def local_range(ab, radius):
    """Smallest and largest value within ``radius`` pixels. (2, H, W) -> two (2, H, W)."""
    low = high = ab
    for axis in (1, 2):
        pad = [(radius, radius) if a == axis else (0, 0) for a in range(3)]
        low, high = (
            reduce(np.lib.stride_tricks.sliding_window_view(np.pad(x, pad, "edge"), 2 * radius + 1, axis), -1)
            for reduce, x in ((np.min, low), (np.max, high))
        )
    return low, high


def measure(lab, rgb, lightness, ab):
    """{method: (PSNR, CIEDE2000, halo)} of one photo. lab, rgb (H, W, 3); lightness (h, w), ab (2, h, w)."""
    full, truth = np.ascontiguousarray(lab[..., 0]), np.moveaxis(lab[..., 1:], -1, 0)
    low, high = local_range(truth, math.ceil(len(full) / len(lightness)))
    scores = {}
    for name, color in methods(lightness, ab, full):
        out = lab_to_srgb(fit(np.concatenate([full[..., None], np.moveaxis(color, 0, -1)], -1).astype(np.float32)))
        psnr = -10 * math.log10(max(np.mean((out - rgb) ** 2), 1e-5))
        thin = (slice(None, None, 3), slice(None, None, 3))  # every third pixel is plenty for a mean
        difference = ciede2000(srgb_to_lab(out[thin]), lab[thin]).mean()
        halo = (np.maximum(color - high, 0) + np.maximum(low - color, 0)).mean()
        scores[name] = psnr, difference, halo
    return scores


def blur(ab, radius=2):
    return box_mean(box_mean(ab, radius), radius).astype(np.float32)


def cases(picture, colorizer):
    """(name, network lightness (h, w), network ab (2, h, w)) of one photo."""
    frame = fit_frame(*picture.size)
    for name, shrink in (("network scale", 1), ("four times smaller", 4)):
        small = picture.resize((frame.width // shrink, frame.height // shrink), Image.Resampling.BILINEAR)
        lab = np.moveaxis(srgb_to_lab(np.asarray(small, np.float32) / 255), -1, 0).copy()
        yield name, lab[0], lab[1:]
        if shrink == 1:
            yield "network scale, blurred", lab[0], blur(lab[1:])
    if colorizer:
        photo = colorizer.set_photo(picture)
        rng = np.random.default_rng(0)
        places = zip(
            rng.integers(0, photo.width, HINTS).tolist(), rng.integers(0, photo.height, HINTS).tolist(), strict=True
        )
        result = colorizer.colorize([(x, y, photo.color_at(x, y)) for x, y in places])
        yield f"predicted, {HINTS} hints", photo.network_lightness(frame.height, frame.width), result.ab


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", help="tar or folder of sharp color photos")
    parser.add_argument("--model", help="also upsample what this network predicts")
    args = parser.parse_args()
    colorizer = Colorizer(args.model) if args.model else None
    scores = {}  # case -> method -> list over photos
    for _, content in iter_files(args.photos):
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        rgb = np.asarray(picture, np.float32) / 255
        lab = srgb_to_lab(rgb)
        for case, lightness, ab in cases(picture, colorizer):
            for method, score in measure(lab, rgb, lightness, ab).items():
                scores.setdefault(case, {}).setdefault(method, []).append(score)
    for case, by_method in scores.items():
        count = len(by_method["bilinear"])
        print(f"\n### {case} ({count} photos)\n\n| method | PSNR, dB | beats bilinear | CIEDE2000 | halo |")
        print("|---|---|---|---|---|")
        for method, values in by_method.items():
            values = np.array(values)
            psnr, difference, halo = values.mean(0)
            wins = int((values[:, 0] > np.array(by_method["bilinear"])[:, 0]).sum())
            print(f"| {method} | {psnr:.2f} | {wins} | {difference:.3f} | {halo:.3f} |")


if __name__ == "__main__":
    main()

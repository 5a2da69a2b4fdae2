"""The product's refinement (:mod:`adacolvit.runtime.refine`) for batches, with gradients.

A network that is always refined should be trained for what comes out after that: it can then leave to the spread of
the hints what that does well. Constants and equations are those of the other module.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from adacolvit.hints.frame import PATCH
from adacolvit.runtime.refine import BLOCK, EPSILON, OWN, VIVID, spreads

AT_ONCE = 64  # images refined at once on a GPU; on a processor one by one is as fast and takes less memory


def _mean3(planes: Tensor) -> Tensor:
    """Mean over 3 x 3, the border repeated. (B, C, h, w) -> (B, C, h, w)."""
    return F.avg_pool2d(F.pad(planes, (1, 1, 1, 1), mode="replicate"), 3, 1)


def smooth(lightness: Tensor, ab: Tensor) -> Tensor:
    """Guided filter of color at the borders of patches, led by lightness.

    lightness (B, 1, H, W), ab (B, 2, H, W) -> (B, 2, H, W); Lab units.
    """
    values = torch.cat([lightness, ab], 1)
    means = _mean3(F.avg_pool2d(torch.cat([values, lightness * values], 1), BLOCK))
    (mean_l, mean_ab), (mean_ll, mean_lab) = (part.split((1, 2), 1) for part in means.split(3, 1))
    slope = (mean_lab - mean_l * mean_ab) / ((mean_ll - mean_l**2).clamp(min=0) + EPSILON)
    lines = torch.cat([slope, mean_ab - slope * mean_l], 1)
    slope, offset = F.interpolate(lines, scale_factor=BLOCK, mode="bilinear").split(2, 1)
    color = slope * lightness + offset
    own = torch.from_numpy(OWN).to(ab)
    down, across = (own.repeat(extent // PATCH) for extent in ab.shape[2:])
    return torch.lerp(color, ab, torch.outer(down, across))


def _square_means(planes: Tensor, rows: Tensor, columns: Tensor, sizes: Tensor) -> Tensor:
    """Means under squares: planes (B, C, H, W); rows, columns, sizes (B, K) -> (B, C, K). By sums over rectangles."""
    batch, channels, _, width = planes.shape
    total = F.pad(planes.double().cumsum(2).cumsum(3), (1, 0, 1, 0)).flatten(2)

    def up_to(row: Tensor, column: Tensor) -> Tensor:
        index = (row * (width + 1) + column)[:, None].expand(batch, channels, -1)
        return total.gather(2, index)

    below, right = rows + sizes, columns + sizes
    inside = up_to(below, right) - up_to(rows, right) - up_to(below, columns) + up_to(rows, columns)
    return (inside / (sizes**2).clamp(min=1)[:, None]).to(planes.dtype)


def _counting(rows: Tensor, columns: Tensor, sizes: Tensor, width: int) -> Tensor:
    """Which hints count: those that are there (size above 0) and have no later one at their place. (B, K) bool."""
    place = torch.where(sizes > 0, rows * width + columns, -1 - torch.arange(rows.shape[1], device=rows.device))
    same = place[:, :, None] == place[:, None, :]
    return (sizes > 0) & ~same.triu(1).any(2)


def obey(lightness: Tensor, ab: Tensor, rows: Tensor, columns: Tensor, sizes: Tensor, asked: Tensor) -> Tensor:
    """Bring color to what the hints ask, near them and on what is as light as they are.

    lightness (B, 1, H, W), ab (B, 2, H, W), asked (B, K, 2): Lab units; rows, columns, sizes: (B, K) int, size 0 where
    there is no hint. Returns (B, 2, H, W).
    """
    counting = _counting(rows, columns, sizes, lightness.shape[3])
    likely = _square_means(lightness, rows, columns, sizes)[:, 0]  # B K
    for spread in spreads(*lightness.shape[2:]):
        ab = _spread(lightness, ab, rows, columns, sizes, asked, counting, likely, *spread)
    return ab


def _spread(lightness, ab, rows, columns, sizes, asked, counting, likely, reach, likeness, shrink) -> Tensor:
    """One pass of :func:`obey`. counting, likely (B, K); reach: network pixels; likeness: L units."""
    _, _, height, width = lightness.shape
    lacking = asked.to(ab.dtype).mT - _square_means(ab, rows, columns, sizes)  # B 2 K
    near, like = -0.5 / reach**2, -0.5 / likeness**2
    y, x = torch.arange(height, device=ab.device), torch.arange(width, device=ab.device)
    result = []
    hints = rows, columns, sizes, likely, lacking.mT, counting
    at_once = AT_ONCE if ab.is_cuda else 1
    for i in range(0, len(ab), at_once):  # not all: an image has K weights for every pixel
        some = slice(i, i + at_once)
        most = int((sizes[some] > 0).sum(1).max())  # the rest is padding
        row, column, size, light, lack, counts = (v[some, :most] for v in hints)
        middle = (size - 1) / 2
        narrow = near * (1 + lack.square().sum(-1, keepdim=True) / VIVID**2)
        down = torch.exp(narrow * (y - (row + middle)[..., None]) ** 2) * counts[..., None]
        across = torch.exp(narrow * (x - (column + middle)[..., None]) ** 2)
        weight = torch.exp(like * (lightness[some] - light[..., None, None]) ** 2)
        weight = weight * down[..., None] * across[..., None, :]  # b K H W
        correction = torch.einsum("bkc,bkhw->bchw", lack, weight)
        result.append(ab[some] + correction / (weight.sum(1, keepdim=True) + shrink))
    return torch.cat(result)


def refine(lightness: Tensor, ab: Tensor, rows: Tensor, columns: Tensor, sizes: Tensor, asked: Tensor) -> Tensor:
    """:func:`smooth`, then :func:`obey`; arguments and result as of the latter."""
    return obey(lightness, smooth(lightness, ab), rows, columns, sizes, asked)

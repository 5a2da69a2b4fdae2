"""How different two colors look: CIEDE2000 (Sharma, Wu and Dalal 2005, whose equation numbers are used)."""

import math

from array_api_compat import array_namespace

_25_TO_7 = 25.0**7


def ciede2000(lab1, lab2):
    """CIEDE2000 color difference, with kL = kC = kH = 1.

    ``lab1``, ``lab2`` (..., 3) float Lab of broadcastable shapes, NumPy or torch -> (...), >= 0; about 1 is just
    noticeable side by side.
    """
    xp = array_namespace(lab1, lab2)
    l1, a1, b1 = (lab1[..., i] for i in range(3))
    l2, a2, b2 = (lab2[..., i] for i in range(3))

    mean_chroma = (xp.sqrt(a1**2 + b1**2) + xp.sqrt(a2**2 + b2**2)) / 2  # Eq. 3
    stretch = 1.5 - 0.5 * xp.sqrt(mean_chroma**7 / (mean_chroma**7 + _25_TO_7))  # 1 + G, Eq. 4
    a1, a2 = a1 * stretch, a2 * stretch  # Eq. 5
    c1, c2 = xp.sqrt(a1**2 + b1**2), xp.sqrt(a2**2 + b2**2)  # Eq. 6
    h1, h2 = xp.atan2(b1, a1) % (2 * math.pi), xp.atan2(b2, a2) % (2 * math.pi)  # Eq. 7

    gray = c1 * c2 == 0  # hue has no meaning then
    turn = h2 - h1
    across = xp.abs(turn) > math.pi  # the shorter way round passes hue 0
    turn = turn - 2 * math.pi * xp.sign(turn) * across
    dl, dc = l2 - l1, c2 - c1  # Eq. 8, 9
    dh = 2 * xp.sqrt(c1 * c2) * xp.sin(turn / 2)  # Eq. 10, 11; 0 for grays

    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2  # Eq. 12, 13
    total = h1 + h2
    opposite = xp.where(total < 2 * math.pi, total + 2 * math.pi, total - 2 * math.pi)
    mean_h = xp.where(gray, total, xp.where(across, opposite, total) / 2)  # Eq. 14

    degree = math.pi / 180
    t = (
        1
        - 0.17 * xp.cos(mean_h - 30 * degree)
        + 0.24 * xp.cos(2 * mean_h)
        + 0.32 * xp.cos(3 * mean_h + 6 * degree)
        - 0.20 * xp.cos(4 * mean_h - 63 * degree)
    )  # Eq. 15
    rotation = 30 * degree * xp.exp(-(((mean_h / degree - 275) / 25) ** 2))  # Eq. 16
    r_c = 2 * xp.sqrt(mean_c**7 / (mean_c**7 + _25_TO_7))  # Eq. 17
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / xp.sqrt(20 + (mean_l - 50) ** 2)  # Eq. 18
    s_c = 1 + 0.045 * mean_c  # Eq. 19
    s_h = 1 + 0.015 * mean_c * t  # Eq. 20
    r_t = -xp.sin(2 * rotation) * r_c  # Eq. 21
    dl, dc, dh = dl / s_l, dc / s_c, dh / s_h
    return xp.sqrt(xp.clip(dl**2 + dc**2 + dh**2 + r_t * dc * dh, 0.0, None))  # Eq. 22

"""Colors as people write them: ``#7b4a2d``."""

import re

from adacolvit.errors import HintError

_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)


def parse_hex(text: str) -> tuple[int, int, int]:
    """Read ``"#7b4a2d"``, ``"7b4a2d"`` or ``"#abc"`` (which is ``#aabbcc``), in any case.

    Returns sRGB, each channel 0..255. Raises HintError for anything else.
    """
    match = _HEX.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise HintError(f"{text!r} is not a color: write three pairs of hexadecimal digits, such as '#7b4a2d'")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def format_hex(rgb) -> str:
    """``(123, 74, 45)`` -> ``"#7b4a2d"``. Three integers 0..255 (a sequence or an array of any integer type)."""
    return "#" + bytes(int(channel) for channel in rgb).hex()

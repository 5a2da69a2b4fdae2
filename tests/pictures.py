"""Small pictures of every kind, and their files."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

ROWS, COLUMNS = np.mgrid[0:40, 0:60]
GRAY = (ROWS * 4 + COLUMNS + 10).astype(np.uint8)
COLOR = np.stack([COLUMNS * 4, ROWS * 6, 255 - COLUMNS * 2 - ROWS], axis=-1).astype(np.uint8)
ALPHA = (ROWS * 5 + 20).astype(np.uint8)


def encoded(image, kind, **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, kind, **options)
    return file.getvalue()


def lightness(photo):
    return photo.lightness_rows(0, photo.height)


def gamma_profile(channels):
    """A small ICC profile: gray, or RGB with red and blue swapped; gamma 1.0."""
    curve = b"curv\0\0\0\0\0\0\0\0"

    def xyz(x, y, z):
        return b"XYZ \0\0\0\0" + b"".join(round(v * 65536).to_bytes(4, "big", signed=True) for v in (x, y, z))

    primaries = [(0.1431, 0.0606, 0.7141), (0.3851, 0.7169, 0.0971), (0.4361, 0.2225, 0.0139)]
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    if channels == 3:
        tags |= {c + b"XYZ": xyz(*p) for c, p in zip((b"r", b"g", b"b"), primaries, strict=True)}
        tags |= {c + b"TRC": curve for c in (b"r", b"g", b"b")}
    else:
        tags[b"kTRC"] = curve
    tags[b"desc"] = b"desc\0\0\0\0\0\0\0\x05test\0" + bytes(79)
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        value += bytes(-len(value) % 4)
        table += tag + (start + len(body)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        body += value
    space = b"RGB " if channels == 3 else b"GRAY"
    header = b"lcms\x02\x10\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28) + xyz(0.9642, 1, 0.8249)[8:]
    header = (start + len(body)).to_bytes(4, "big") + header
    assert len(header) == 80
    return header.ljust(128, b"\0") + len(tags).to_bytes(4, "big") + table + body


def png(values: np.ndarray, clear: tuple[int, ...], bits: int = 16) -> bytes:
    """A PNG of (H, W) or, of 16 bits, (H, W, 3) values, one of which is transparent."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = values.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, bits, 0 if values.ndim == 2 else 2, 0, 0, 0)
    parted = ((values[..., None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8).reshape(height, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in parted)
    parts = {b"IHDR": head, b"tRNS": struct.pack(f">{len(clear)}H", *clear), b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts.items())

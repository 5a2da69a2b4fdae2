"""16-bit color PNG, which Pillow does not write."""

import io
import struct
import zlib

import numpy as np

_LEVEL = 3  # of deflate: the low bytes are noise, which no effort makes smaller


def png16(pixels: np.ndarray, *, icc: bytes = b"", exif: bytes = b"", xmp: bytes = b"", dpi=None, texts=()) -> bytes:
    """A PNG file (ISO/IEC 15948) of (H, W, 3) or, with transparency, (H, W, 4) uint16.

    texts: pairs of a keyword, 1 to 79 letters of Latin-1, and a text.
    """
    height, width, channels = pixels.shape
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    file.seek(0, io.SEEK_END)

    def chunk(kind: bytes, *data: bytes) -> None:
        body = b"".join(data)
        file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))

    chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 6 if channels == 4 else 2, 0, 0, 0))
    if icc:
        chunk(b"iCCP", b"ICC Profile\0\0", zlib.compress(icc))
    if dpi:
        chunk(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1))
    if exif:
        chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    if xmp:
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0", xmp)
    for keyword, text in texts:
        chunk(b"iTXt", keyword.encode("latin-1", "replace"), b"\0\0\0\0\0", text.encode())
    deflate = zlib.compressobj(_LEVEL)
    above = np.zeros((1, width * channels * 2), np.uint8)
    step = max(1, 2**22 // above.size)
    for start in range(0, height, step):
        rows = pixels[start : start + step].astype(">u2").view(np.uint8).reshape(-1, above.size)
        filtered = np.full(
            (len(rows), above.size + 1), 2, np.uint8
        )  # filter 2: what a byte has more than the one above
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        chunk(b"IDAT", deflate.compress(filtered.tobytes()))
    chunk(b"IDAT", deflate.flush())
    chunk(b"IEND")
    return file.getvalue()

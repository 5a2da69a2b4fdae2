"""16-bit color PNG and TIFF, which Pillow does not write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

_XMP_TAG, _ICC_TAG = 700, 34675  # of TIFF
_INCH = 2  # unit of TIFF's resolution
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


def tiff16(pixels: np.ndarray, *, icc: bytes = b"", exif: bytes = b"", xmp: bytes = b"", dpi=None) -> bytes:
    """An uncompressed TIFF file (revision 6.0) of (H, W, 3) or, with transparency, (H, W, 4) uint16."""
    height, width, channels = pixels.shape
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    kept = Image.Exif()
    kept.load(exif)
    for tag, value in kept.items():
        directory[tag] = value
    for tag in (TiffImagePlugin.EXIFIFD, 0x8825):  # the directories within it: of the photo, of its place
        if tag in kept:
            directory[tag] = kept.get_ifd(tag)
    directory[TiffImagePlugin.IMAGEWIDTH], directory[TiffImagePlugin.IMAGELENGTH] = width, height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (16,) * channels
    directory[TiffImagePlugin.COMPRESSION] = 1
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 2  # RGB
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    if channels == 4:
        directory[TiffImagePlugin.EXTRASAMPLES] = 2  # transparency, colors not multiplied by it
    directory[TiffImagePlugin.ROWSPERSTRIP] = height
    directory[TiffImagePlugin.STRIPOFFSETS] = 0  # behind the directory
    directory[TiffImagePlugin.STRIPBYTECOUNTS] = pixels.nbytes
    if dpi:
        directory[TiffImagePlugin.X_RESOLUTION], directory[TiffImagePlugin.Y_RESOLUTION] = dpi
        directory[TiffImagePlugin.RESOLUTION_UNIT] = _INCH
    if icc:
        directory.tagtype[_ICC_TAG], directory[_ICC_TAG] = 7, icc
    if xmp:
        directory.tagtype[_XMP_TAG], directory[_XMP_TAG] = 1, xmp
    file = io.BytesIO()
    directory.save(file)
    file.seek(0, io.SEEK_END)
    file.write(pixels.astype("<u2").tobytes())
    return file.getvalue()

"""The form of TIFF (revision 6.0): directories of tags, which EXIF is made of too, and files of pixels.

A tag's value stays the bytes that it is: whoever takes it for a text or numbers may not be able to write it again.
"""

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

EXIF_IFD = 0x8769
BYTE, ASCII, UNDEFINED = 1, 2, 7  # types of values
_SHORT, _LONG, _RATIONAL = 3, 4, 5
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes of each type
_POINTERS = {_LONG: "L", 13: "L", 16: "Q", 18: "Q"}  # types of places in the file; the last two are of BigTIFF
# Tags that hold a directory, each with those that its directory may hold: of the photo, of its place.
_NESTED = {EXIF_IFD: {0xA005: {}}, 0x8825: {}}
_MOST_BYTES = 64 * 2**20  # of the values of a directory
_PREFIX = b"Exif\0\0"  # of the block in a picture file

Directory = dict[int, "tuple[int, bytes] | Directory"]


@dataclass
class Exif:
    """Tags with their types and values as they lie in a file; a tag that holds a directory has that as its value."""

    order: str = "<"  # of the bytes of a number, as struct writes it
    tags: Directory = field(default_factory=dict)

    def shorts(self, *values: int) -> tuple[int, bytes]:
        """What a tag holds: whole numbers of 16 bits."""
        return _SHORT, struct.pack(f"{self.order}{len(values)}H", *values)

    def longs(self, *values: int) -> tuple[int, bytes]:
        """The same of 32 bits."""
        return _LONG, struct.pack(f"{self.order}{len(values)}L", *values)

    def rational(self, value: float) -> tuple[int, bytes]:
        """The same of a fraction, 0 to 4e6, to 0.001."""
        return _RATIONAL, struct.pack(f"{self.order}2L", round(value * 1000), 1000)

    def block(self) -> bytes:
        """The block of EXIF in a picture file; empty where there are no tags."""
        return _PREFIX + _head(self.order, 8) + _packed(self.order, self.tags, 8) if self.tags else b""


def parse_exif(block: bytes) -> Exif:
    """A block of EXIF, with or without its prefix; of a damaged one, what can be read."""
    while block.startswith(_PREFIX):
        block = block[len(_PREFIX) :]
    return read_tags(io.BytesIO(block))


def read_tags(file: BinaryIO) -> Exif:
    """The tags of a TIFF's first picture, BigTIFF's too, but for types that EXIF lacks; of a damaged file, what can be
    read."""
    try:
        file.seek(0)
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}[head[:2]]
        is_big = struct.unpack_from(order + "H", head, 2) == (43,)
        (at,) = struct.unpack_from(*((order + "Q", head, 8) if is_big else (order + "L", head, 4)))
        return Exif(order, _read(file, order, is_big, at, _NESTED))
    except (KeyError, *_UNREADABLE):
        return Exif()


_UNREADABLE = (struct.error, OSError, ValueError, ArithmeticError)  # cut short; a place that no file has


def _read(file: BinaryIO, order: str, is_big: bool, at: int, nested: dict) -> Directory:
    file.seek(at)
    (count,) = struct.unpack(order + "Q", file.read(8)) if is_big else struct.unpack(order + "H", file.read(2))
    entry = struct.Struct(order + ("HHQ8s" if is_big else "HHL4s"))
    entries = file.read(min(count, 2**16) * entry.size)
    tags: Directory = {}
    left = _MOST_BYTES
    for tag, kind, count, value in entry.iter_unpack(entries[: len(entries) // entry.size * entry.size]):
        try:
            if tag in nested:
                (place,) = struct.unpack_from(order + _POINTERS[kind], value)
                found = _read(file, order, is_big, place, nested[tag])
                if found:
                    tags.setdefault(tag, found)
                continue
            size = count * _SIZES[kind]
            left -= size
            if size > len(value) and left >= 0:
                file.seek(*struct.unpack(order + ("Q" if is_big else "L"), value))
                value = file.read(size)
            if 0 < size <= len(value):
                tags.setdefault(tag, (kind, value[:size]))
        except (KeyError, *_UNREADABLE):
            continue
    return tags


def _head(order: str, at: int) -> bytes:
    """How a file begins whose first directory lies ``at``."""
    return {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HL", 42, at)


def _packed(order: str, tags: Directory, at: int) -> bytes:
    """A directory that lies ``at``, an even place, and behind it what its entries have no room for."""
    entries, rest = bytearray(), bytearray()
    behind = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        place = struct.pack(order + "L", behind + len(rest))
        if isinstance(value, dict):
            kind, count, data = _LONG, 1, place
            rest += _packed(order, value, behind + len(rest))
        else:
            kind, data = value
            count = len(data) // _SIZES[kind]
            if len(data) > 4:
                rest += data + b"\0" * (len(data) % 2)
                data = place
        entries += struct.pack(order + "HHL4s", tag, kind, count, data)
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + rest


def tiff(strips: Iterable[np.ndarray], exif: Exif) -> bytes:
    """An uncompressed TIFF file that has the tags of ``exif`` beside those of its pixels.

    strips: from the top, (rows, W, 3) or, with transparency, (rows, W, 4), all uint8 or all uint16.
    """
    file, height = io.BytesIO(), 0
    file.write(_head(exif.order, 0))
    for strip in strips:
        file.write(np.ascontiguousarray(strip, f"{exif.order}u{strip.itemsize}").data)
        height += len(strip)
    _, width, channels = strip.shape
    size = file.tell() - 8
    file.write(b"\0" * (size % 2))
    at = file.tell()
    own = {
        256: exif.longs(width), 257: exif.longs(height), 258: exif.shorts(*[8 * strip.itemsize] * channels),
        259: exif.shorts(1), 262: exif.shorts(2), 273: exif.longs(8), 277: exif.shorts(channels),
        278: exif.longs(height), 279: exif.longs(size),
    }  # fmt: skip
    if channels == 4:
        own[338] = exif.shorts(2)  # transparency, colors not multiplied by it
    file.write(_packed(exif.order, exif.tags | own, at))
    file.seek(0)
    file.write(_head(exif.order, at))
    return file.getvalue()

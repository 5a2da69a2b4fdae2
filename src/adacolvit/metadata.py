"""What a picture file says beside its pixels, and which of it belongs into the colored picture."""

import io
import re
import struct
from dataclasses import dataclass, replace

from PIL import Image

from adacolvit import __version__
from adacolvit.tiff import ASCII, EXIF_IFD, Exif, parse_exif, read_tags

LOSSLESS = "lossless"  # in a decoded picture's info: what :func:`is_lossless_webp` found
ORIENTATION, _SOFTWARE = 0x0112, 0x0131
IPTC_TAG, _PHOTOSHOP_TAG, _IPTC_RESOURCE = 33723, 34377, 0x0404  # two of TIFF, one of Photoshop's blocks
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003  # in the EXIF IFD
# How a TIFF stores its pixels (sizes, strips, tiles, compression, palette, samples, nested images), which is the saving
# format's own business; and XMP, ICC and IPTC, which are carried by themselves.
_STORAGE = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292, 293),
    *(317, 320, 322, 323, 324, 325, 330, 332, 334, 338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532),
    *(700, 34675, IPTC_TAG),
    # Photoshop's image resources and layers: the gray ones, which some programs would show instead.
    *(_PHOTOSHOP_TAG, 37724),
}
MOST_BLOCK = 64 * 2**20  # bytes of XMP or ICC
_MOST_DPI = 1e6  # PNG counts pixels to the meter in 32 bits
# IPTC's word for media edited by a trained model: https://cv.iptc.org/newscodes/digitalsourcetype/
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_NOTE = (
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{_SOURCE_TYPE}"/>'
).encode()
_EMPTY_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b"</rdf:RDF></x:xmpmeta>"
)
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:=["']|>))\s*\d+""")


@dataclass(frozen=True)
class Metadata:
    """Blocks as files carry them; empty where the photo has none."""

    exif: bytes = b""  # its orientation is 1, for the pixels are upright; the embedded thumbnail is left out
    xmp: bytes = b""  # likewise upright
    icc: bytes = b""  # the color profile of the file, of whatever color space
    dpi: tuple[float, float] | None = None  # across, down
    iptc: bytes = b""  # caption, credit, copyright: records of IPTC-NAA; JPEG and TIFF have a place for them
    comment: bytes = b""  # of a JPEG
    texts: tuple[tuple[str, str], ...] = ()  # of a PNG: keyword and text
    lossless: bool = False  # a WebP that holds its pixels exactly


def read_exif(image: Image.Image) -> Exif:
    """All EXIF of an opened file; to be called before its pixels are read, for then Pillow closes a TIFF.

    What cannot be read is left out: it must not keep a photo from being colored.
    """
    if image.format == "PNG":
        image.load()  # EXIF may come behind the pixels
    try:
        if image.format == "TIFF":
            return read_tags(image.fp)
        old = image.info.get("Raw profile type exif", "")  # how ImageMagick has it in a PNG: a head, then digits
        return parse_exif(image.info.get("exif") or bytes.fromhex("".join(old.split("\n")[3:])))
    except (AttributeError, TypeError, ValueError):  # a file that is closed; no block of bytes, no digits
        return Exif()


def orientation_of(image: Image.Image) -> int:
    """How the pixels of a picture lie, by EXIF or else XMP: 1..8, 1 is upright, and so is what makes no sense.

    Pillow turns a TIFF itself when it reads its pixels, which then lie upright.
    """
    try:
        orientation = Image.Image.getexif(image).get(ORIENTATION, 1)  # a PNG's own would decode its pixels
    except Exception:  # a damaged block makes Pillow's parser fail in any way there is
        return 1
    return orientation if orientation in range(1, 9) else 1


def read_metadata(image: Image.Image, exif: Exif) -> tuple[Metadata, int]:
    """The metadata of a decoded file, and how its pixels lie: :func:`orientation_of`.

    ``exif`` is what :func:`read_exif` gave.
    """
    orientation = orientation_of(image)
    size = image.size if orientation < 5 else image.size[::-1]
    xmp = _block(image.info.get("xmp"))
    icc = _block(image.info.get("icc_profile"))
    comment = image.info.get("comment", b"") if image.format in ("JPEG", "MPO") else b""  # MPO: of several pictures
    found = Metadata(
        exif=_upright(exif, size), xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", xmp), icc=icc, dpi=_dpi(image),
        iptc=_iptc(image), comment=comment, texts=_texts(image), lossless=image.info.get(LOSSLESS, False),
    )  # fmt: skip
    return found, orientation


def _block(value) -> bytes:
    """A block of a file; empty where a damaged file says that it is a number, or one of a length that no block has."""
    value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return value if isinstance(value, bytes) and len(value) <= MOST_BLOCK else b""


def is_lossless_webp(file) -> bool:
    """Whether a file, open for reading bytes, is a WebP that holds its pixels exactly: of several frames, the first."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        return False
    while len(chunk := file.read(8)) == 8:
        kind, size = struct.unpack("<4sI", chunk)
        match kind:
            case b"VP8L" | b"VP8 ":
                return kind == b"VP8L"
            case b"ANMF":
                file.seek(16, io.SEEK_CUR)  # place and duration; the frame's own chunks follow
            case _:
                file.seek(size + size % 2, io.SEEK_CUR)
    return False


def _iptc(image: Image.Image) -> bytes:
    """The records of IPTC-NAA, from where a JPEG or a TIFF has them; empty where there are none."""
    if image.format != "TIFF":
        blocks = image.info.get("photoshop")  # of a JPEG: Photoshop's image resources
        found = blocks.get(_IPTC_RESOURCE) if isinstance(blocks, dict) else None
    else:
        # As they lie in the file: many programs say that they are whole numbers, of which Pillow gives the first alone.
        tags = getattr(getattr(image, "tag_v2", None), "_tagdata", {})
        found = tags.get(IPTC_TAG) or _resource(tags.get(_PHOTOSHOP_TAG, b""), _IPTC_RESOURCE)
    return _records(found) if isinstance(found, bytes) else b""


def _records(data: bytes) -> bytes:
    """What of ``data`` are records of IPTC-NAA, without what fills it up to whole numbers of four bytes."""
    end = 0
    while data[end : end + 1] == b"\x1c" and len(data) >= end + 5:
        (size,) = struct.unpack_from(">H", data, end + 3)
        if size >= 2**15:  # of a long record: how many bytes its length takes
            size = int.from_bytes(data[end + 5 : end + 5 + size % 2**15]) + size % 2**15
        end += 5 + size
    return data[:end]


def _resource(blocks: bytes, wanted: int) -> bytes:
    """One of Photoshop's image resources; empty where there is none, or they are damaged."""
    at = 0
    while blocks[at : at + 4] == b"8BIM" and len(blocks) >= at + 12:
        number, length = struct.unpack_from(">HB", blocks, at + 4)
        at += 6 + (1 + length + 1) // 2 * 2  # its name, of which the length is the first byte, to an even number
        size = int.from_bytes(blocks[at : at + 4])
        if number == wanted:
            return blocks[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return b""


def _texts(image: Image.Image) -> tuple[tuple[str, str], ...]:
    """Keywords and texts of a PNG, but for those that hold EXIF or XMP."""
    texts = getattr(image, "text", {}) if image.format == "PNG" else {}
    return tuple(
        (str(key), str(text)) for key, text in texts.items() if not key.startswith(("XML:com.adobe", "Raw profile"))
    )


def photoshop_segment(iptc: bytes) -> bytes:
    """IPTC records as a JPEG carries them: the segment APP13 of Adobe's programs; empty where they are too long."""
    block = b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    content = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content if len(content) < 65534 else b""


def with_note(metadata: Metadata) -> Metadata:
    """The metadata of a picture that was colorized, and says so: EXIF names the program, XMP the kind of source.

    A photo's XMP that states its kind of source already, or is damaged, stays as it is.
    """
    exif = parse_exif(metadata.exif)
    exif.tags[_SOFTWARE] = ASCII, f"AdaColViT {__version__} (colorized)\0".encode()
    xmp = metadata.xmp or _EMPTY_XMP
    if b"DigitalSourceType" not in xmp:
        xmp = xmp.replace(b"</rdf:RDF>", _NOTE + b"</rdf:RDF>", 1)
    return replace(metadata, exif=exif.block(), xmp=xmp)


def _upright(exif: Exif, size: tuple[int, int]) -> bytes:
    for tag in _STORAGE & exif.tags.keys():
        del exif.tags[tag]
    if ORIENTATION in exif.tags:
        exif.tags[ORIENTATION] = exif.shorts(1)
    inner = exif.tags.get(EXIF_IFD, {})
    for tag, extent in zip((_PIXEL_WIDTH, _PIXEL_HEIGHT), size, strict=True):
        if tag in inner:
            inner[tag] = exif.longs(extent)
    return exif.block()


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError, ArithmeticError):  # absent, or a fraction over 0
        return None
    return (across, down) if 0 < across < _MOST_DPI and 0 < down < _MOST_DPI else None

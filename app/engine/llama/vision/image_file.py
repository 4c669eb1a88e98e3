"""What an image file says of itself, read before anything decodes it.

The file is untrusted: its kind is told by its first bytes, and its size in pixels is known and
bounded before memory is taken for them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from app.engine.errors import ImageError

MOST_BYTES = 64 << 20
MOST_PIXELS = 64_000_000  # three bytes each when decoded
_LONGEST_RATIO = 200  # beyond it, one side would vanish when the image is made smaller

_READABLE = "Give it as a PNG or JPEG file."
# Markers of a JPEG that are followed by the size of the image, and those without a length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))
_SCAN, _END, _EXIF = 0xDA, b"\xff\xd9", 0xE1
_ORIENTATION = 0x0112  # tag of an EXIF directory


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Of an image as it is stored.

    Attributes:
        kind: "PNG", "JPEG", "BMP" or "GIF".
        orientation: 1 to 8 as EXIF counts them; how it is turned to be looked at.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1

    @property
    def is_turned(self) -> bool:
        """Whether width and height change places when it is looked at."""
        return self.orientation >= 5


def read_image_facts(data: bytes) -> ImageFacts:
    """Tell kind and size of an image file.

    Raises:
        ImageError: it is none that can be read, it is damaged, or it is too large.
    """
    if len(data) > MOST_BYTES:
        raise ImageError(
            f"The image has {len(data) / 1e6:,.0f} MB; {MOST_BYTES / 1e6:.0f} MB is the most.",
            "Make it smaller, then add it again.",
        )
    try:
        facts = _facts(data)
    except (struct.error, IndexError) as error:
        raise _damaged() from error
    width, height = facts.width, facts.height
    if width <= 0 or height <= 0:
        raise _damaged()
    if width * height > MOST_PIXELS:
        raise ImageError(
            f"The image has {width:,} by {height:,} pixels;"
            f" {MOST_PIXELS / 1e6:.0f} million pixels is the most.",
            "Make it smaller, then add it again.",
        )
    if max(width, height) > _LONGEST_RATIO * min(width, height):
        raise ImageError(
            f"The image is too narrow: {width:,} by {height:,} pixels.",
            "Cut out the part that matters, then add it again.",
        )
    return facts


def _facts(data: bytes) -> ImageFacts:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if data[12:16] != b"IHDR":
            raise _damaged()
        return ImageFacts("PNG", *struct.unpack_from(">II", data, 16))
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return ImageFacts("GIF", *struct.unpack_from("<HH", data, 6))
    if data.startswith(b"BM"):
        return _bmp(data)
    kind = "WebP" if data[8:12] == b"WEBP" else "HEIC or AVIF" if data[4:8] == b"ftyp" else ""
    if kind:
        raise ImageError(f"The engine does not read {kind} images.", _READABLE)
    raise ImageError("This is no image that the engine can read.", _READABLE)


def _bmp(data: bytes) -> ImageFacts:
    start, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    height = abs(height)  # rows may be stored from the top, which a negative one says
    if len(data) < start + (width * bits + 31) // 32 * 4 * height:
        raise _damaged()
    return ImageFacts("BMP", width, height)


def _jpeg(data: bytes) -> ImageFacts:
    at, orientation = 2, 1
    size: tuple[int, int] | None = None
    while True:
        if data[at] != 0xFF:
            raise _damaged()
        marker = data[at + 1]
        if marker == 0xFF:  # one of several fill bytes
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise _damaged()
        if marker == _EXIF and orientation == 1:
            orientation = _exif_orientation(data[at + 4 : at + 2 + length])
        elif marker in _FRAMES and size is None:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = width, height
        elif marker == _SCAN:
            break
        at += 2 + length
    # A file that was cut off would be decoded with a grey rest.
    if size is None or data.find(_END, at) < 0:
        raise _damaged()
    return ImageFacts("JPEG", *size, orientation)


def _exif_orientation(segment: bytes) -> int:
    """1 where it is not said, or not said properly: it is no part of the image."""
    tiff = segment[6:]
    if not segment.startswith(b"Exif\0\0") or tiff[:2] not in (b"II", b"MM"):
        return 1
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(count):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, start + 2 + 12 * entry)
            if (tag, kind) == (_ORIENTATION, 3):
                (value,) = struct.unpack_from(f"{order}H", tiff, start + 10 + 12 * entry)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _damaged() -> ImageError:
    return ImageError(
        "The image file is damaged or incomplete.", "Open it, save it anew, try again."
    )

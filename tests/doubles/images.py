"""Image files, whole and in parts, made byte by byte."""

from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, *, colour: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    """A picture with a gradient, so that its parts differ."""
    rows = b"".join(
        b"\0"
        + bytes(
            (part * (1 + (x + y) * 4 // (width + height))) % 256
            for x in range(width)
            for part in colour
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(*part) for part in parts)


def bmp(pixels: list[list[tuple[int, int, int]]]) -> bytes:
    """Rows of pixels as a BMP file, exactly as they are."""
    width, height = len(pixels[0]), len(pixels)
    padding = bytes(-3 * width % 4)
    body = b"".join(
        b"".join(bytes(pixel[::-1]) for pixel in row) + padding for row in reversed(pixels)
    )
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54) + info + body


def _png_part(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(orientation: int, order: str = "<") -> bytes:
    entries = (
        struct.pack(f"{order}HHIHH", 0x010F, 3, 1, 7, 0),
        struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0),
    )
    mark = b"II" if order == "<" else b"MM"
    tiff = mark + struct.pack(f"{order}HIH", 42, 8, len(entries)) + b"".join(entries)
    return segment(0xE1, b"Exif\0\0" + tiff)


def jpeg_header(width: int, height: int, *before: bytes, marker: int = 0xC0) -> bytes:
    frame = segment(marker, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + b"".join(before) + frame


def jpeg(width: int, height: int, *before: bytes, marker: int = 0xC0) -> bytes:
    scan = segment(0xDA, bytes(10)) + b"pixels" + b"\xff\xd9"
    return jpeg_header(width, height, *before, marker=marker) + scan


def bmp_header(code: str, size: int, width: int, height: int) -> bytes:
    sides = struct.pack(code, width, height, 1, 24)
    return b"BM" + bytes(8) + struct.pack("<II", 18 + len(sides), size) + sides


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)

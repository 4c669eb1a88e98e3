"""Text files in granted folders: their bytes, their text, and the encoding it goes back in."""

from __future__ import annotations

import io
import os
from typing import Final, NamedTuple

from app.agents.tools.open_folder import OpenFolder
from app.agents.tools.tool import ToolFault
from app.library.errors import ReaderError

MOST_READ: Final = 16_000_000  # bytes
_HEAD: Final = 8_192
_ENCODINGS: Final = """
    utf-8 utf-8-sig utf-16 utf-16-le utf-16-be cp1252 cp1250 cp1251 iso8859_15 iso8859_2 mac_roman
    gb18030 shift_jis big5 euc_kr
"""


class Content(NamedTuple):
    """What a file held when it was read, and what it was then."""

    data: bytes
    found: os.stat_result


def read_content(folder: OpenFolder, name: str, most_bytes: int = MOST_READ) -> Content:
    """Read a whole file.

    Raises:
        ToolFault: it is too large, or no ordinary file.
    """
    with os.fdopen(folder.open(name, os.O_RDONLY), "rb") as file:
        found = os.fstat(file.fileno())
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ToolFault(
            f"“{name}” is larger than {most_bytes // 1_000_000} MB.", "Work without it."
        )
    return Content(data, found)


def text_of(data: bytes, name: str) -> str:
    """The text of a file in whatever encoding, without a byte-order mark.

    Raises:
        ToolFault: it is binary, or in an encoding that nobody recognises.
    """
    # Imported late: with it come the readers of all kinds, which take a quarter of a second.
    from app.library.readers.encoding import decode_text, looks_like_text

    if not looks_like_text(data[:_HEAD]):
        raise ToolFault(
            f"“{name}” is not a text file.",
            "PDF and Office files can be searched once they are in the library.",
        )
    try:
        return decode_text(data)
    except ReaderError as error:
        raise ToolFault(f"“{name}” cannot be read: {error.message}") from error


def encoding_of(data: bytes, text: str, name: str) -> str:
    """An encoding in which this text gives exactly these bytes.

    Raises:
        ToolFault: there is none; written back, the file would change where nobody meant it to.
    """
    for encoding in _ENCODINGS.split():
        try:
            if data.decode(encoding) == text and text.encode(encoding) == data:
                return encoding
        except UnicodeError:
            continue
    raise ToolFault(
        f"“{name}” is in an encoding that it cannot be written back in.",
        "It can be read, but not changed.",
    )


def lines_of(text: str) -> list[str]:
    """The lines, each with a plain newline at its end but perhaps the last."""
    return list(io.StringIO(text, newline=None))

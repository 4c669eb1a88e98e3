"""Zip containers from strangers: every size is checked before anything is unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from app.base.jobs import CancelToken
from app.library.errors import ReaderError, damaged, password_needed, too_large
from app.library.readers.source import Source

_MOST_ENTRIES: Final = 20_000
_LARGEST_DIRECTORY_BYTES: Final = 16_000_000
_LARGEST_TOTAL_BYTES: Final = 4_000_000_000
LARGEST_ENTRY_BYTES: Final = 200_000_000
# XML shrinks 5 to 50 times. Far beyond that, and large, nobody typed it.
_BOMB_RATIO: Final = 150
_BOMB_BYTES: Final = 8_000_000
_BLOCK_BYTES: Final = 1 << 20
_PLAIN_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """A zip file whose entries are only given out within bounds."""

    def __init__(self, file: zipfile.ZipFile, what: str, cancel: CancelToken) -> None:
        self.what = what
        self._file = file
        self._cancel = cancel
        self._entries = {entry.filename: entry for entry in file.infolist()}
        total = sum(entry.file_size for entry in file.infolist())
        if len(file.infolist()) > _MOST_ENTRIES or total > _LARGEST_TOTAL_BYTES:
            raise _bomb(what)
        if any(entry.header_offset < 0 for entry in file.infolist()):
            raise damaged(what)

    @property
    def names(self) -> frozenset[str]:
        """All entry names."""
        return frozenset(self._entries)

    def read(self, name: str) -> bytes:
        """Unpack one entry.

        Raises:
            ReaderError: it is missing, encrypted, damaged, or swells beyond all measure.
        """
        return b"".join(self._blocks(self._checked(name)))

    def verify(self, suffixes: tuple[str, ...]) -> None:
        """Unpack every entry with such an ending once, keeping nothing.

        For libraries that open the container themselves. Refuses document type declarations too:
        office files have none, and entities are how XML is made to explode.
        """
        for name, entry in self._entries.items():
            if name.lower().endswith(suffixes):
                tail = b""
                for block in self._blocks(self._checked(name)):
                    if b"<!DOCTYPE" in tail + block or b"<!ENTITY" in tail + block:
                        raise _bomb(self.what)
                    tail = block[-10:]
            elif entry.file_size > LARGEST_ENTRY_BYTES:
                raise too_large(self.what, f"{LARGEST_ENTRY_BYTES // 1_000_000} MB of one picture")

    def _checked(self, name: str) -> zipfile.ZipInfo:
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(self.what)
        if entry.flag_bits & 0x1:
            raise password_needed(self.what)
        if entry.compress_type not in _PLAIN_METHODS:
            raise damaged(self.what)
        swollen = entry.file_size > _BOMB_RATIO * max(1, entry.compress_size)
        if swollen and entry.file_size > _BOMB_BYTES:
            raise _bomb(self.what)
        if entry.file_size > LARGEST_ENTRY_BYTES:
            raise too_large(self.what, f"{LARGEST_ENTRY_BYTES // 1_000_000} MB of text")
        return entry

    def _blocks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        # zipfile never unpacks more than the declared size, and compares the checksum at its end.
        try:
            with self._file.open(entry) as stream:
                while block := stream.read(_BLOCK_BYTES):
                    self._cancel.check()
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise damaged(self.what) from error


@contextmanager
def open_archive(source: Source, what: str, cancel: CancelToken) -> Iterator[Archive]:
    """Open a zip container of which only the end marks are trusted so far.

    Args:
        source: the file; may be loaded or not.
        what: what to call it in messages, such as "Word document".
        cancel: noticed with every megabyte.
    """
    data = source.reopen()
    try:
        if _directory_bytes(data, source.size_bytes) > _LARGEST_DIRECTORY_BYTES:
            raise _bomb(what)
        data.seek(0)
        file = zipfile.ZipFile(data)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise damaged(what) from error
    with file:
        yield Archive(file, what, cancel)


def _directory_bytes(file: BinaryIO, size_bytes: int) -> int:
    # zipfile loads the whole table of contents at once, so its size is looked up before.
    start = max(0, size_bytes - 66_000)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise zipfile.BadZipFile
    (directory,) = struct.unpack_from("<L", tail, at + 12)
    if directory != 0xFFFFFFFF:
        return int(directory)
    (record,) = struct.unpack_from("<Q", tail, at - 20 + 8)
    file.seek(record)
    (large,) = struct.unpack_from("<Q", file.read(56), 40)
    return int(large)


def _bomb(what: str) -> ReaderError:
    return ReaderError(
        f"This {what} would unpack to an enormous size, as files made to do harm do.",
        "Do not open it unless you know where it comes from.",
    )

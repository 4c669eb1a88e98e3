"""An opened file: its bytes and their hash, read once, without ever waiting on a pipe or device.

The file stays open until it was read to the end, so that it cannot vanish half-way.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.base.jobs import CancelToken
from app.library.entities import ContentHash
from app.library.errors import ReaderError, file_trouble, too_large

HEAD_BYTES = 65_536
IN_MEMORY_BYTES = 256_000_000
LARGEST_FILE_BYTES = 4_000_000_000
_BLOCK_BYTES = 1 << 20


class Source:
    """A regular file, open for reading, with what is known about it.

    Attributes:
        head: the first 64 kB, enough to tell what it is.
        content: hash of all bytes; set by `load`.
        data: all bytes, None while not loaded or when too many to hold in memory.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.file = file
        found = os.fstat(file.fileno())
        self.size_bytes = found.st_size
        self._changed_at = found.st_mtime_ns
        self.head = file.read(HEAD_BYTES)
        self.content = ContentHash("")
        self.data: bytes | None = None

    @property
    def suffix(self) -> str:
        """The ending of the name, in lower case, with its dot."""
        return self.path.suffix.lower()

    def require_memory(self, what: str) -> None:
        """Refuse a file too large to be read in one go.

        Raises:
            ReaderError: it is.
        """
        if self.size_bytes > IN_MEMORY_BYTES:
            raise too_large(what, f"{IN_MEMORY_BYTES // 1_000_000} MB")

    def load(self, cancel: CancelToken) -> None:
        """Read and hash every byte.

        Raises:
            ReaderError: the file shrank or grew meanwhile.
        """
        digest = hashlib.sha256()
        kept: bytearray | None = bytearray() if self.size_bytes <= IN_MEMORY_BYTES else None
        left = self.size_bytes
        self.file.seek(0)
        while left > 0 and (block := self.file.read(min(_BLOCK_BYTES, left))):
            cancel.check()
            digest.update(block)
            left -= len(block)
            if kept is not None:
                kept += block
        if left:
            raise _changed()
        self.check_unchanged()
        self.content = ContentHash(digest.hexdigest())
        self.data = bytes(kept) if kept is not None else None

    def reopen(self) -> BinaryIO:
        """All bytes as a file positioned at its start, for libraries that want one."""
        if self.data is not None:
            return io.BytesIO(self.data)
        self.file.seek(0)
        return self.file

    def bytes(self) -> bytes:
        """All bytes, for readers of what `require_memory` has let through."""
        if self.data is None:
            raise RuntimeError("load() comes before bytes()")
        return self.data

    def check_unchanged(self) -> None:
        """Make sure that what was hashed is what is still there.

        Raises:
            ReaderError: somebody wrote to the file.
        """
        found = os.fstat(self.file.fileno())
        if (found.st_size, found.st_mtime_ns) != (self.size_bytes, self._changed_at):
            raise _changed()


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a regular file of sensible size.

    Raises:
        ReaderError: it is missing, forbidden, empty, too large, or no regular file.
    """
    if "\0" in str(path):
        raise ReaderError("This file name is not valid.", "Rename the file and add it again.")
    try:
        _require_regular(path.stat().st_mode)
        # Between stat and open a pipe may take the file's place; this never waits for its writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            _require_regular(os.fstat(file.fileno()).st_mode)
            source = Source(path, file)
            _require_sensible_size(source.size_bytes)
            yield source
    except OSError as error:
        raise file_trouble(error) from error


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if not stat.S_ISREG(mode):
        raise ReaderError(
            "This is a device or a pipe, not a file.", "Add a file that holds a document."
        )


def _require_sensible_size(size_bytes: int) -> None:
    if size_bytes == 0:
        raise ReaderError(
            "The file is empty: it has zero bytes.",
            "A download or copy may have been cut off. Get it again.",
        )
    if size_bytes > LARGEST_FILE_BYTES:
        raise too_large("file", f"{LARGEST_FILE_BYTES // 1_000_000_000} GB")


def _changed() -> ReaderError:
    return ReaderError(
        "The file changed while it was being read.",
        "Wait until the program that writes it is done, then try again.",
    )

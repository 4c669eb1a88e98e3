"""One installation at a time, also across starts. The system lets go when the holders are gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int, *, wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
                continue  # LK_LOCK gives up after ten seconds.
            return True

else:
    import fcntl

    def _take(descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


@contextmanager
def held(path: Path, tell: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file; `tell` hears it when another start has to be waited for.

    Yields:
        The file descriptor. A child that inherits it keeps the lock if this process is killed.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _take(descriptor, wait=False):
            tell("Another start is preparing Cairn; waiting for it.")
            _take(descriptor, wait=True)
        yield descriptor
    finally:
        os.close(descriptor)

"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.base.errors import AppError, disk_full_explained

_PREFIX, _SUFFIX = "new-", ".part"


class NotWritten(AppError):
    """A file cannot be written where the user wants it."""


def is_unfinished(name: str) -> bool:
    """Whether a file of this name may be what a killed `write_whole` left behind."""
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and put it there once it is on the disk.

    Raises:
        DiskFull: there is no room.
        OSError: it cannot be written there.
    """
    with disk_full_explained(path.parent):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_PREFIX, suffix=_SUFFIX)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def export_whole(path: Path, data: bytes) -> None:
    """Write a file that the user asked for, with the permissions of any new file of theirs.

    A link stays, and a pipe or a device, such as /dev/stdout, is written to as it is.

    Raises:
        DiskFull: there is no room.
        NotWritten: it cannot be written there; why.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        place = path.resolve()
        write_whole(place, data)
        _as_any_new_file(place)
    except OSError as error:
        raise NotWritten(
            f"The file {path} cannot be written ({error.strerror or type(error).__name__}).",
            "Choose another folder, or give yourself the right to write there.",
        ) from error


def _as_any_new_file(path: Path) -> None:
    """Temporary files are for their owner alone; an exported one is for whom the umask lets."""
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        path.chmod(0o666 & ~mask)

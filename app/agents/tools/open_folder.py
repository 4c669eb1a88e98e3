"""A folder held open, through which names are used and no link is followed.

Windows can neither hold a folder open for this nor refuse links while opening. There each real
path is compared once more just before use; another program that swaps a folder for a junction in
the instant after that is not caught.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from app.agents.tools.tool import ToolFault

HOLDS_FOLDERS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_CLOSED: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)  # a pipe would wait for somebody to write
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)

Identity = tuple[int, int]  # device and number of a file; equal for one file, whatever its name


class OpenFolder:
    """A folder held open: its name may come to mean another folder, this stays the same."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    @classmethod
    def of(cls, path: Path, identity: Identity | None) -> OpenFolder:
        """Open a granted folder.

        Raises:
            ToolFault: by now the path leads to another one.
        """
        descriptor = None
        if HOLDS_FOLDERS:
            descriptor = os.open(path, _FOLDER | _NO_LINK | _CLOSED)
            found = os.fstat(descriptor)
        else:
            found = path.stat()
        folder = cls(path, descriptor)
        if identity != identity_of(found):
            folder.__exit__()
            raise ToolFault(f"The folder {path.name} is not the one that was granted.")
        return folder

    def folder(self, name: str) -> OpenFolder:
        """Open a folder in this one; a link is not followed."""
        path, where = self._at(name)
        descriptor = None
        if HOLDS_FOLDERS:
            descriptor = os.open(path, _FOLDER | _NO_LINK | _CLOSED, **where)
        elif not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError
        return OpenFolder(self._path / name, descriptor)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open a regular file in this folder, or make it; no link, pipe or device.

        Raises:
            ToolFault: it is something else.
        """
        path, where = self._at(name)
        if not flags & os.O_CREAT:
            _check_regular(name, os.lstat(path, **where))  # to open a device can be an act
        descriptor = os.open(path, flags | _NO_LINK | _NO_WAIT | _CLOSED, mode, **where)
        try:
            _check_regular(name, os.fstat(descriptor))
        except ToolFault:
            os.close(descriptor)
            raise
        return descriptor

    def stat(self, name: str) -> os.stat_result | None:
        """Of what has this name, a link itself included; None if nothing has."""
        path, where = self._at(name)
        try:
            return os.lstat(path, **where)
        except FileNotFoundError:
            return None

    def replace(self, source: str, target: str) -> None:
        """Give a file in this folder the name of another, which is gone then."""
        (old, at_old), (new, at_new) = self._at(source), self._at(target)
        if at_old:
            os.replace(old, new, src_dir_fd=at_old["dir_fd"], dst_dir_fd=at_new["dir_fd"])
        else:
            Path(old).replace(new)

    def take(self, name: str, source: OpenFolder, old: str) -> None:
        """Give a file or folder of another folder a name in this one. Nothing is overwritten.

        What another program gives the same name in the instant of the move is lost.

        Raises:
            FileExistsError: there is something of this name.
        """
        (path, here), (old_path, there) = self._at(name), source._at(old)
        if os.name == "nt":
            Path(old_path).rename(path)  # refuses by itself
            return
        is_folder = stat.S_ISDIR(os.lstat(old_path, **there).st_mode)
        taken = self._reserve(name, is_folder)
        try:
            if identity_of(os.lstat(path, **here)) != taken:
                raise FileExistsError
            # What is empty may be replaced, and nothing else is there.
            fds = there.get("dir_fd"), here.get("dir_fd")
            os.replace(old_path, path, src_dir_fd=fds[0], dst_dir_fd=fds[1])
        except BaseException:
            with suppress(OSError, ToolFault):
                if identity_of(os.lstat(path, **here)) == taken:
                    (self.remove_folder if is_folder else self.remove)(name)
            raise

    def make_folder(self, name: str) -> None:
        """Make a folder in this one; `FileExistsError` if there is something of this name."""
        path, where = self._at(name)
        os.mkdir(path, dir_fd=where.get("dir_fd"))

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself."""
        path, where = self._at(name)
        os.unlink(path, **where)

    def remove_folder(self, name: str) -> None:
        """Remove a folder that is empty."""
        path, where = self._at(name)
        os.rmdir(path, **where)

    @contextmanager
    def entries(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        """What is in this folder."""
        target: Any = self._path if self._descriptor is None else self._descriptor
        with os.scandir(target) as found:
            yield found

    def _reserve(self, name: str, is_folder: bool) -> Identity:
        path, where = self._at(name)
        if is_folder:
            os.mkdir(path, dir_fd=where.get("dir_fd"))
            return identity_of(os.lstat(path, **where))
        descriptor = self.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            return identity_of(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def _at(self, name: str) -> tuple[str, dict[str, Any]]:
        if self._descriptor is not None:
            return name, {"dir_fd": self._descriptor}
        path = str(self._path / name)
        if os.path.realpath(path) != path:
            raise ToolFault(f"“{name}” is a link now, and is not followed.")
        return path, {}


def identity_of(found: os.stat_result) -> Identity:
    """What a file is, whatever it is called."""
    return found.st_dev, found.st_ino


def _check_regular(name: str, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolFault(f"“{name}” is a folder, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise ToolFault(f"“{name}” is no ordinary file, and is not opened.")

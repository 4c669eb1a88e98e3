"""Granted folders: from what a model writes to an open file in one of them, and nowhere else.

A path is resolved, its real place is looked for below the granted folders, and then it is walked
from there name by name, each folder held open and no symbolic link followed. So a link put in the
way between check and use is refused. Hard links cannot be told from files; a write replaces a file
instead of changing it, so it never reaches what else the file is linked as.

Windows can neither hold a folder open for this nor refuse links while opening. There each real
path is compared once more just before use; another program that swaps a folder for a junction in
the instant after that is not caught.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.agents.entities import GrantedFolder
from app.agents.tools.path_text import is_private, outside, parts_of, printable
from app.agents.tools.tool import ToolFault
from app.base.errors import disk_full, is_disk_full

HOLDS_FOLDERS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_CLOSED: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)  # a pipe would wait for somebody to write
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)

Identity = tuple[int, int]  # device and number of a file; equal for one file, whatever its name


@dataclass(frozen=True, slots=True)
class Root:
    """A granted folder as it was when it was granted.

    Attributes:
        name: what paths begin with where several folders are granted.
        real: its path without links.
        identity: None if it was not there.
    """

    name: str
    granted: GrantedFolder
    real: Path
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder below a root, whether or not it exists. `parts` has no link and no "..".

    Attributes:
        shown: the path as the model may write it again.
    """

    root: Root
    parts: tuple[str, ...]
    shown: str


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
    def of(cls, root: Root) -> OpenFolder:
        """Open a root, if it is still the folder that was granted."""
        descriptor = None
        if HOLDS_FOLDERS:
            descriptor = os.open(root.real, _FOLDER | _NO_LINK | _CLOSED)
            found = os.fstat(descriptor)
        else:
            found = root.real.stat()
        folder = cls(root.real, descriptor)
        if root.identity != identity_of(found):
            folder.__exit__()
            raise ToolFault(f"The folder {root.name} is not the one that was granted.")
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

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself."""
        path, where = self._at(name)
        os.unlink(path, **where)

    @contextmanager
    def entries(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        """What is in this folder."""
        target: Any = self._path if self._descriptor is None else self._descriptor
        with os.scandir(target) as found:
            yield found

    def _at(self, name: str) -> tuple[str, dict[str, Any]]:
        if self._descriptor is not None:
            return name, {"dir_fd": self._descriptor}
        path = str(self._path / name)
        if os.path.realpath(path) != path:
            raise ToolFault(f"“{name}” is a link now, and is not followed.")
        return path, {}


class Folders:
    """All the folders that an agent was granted."""

    def __init__(self, granted: Sequence[GrantedFolder]) -> None:
        self.roots: list[Root] = []
        for each in granted:
            real = Path(os.path.realpath(each.path))
            try:
                identity = identity_of(real.stat())
            except OSError:
                identity = None
            self.roots.append(Root(self._free_name(real.name or str(real)), each, real, identity))

    @property
    def described(self) -> str:
        """The folders in words, for the description of a tool."""
        names = [
            root.name + ("" if root.granted.can_write else " (read only)") for root in self.roots
        ]
        if len(names) == 1:
            return f"Paths are relative to the folder {names[0]}."
        return f"Paths begin with the name of a folder. The folders: {', '.join(names)}."

    def place(self, text: str) -> Place:
        """Where a path leads.

        Raises:
            ToolFault: not into a granted folder, or to something private.
        """
        paths = [each for root in self.roots for each in (root.granted.path, root.real)]
        index, parts = parts_of(text, paths, windows=os.name == "nt")
        root, parts = self._root_of(text, index, parts)
        try:
            real = Path(os.path.realpath(root.real.joinpath(*parts)))
        except (OSError, ValueError) as error:
            raise outside(text) from error
        holder, inside = self._holder(real, text)
        for name in (*parts, *inside):
            if is_private(name):
                raise ToolFault(f"{text} is private: keys and passwords are not opened.")
        return Place(holder, inside, self.shown(holder, inside))

    def shown(self, root: Root, parts: Sequence[str]) -> str:
        """A path as a model writes it."""
        names = parts if len(self.roots) == 1 else (root.name, *parts)
        return printable("/".join(names)) or "."

    def _root_of(self, text: str, index: int | None, parts: list[str]) -> tuple[Root, list[str]]:
        if index is not None:
            return self.roots[index // 2], parts
        if len(self.roots) == 1:
            return self.roots[0], parts
        for root in self.roots:
            if parts[:1] == [root.name]:
                return root, parts[1:]
        raise outside(text)

    def _holder(self, real: Path, text: str) -> tuple[Root, tuple[str, ...]]:
        # By what the folders are, not by their names: a file system may not mind the case, and a
        # folder that is granted for reading can lie in one that is granted for writing.
        for folder in (real, *real.parents):
            try:
                identity = identity_of(folder.lstat())
            except OSError:
                continue  # not there yet, or no folder
            for root in self.roots:
                if root.identity == identity:
                    return root, real.relative_to(folder).parts
        raise outside(text)

    def _free_name(self, name: str) -> str:
        taken = {root.name for root in self.roots}
        number = 2
        free = name
        while free in taken:
            free, number = f"{name}-{number}", number + 1
        return free


@contextmanager
def opened_folder(place: Place) -> Iterator[OpenFolder]:
    """The folder at a place, held open."""
    with _walked(place, place.parts) as folder:
        yield folder


@contextmanager
def opened_parent(place: Place) -> Iterator[tuple[OpenFolder, str]]:
    """The folder that the file at a place is in, held open, and the name of the file."""
    if not place.parts:
        raise ToolFault(f"{place.shown} is a folder, not a file.")
    with _walked(place, place.parts[:-1]) as folder:
        yield folder, place.parts[-1]


@contextmanager
def _walked(place: Place, parts: Sequence[str]) -> Iterator[OpenFolder]:
    with _faults(place):
        folder = OpenFolder.of(place.root)
        try:
            for name in parts:
                below = _below(folder, name)
                folder.__exit__()
                folder = below
            yield folder
        finally:
            folder.__exit__()


def _below(folder: OpenFolder, name: str) -> OpenFolder:
    try:
        return folder.folder(name)
    except FileNotFoundError as error:
        raise ToolFault(
            f"There is no folder “{printable(name)}”.", "Use list_files to see what there is."
        ) from error


@contextmanager
def _faults(place: Place) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ToolFault(
            f"There is no {place.shown}.", "Use list_files to see what there is."
        ) from error
    except NotADirectoryError as error:
        raise ToolFault(f"A part of {place.shown} is no folder, or is a link now.") from error
    except IsADirectoryError as error:
        raise ToolFault(f"{place.shown} is a folder, not a file.") from error
    except PermissionError as error:
        raise ToolFault(f"The system does not allow access to {place.shown}.") from error
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(place.root.real) from error
        raise ToolFault(f"{place.shown} cannot be used: {error.strerror or error}.") from error


def identity_of(found: os.stat_result) -> Identity:
    """What a file is, whatever it is called."""
    return found.st_dev, found.st_ino


def _check_regular(name: str, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolFault(f"“{name}” is a folder, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise ToolFault(f"“{name}” is no ordinary file, and is not opened.")

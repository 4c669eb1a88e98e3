"""Granted folders: from what a model writes to an open file in one of them, and nowhere else.

A path is resolved, its real place is looked for below the granted folders, and then it is walked
from there name by name, each folder held open and no symbolic link followed. So a link put in the
way between check and use is refused. Hard links cannot be told from files; a write replaces a file
instead of changing it, so it never reaches what else the file is linked as.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.agents.entities import GrantedFolder
from app.agents.tools.open_folder import Identity, OpenFolder, identity_of
from app.agents.tools.path_text import is_private, outside, parts_of, printable
from app.agents.tools.tool import ToolFault
from app.base.errors import disk_full, is_disk_full


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


class NotThere(ToolFault):
    """There is no file or folder at a place."""


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

    def writable(self, text: str) -> Place:
        """Where a path leads, to something that may be changed.

        Raises:
            ToolFault: as `place` does; or its folder is for reading only, or it is hidden.
        """
        place = self.place(text)
        if not place.root.granted.can_write:
            raise ToolFault(
                f"{place.shown} cannot be changed: its folder was granted for reading only.",
                "Tell the person what you would change.",
            )
        # Programs obey many of these: hooks of git, what a shell starts with.
        if any(part.startswith(".") for part in place.parts):
            raise ToolFault(f"{place.shown} cannot be changed: hidden files are never written.")
        return place

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
def opened_parent(place: Place, *, make: bool = False) -> Iterator[tuple[OpenFolder, str]]:
    """The folder that the file at a place is in, held open, and the name of the file.

    Args:
        make: make the folders on the way that are not there.
    """
    if not place.parts:
        raise ToolFault(f"{place.shown} is a folder, not a file.")
    with _walked(place, place.parts[:-1], make) as folder:
        yield folder, place.parts[-1]


@contextmanager
def _walked(place: Place, parts: Sequence[str], make: bool = False) -> Iterator[OpenFolder]:
    with _faults(place):
        folder = OpenFolder.of(place.root.real, place.root.identity)
        try:
            for name in parts:
                if make and folder.stat(name) is None:
                    with suppress(FileExistsError):  # another program was quicker
                        folder.make_folder(name)
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
        raise NotThere(
            f"There is no folder “{printable(name)}”.", "Use list_files to see what there is."
        ) from error


@contextmanager
def _faults(place: Place) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotThere(
            f"There is no {place.shown}.", "Use list_files to see what there is."
        ) from error
    except FileExistsError as error:
        raise ToolFault(f"There is {place.shown} already; it is not overwritten.") from error
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

"""A change of where files lie: worked out and shown first, then made if it is still the same."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from app.agents.tools.folders import Folders, NotThere, Place, opened_parent
from app.agents.tools.open_folder import OpenFolder, identity_of
from app.agents.tools.tool import Arguments, Preview, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken


@dataclass(frozen=True, slots=True)
class Step:
    """A change that was worked out and not made.

    Attributes:
        title: in one line: "Move the file a.txt".
        change: all of it, in the words of a diff.
        about: what has to be the same when it is made, besides the change.
        make: makes it, and says what was done.
    """

    title: str
    change: str
    about: tuple[object, ...]
    make: Callable[[], str]

    @property
    def seal(self) -> str:
        """See `Preview.seal`."""
        return hashlib.sha256(repr((self.title, self.change, self.about)).encode()).hexdigest()


Plan = Callable[[Folders, Arguments], AbstractContextManager[Step]]


class Arranger:
    """A tool that makes one such change."""

    def __init__(self, spec: ToolSpec, folders: Folders, plan: Plan) -> None:
        self.spec = spec
        self._folders = folders
        self._plan = plan

    def preview(self, arguments: Arguments, cancel: CancelToken) -> Preview:
        """What would be changed; nothing is yet."""
        cancel.check()
        with self._plan(self._folders, arguments) as step:
            return Preview(step.title, step.change, step.seal)

    def run(
        self, arguments: Arguments, cancel: CancelToken, preview: Preview | None = None
    ) -> ToolResult:
        """Make the change, if it is still the one that was shown."""
        cancel.check()
        with self._plan(self._folders, arguments) as step:
            if preview is not None and preview.seal != step.seal:
                raise ToolFault(
                    "Something is not as it was when the change was shown; nothing was changed.",
                    "Use list_files to see what there is.",
                )
            return ToolResult(step.make(), preview=step.change)


@dataclass(frozen=True, slots=True)
class Item:
    """A file or folder, with the folder that it is in held open."""

    place: Place
    folder: OpenFolder
    name: str
    found: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.found.st_mode)

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "folder" if self.is_folder else "file"

    @property
    def facts(self) -> tuple[object, ...]:
        """By which it is known again; a folder may get other content, which goes where it goes."""
        same = (str(self.place.root.real), self.place.parts, identity_of(self.found))
        return same if self.is_folder else (*same, self.found.st_size, self.found.st_mtime_ns)

    def move(self, target: Place) -> None:
        """Give it another place, where nothing may be.

        Raises:
            ToolFault: there is something, or it cannot go there.
        """
        with opened_parent(target, make=True) as (folder, name):
            try:
                folder.take(name, self.folder, self.name)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise ToolFault(
                        f"{target.shown} is on another disk; files are only moved on one disk."
                    ) from error
                raise


@contextmanager
def opened_item(folders: Folders, text: str) -> Iterator[Item]:
    """What is at a path, if it may be moved.

    Raises:
        ToolFault: there is nothing, or it has to stay.
    """
    place = folders.writable(text)
    if not place.parts:
        raise ToolFault("A granted folder itself stays where it is and as it is called.")
    with opened_parent(place) as (folder, name):
        found = folder.stat(name)
        if found is None:
            raise FileNotFoundError
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise ToolFault(f"{place.shown} is no ordinary file, and stays where it is.")
        _refuse_holder(folders, place, found)
        yield Item(place, folder, name, found)


def status(place: Place) -> os.stat_result | None:
    """Of what is at a place; None if there is nothing."""
    try:
        with opened_parent(place) as (folder, name):
            return folder.stat(name)
    except NotThere:
        return None


def _refuse_holder(folders: Folders, place: Place, found: os.stat_result) -> None:
    """Refuse what a granted folder lies in: it would move along, whatever it was granted for."""
    for root in folders.roots:
        for path in (root.real, *root.real.parents):
            try:
                is_in_it = identity_of(path.lstat()) == identity_of(found)
            except OSError:
                continue
            if is_in_it:
                raise ToolFault(
                    f"{place.shown} stays where it is: the granted folder {root.name} is in it."
                )

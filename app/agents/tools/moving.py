"""Moving, removing and bringing back files in granted folders. Nothing is overwritten or lost.

What is removed goes to a hidden folder `.cairn-bin` at the top of the granted folder, under the
time and its former path. Tools can look there and bring back; nothing empties it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from app.agents.entities import Risk
from app.agents.tools.arranging import Arranger, Item, Step, opened_item, status
from app.agents.tools.clock import utc_now
from app.agents.tools.folders import Folders, NotThere, Place, opened_folder, opened_parent
from app.agents.tools.tool import Arguments, ToolFault, ToolSpec
from app.engine.messages import Tool as OfferedTool

BIN: Final = ".cairn-bin"
_MOST_REMOVED: Final = 20_000
_PATH: Final = {"type": "string", "minLength": 1}
_FILE: Final = {"path": {**_PATH, "description": "Path of the file or folder."}}


def move_file(folders: Folders) -> Arranger:
    """The tool that moves or renames a file or folder."""
    ends = {
        "from": {**_PATH, "description": "What to move."},
        "to": {**_PATH, "description": "Its new path, or the folder to put it in."},
    }
    what = "Move or rename a file or folder. Folders on the way are made; nothing is overwritten."
    return Arranger(_spec("move_file", what, "Move a file", ends, folders), folders, _move)


def make_folder(folders: Folders) -> Arranger:
    """The tool that makes a folder."""
    path = {"path": {**_PATH, "description": "Path of the new folder."}}
    what = "Make an empty folder, and those that it is to be in."
    return Arranger(_spec("make_folder", what, "Make a folder", path, folders), folders, _make)


def delete_file(folders: Folders, now: Callable[[], datetime] = utc_now) -> Arranger:
    """The tool that moves a file or an empty folder to the bin."""
    what = "Delete a file or an empty folder. It is kept in a bin; restore_file brings it back."
    spec = _spec("delete_file", what, "Delete a file", _FILE, folders)
    return Arranger(spec, folders, partial(_delete, now))


def restore_file(folders: Folders) -> Arranger:
    """The tool that takes a file back out of the bin."""
    what = "Bring back what delete_file has deleted, by the path that it had."
    spec = _spec("restore_file", what, "Bring back a deleted file", _FILE, folders)
    return Arranger(spec, folders, _restore)


def _spec(
    name: str, what: str, title: str, properties: Mapping[str, Any], folders: Folders
) -> ToolSpec:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return ToolSpec(OfferedTool(name, f"{what} {folders.described}", parameters), Risk.WRITE, title)


@contextmanager
def _move(folders: Folders, arguments: Arguments) -> Iterator[Step]:
    with opened_item(folders, arguments["from"]) as item:
        target = _target(folders, arguments["to"], item)
        source = item.place
        if target.root == source.root and target.parts[: len(source.parts)] == source.parts:
            if target.parts == source.parts:
                raise ToolFault(f"{source.shown} is there already.")
            raise ToolFault("A folder cannot be moved into itself.")
        _refuse_taken(target)

        def make() -> str:
            item.move(target)
            return f"{source.shown} is now {target.shown}."

        is_renamed = (target.root, target.parts[:-1]) == (source.root, source.parts[:-1])
        verb = "Rename" if is_renamed else "Move"
        lines = [f"rename from {source.shown}", f"rename to {target.shown}"]
        new = _new_folders(folders, target)
        about = (*item.facts, str(target.root.real), target.parts)
        yield Step(f"{verb} the {item.kind} {source.shown}", "\n".join(lines + new), about, make)


def _target(folders: Folders, text: str, item: Item) -> Place:
    place = folders.writable(text)
    is_folder = not place.parts or text.endswith(("/", "\\"))
    if not is_folder:
        found = status(place)
        is_folder = found is not None and Item(place, item.folder, "", found).is_folder
    if not is_folder or place == item.place:
        return place
    parts = (*place.parts, item.name)
    return Place(place.root, parts, folders.shown(place.root, parts))


@contextmanager
def _make(folders: Folders, arguments: Arguments) -> Iterator[Step]:
    place = folders.writable(arguments["path"])
    if not place.parts:
        raise ToolFault("This folder is there already.")
    _refuse_taken(place)

    def make() -> str:
        with opened_parent(place, make=True) as (folder, name):
            folder.make_folder(name)
        return f"The folder {place.shown} is made."

    lines = [*_new_folders(folders, place), f"new folder {place.shown}"]
    about = (str(place.root.real), place.parts)
    yield Step(f"Make the folder {place.shown}", "\n".join(lines), about, make)


@contextmanager
def _delete(now: Callable[[], datetime], folders: Folders, arguments: Arguments) -> Iterator[Step]:
    with opened_item(folders, arguments["path"]) as item:
        if item.is_folder:
            with item.folder.folder(item.name) as inside, inside.entries() as entries:
                if next(entries, None) is not None:
                    raise ToolFault(
                        f"{item.place.shown} is not empty.", "Delete or move what is in it first."
                    )
        root, shown = item.place.root, item.place.shown

        def make() -> str:
            name = f"{now().astimezone():%Y-%m-%d_%H%M%S}_{secrets.token_hex(2)}"
            parts = (BIN, name, *item.place.parts)
            kept = Place(root, parts, folders.shown(root, parts))
            item.move(kept)
            return f"{shown} is deleted. It is kept as {kept.shown}; restore_file brings it back."

        change = f"deleted {item.kind} {shown}\nkept in {folders.shown(root, (BIN,))}"
        yield Step(f"Delete the {item.kind} {shown}", change, item.facts, make)


@contextmanager
def _restore(folders: Folders, arguments: Arguments) -> Iterator[Step]:
    target = folders.writable(arguments["path"])
    kept = _kept(folders, target)
    _refuse_taken(target)
    with opened_parent(kept) as (folder, name):
        found = folder.stat(name)
        if found is None:
            raise FileNotFoundError
        item = Item(kept, folder, name, found)

        def make() -> str:
            item.move(target)
            _tidy(kept)
            return f"{target.shown} is back."

        lines = [f"rename from {kept.shown}", f"rename to {target.shown}"]
        title = f"Bring back the {item.kind} {target.shown}"
        yield Step(title, "\n".join(lines + _new_folders(folders, target)), item.facts, make)


def _kept(folders: Folders, target: Place) -> Place:
    """Where in the bin the file is that had a place; the one removed last if there are several."""
    root = target.root
    place = Place(root, (BIN,), folders.shown(root, (BIN,)))
    names: list[str] = []
    with suppress(NotThere), opened_folder(place) as folder, folder.entries() as entries:
        names = sorted((each.name for each in islice(entries, _MOST_REMOVED)), reverse=True)
    for name in names if target.parts else ():
        parts = (BIN, name, *target.parts)
        kept = Place(root, parts, folders.shown(root, parts))
        with suppress(ToolFault):  # somebody may have put a file there
            if status(kept) is not None:
                return kept
    raise ToolFault(
        f"{target.shown} is not in the bin.", f"Use list_files with {place.shown} to see what is."
    )


def _tidy(kept: Place) -> None:
    """Remove the folders of the bin that are empty now."""
    for length in range(len(kept.parts) - 1, 0, -1):
        try:
            with opened_parent(Place(kept.root, kept.parts[:length], kept.shown)) as (folder, name):
                folder.remove_folder(name)
        except ToolFault:
            return  # there is more in it


def _refuse_taken(place: Place) -> None:
    if status(place) is not None:
        raise ToolFault(
            f"There is {place.shown} already; it is not overwritten.", "Choose another name."
        )


def _new_folders(folders: Folders, place: Place) -> list[str]:
    """The folders on the way to a place that would be made."""
    ways = (place.parts[:length] for length in range(1, len(place.parts)))
    places = (Place(place.root, way, folders.shown(place.root, way)) for way in ways)
    return [f"new folder {each.shown}" for each in places if status(each) is None]

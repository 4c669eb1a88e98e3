"""Searching granted folders for names and for text, within bounds that the result names."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from fnmatch import fnmatch
from itertools import islice
from typing import Final, NamedTuple

from app.agents.entities import Risk
from app.agents.tools.folders import Folders, opened_folder
from app.agents.tools.open_folder import OpenFolder
from app.agents.tools.path_text import is_private, printable
from app.agents.tools.results import capped
from app.agents.tools.text_file import lines_of, read_content, text_of
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_MOST_HITS: Final = 100
_MOST_HITS_IN_FILE: Final = 20
_MOST_ENTRIES: Final = 50_000
_MOST_IN_FOLDER: Final = 20_000
_MOST_BYTES: Final = 200_000_000
_MOST_BYTES_IN_FILE: Final = 4_000_000
_MOST_SECONDS: Final = 10.0
_DEEPEST: Final = 32  # folders held open at once
_LONGEST_LINE: Final = 200


class _Found(NamedTuple):
    folder: OpenFolder
    name: str
    path: str
    is_file: bool


class SearchFiles:
    """The tool that finds files by name, by text in them, or by both."""

    def __init__(self, folders: Folders, seconds_now: Callable[[], float] = time.monotonic) -> None:
        self._folders = folders
        self._seconds_now = seconds_now
        offered = OfferedTool(
            "search_files",
            "Find files by name (* and ? stand for any letters), by a text in them, or by both; "
            f"case does not matter. Hidden files are left out. {folders.described}",
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 200, "description": "Such as *.md."},
                    "text": {"type": "string", "maxLength": 1000, "description": "Word for word."},
                    "path": {"type": "string", "description": "Only below this folder."},
                },
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.READ, "Search files")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Search, folder by folder in the order of names."""
        name, text = arguments.get("name", ""), arguments.get("text", "")
        if not name and not text:
            raise ToolFault("There is nothing to search for.", "Give a name, a text, or both.")
        search = _Search(name, text, self._seconds_now)
        for path in self._starts(arguments.get("path") or "."):
            place = self._folders.place(path)
            shown = "" if place.shown == "." else f"{place.shown}/"
            with (
                opened_folder(place) as folder,
                closing(_below(folder, shown, cancel)) as entries,
            ):
                search.over(entries)
        return capped(search.report(), source="files in granted folders")

    def _starts(self, path: str) -> list[str]:
        if path in (".", "./") and len(self._folders.roots) != 1:
            return [root.name for root in self._folders.roots]
        return [path]


class _Search:
    """One search under way: its hits, and what it has spent."""

    def __init__(self, name: str, text: str, seconds_now: Callable[[], float]) -> None:
        self._name = name.casefold()
        self._text = text.casefold()
        self._seconds_now = seconds_now
        self._until = seconds_now() + _MOST_SECONDS
        self._hits: list[str] = []
        self._entries = 0
        self._bytes = 0
        self._unread = 0
        self._ended = ""

    def over(self, entries: Iterable[_Found]) -> None:
        """Search these until there is an end of them or of what may be spent."""
        for found in entries:
            self._ended = self._limit()
            if self._ended:
                return
            self._entries += 1
            if self._name and not fnmatch(found.name.casefold(), self._name):
                continue
            if not self._text:
                self._hits.append(found.path + ("" if found.is_file else "/"))
            elif found.is_file:
                self._hits += self._hits_in(found)

    def report(self) -> str:
        """The hits, and what was not looked at."""
        lines = self._hits[:_MOST_HITS] or ["Nothing was found."]
        if self._ended:
            lines.append(f"[… the search ended early, {self._ended}; search for less …]")
        if self._unread:
            lines.append(f"[{self._unread} files were too large or could not be opened]")
        return "\n".join(lines)

    def _limit(self) -> str:
        limits = {
            f"after {_MOST_HITS} hits": len(self._hits) >= _MOST_HITS,
            f"after {_MOST_ENTRIES:,} files": self._entries >= _MOST_ENTRIES,
            f"after {_MOST_BYTES // 1_000_000} MB": self._bytes >= _MOST_BYTES,
            f"after {_MOST_SECONDS:.0f} seconds": self._seconds_now() >= self._until,
        }
        return next((words for words, is_reached in limits.items() if is_reached), "")

    def _hits_in(self, found: _Found) -> list[str]:
        try:
            data = read_content(found.folder, found.name, _MOST_BYTES_IN_FILE).data
        except (ToolFault, OSError):
            self._unread += 1
            return []
        self._bytes += len(data)
        try:
            text = text_of(data, found.name)
        except ToolFault:  # a picture, a program
            return []
        if self._text not in text.casefold():
            return []
        hits = [
            f"{found.path}:{number}: {' '.join(line.split())[:_LONGEST_LINE]}"
            for number, line in enumerate(lines_of(text), 1)
            if self._text in line.casefold()
        ]
        if len(hits) > _MOST_HITS_IN_FILE:
            more = f"{found.path}: [… {len(hits) - _MOST_HITS_IN_FILE} more lines …]"
            return [*hits[:_MOST_HITS_IN_FILE], more]
        return hits


def _below(
    folder: OpenFolder, shown: str, cancel: CancelToken, depth: int = 0
) -> Generator[_Found, None, None]:
    try:
        with folder.entries() as entries:
            found = sorted(islice(entries, _MOST_IN_FOLDER), key=lambda entry: entry.name)
    except OSError:
        return  # locked, or gone
    for entry in found:
        cancel.check()
        if entry.name.startswith(".") or is_private(entry.name):
            continue
        path = f"{shown}{printable(entry.name)}"
        is_file = entry.is_file(follow_symlinks=False)
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_file or is_folder:
            yield _Found(folder, entry.name, path, is_file)
        if is_folder and depth < _DEEPEST:
            yield from _inside(folder, entry, f"{path}/", cancel, depth + 1)


def _inside(
    folder: OpenFolder, entry: os.DirEntry[str], shown: str, cancel: CancelToken, depth: int
) -> Generator[_Found, None, None]:
    try:
        below = folder.folder(entry.name)
    except (OSError, ToolFault):
        return  # gone, locked, or a link by now
    with below:
        yield from _below(below, shown, cancel, depth)

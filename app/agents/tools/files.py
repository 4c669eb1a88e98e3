"""Looking at granted folders: what is in them, and what a text file says."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from itertools import islice
from typing import Final, NamedTuple

from app.agents.entities import Risk
from app.agents.tools.folders import Folders, opened_folder, opened_parent
from app.agents.tools.path_text import is_private, printable
from app.agents.tools.results import capped
from app.agents.tools.text_file import lines_of, read_content, text_of
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_MOST_LISTED: Final = 300
_MOST_SCANNED: Final = 20_000


class ListFiles:
    """The tool that lists a folder, or the granted folders themselves."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        offered = OfferedTool(
            "list_files",
            f"List what is in a folder, with size in bytes and date. {folders.described}",
            {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "The folder; “.” for the top."}
                },
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.READ, "List a folder")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """List it, folders first, each in the order of names."""
        cancel.check()
        path = arguments.get("path") or "."
        if path in (".", "./") and len(self._folders.roots) != 1:
            names = [f"{root.name}/" for root in self._folders.roots]
            return capped("\n".join(names) or "No folder was granted.", source="granted folders")
        place = self._folders.place(path)
        with opened_folder(place) as folder, folder.entries() as entries:
            found = sorted(_entry(each) for each in islice(entries, _MOST_SCANNED))
            is_more = next(entries, None) is not None
        lines = [each.line for each in found[:_MOST_LISTED]]
        if len(found) > _MOST_LISTED or is_more:
            count = f"{'at least ' if is_more else ''}{len(found) - len(lines):,}"
            lines.append(f"[… {count} more; search for their names …]")
        return capped(
            "\n".join(lines) or "The folder is empty.", source=f"the folder {place.shown}"
        )


class ReadFile:
    """The tool that reads a text file or some of its lines."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        line = {"type": "integer", "minimum": 1}
        offered = OfferedTool(
            "read_file",
            "Read a text file, all of it or the lines from first_line to last_line. "
            f"{folders.described}",
            {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "Path of the file."},
                    "first_line": {**line, "description": "From 1."},
                    "last_line": {**line, "description": "This one included."},
                },
                "required": ["path"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.READ, "Read a file")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Read it; line endings come as plain newlines."""
        cancel.check()
        place = self._folders.place(arguments["path"])
        with opened_parent(place) as (folder, name):
            data = read_content(folder, name).data
        lines = lines_of(text_of(data, name))
        first = int(arguments.get("first_line", 1))
        last = min(int(arguments.get("last_line", len(lines))), len(lines))
        if lines and not first <= last:
            raise ToolFault(f"{place.shown} has {len(lines)} lines; {first} to {last} are none.")
        text = "".join(lines[first - 1 : last]) or "The file is empty."
        source = f"the file {place.shown}"
        if (first, last) != (1, len(lines)):
            source += f", lines {first} to {last} of {len(lines)}"
        return capped(text, source=source, first_line=first)


class _Entry(NamedTuple):
    """What is in a folder; entries sort as they are listed."""

    is_file: bool
    name: str
    line: str


def _entry(found: os.DirEntry[str]) -> _Entry:
    shown = printable(found.name)
    marks = [word for word, is_so in _marks(found) if is_so]
    try:
        status = found.stat(follow_symlinks=False)
    except OSError:
        return _Entry(True, found.name, f"{shown} (gone)")
    is_folder = stat.S_ISDIR(status.st_mode)
    day = datetime.fromtimestamp(status.st_mtime, UTC).date()
    facts = [f"{shown}/"] if is_folder else [shown, f"{status.st_size}", f"{day}"]
    if marks:
        facts.append(f"({', '.join(marks)})")
    return _Entry(not is_folder, found.name, "  ".join(facts))


def _marks(found: os.DirEntry[str]) -> list[tuple[str, bool]]:
    is_link = found.is_symlink()
    return [
        ("hidden", found.name.startswith(".")),
        ("private, is not opened", is_private(found.name)),
        ("link", is_link),
        ("no ordinary file", not (is_link or found.is_file() or found.is_dir())),
    ]

"""Writing and editing files in granted folders: first shown as a diff, then done in one step.

Owner, access lists and extended attributes of a replaced file are not kept; its mode is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.agents.entities import Risk
from app.agents.tools.diff import diff
from app.agents.tools.folders import Folders, Place, opened_parent
from app.agents.tools.open_folder import OpenFolder, identity_of
from app.agents.tools.text_file import Content, encoding_of, read_content, text_of
from app.agents.tools.tool import Arguments, Preview, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_MOST_BYTES: Final = 2_000_000
_MOST_COUNTED: Final = 100
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
_PATH: Final = {"type": "string", "description": "Path of the file."}

Rewrite = Callable[[str | None, Arguments], str]  # the text now, None if there is no file


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of one file, worked out and not made.

    Attributes:
        before: the file as it is; None if there is none.
        old, new: the texts; `after` is the new one in the encoding of the file.
    """

    place: Place
    before: Content | None
    old: str
    new: str
    after: bytes

    @property
    def seal(self) -> str:
        """See `Preview.seal`."""
        path = str(self.place.root.real.joinpath(*self.place.parts))
        before = b"none" if self.before is None else hashlib.sha256(self.before.data).digest()
        parts = (path.encode("utf-8", "surrogateescape"), before, self.after)
        return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in parts)).hexdigest()

    @property
    def diff(self) -> str:
        """The whole change."""
        return diff(self.old, self.new, self.place.shown, is_new=self.before is None)


class FileEditor:
    """A tool that changes one file."""

    def __init__(self, spec: ToolSpec, folders: Folders, rewrite: Rewrite) -> None:
        self.spec = spec
        self._folders = folders
        self._rewrite = rewrite

    def preview(self, arguments: Arguments, cancel: CancelToken) -> Preview:
        """The change as a diff; nothing is changed."""
        cancel.check()
        place = self._folders.writable(arguments["path"])
        with opened_parent(place) as (folder, name):
            change = self._change(place, folder, name, arguments)
        verb = "Write the new file" if change.before is None else "Change the file"
        return Preview(f"{verb} {place.shown}", change.diff, change.seal)

    def run(
        self, arguments: Arguments, cancel: CancelToken, preview: Preview | None = None
    ) -> ToolResult:
        """Make the change, if it is still the one that was shown."""
        cancel.check()
        place = self._folders.writable(arguments["path"])
        with opened_parent(place) as (folder, name):
            change = self._change(place, folder, name, arguments)
            if preview is not None and preview.seal != change.seal:
                raise _changed_meanwhile(place)
            _put(folder, name, change)
        lines = len(change.new.splitlines())
        return ToolResult(f"{place.shown} is written; it has {lines} lines.", preview=change.diff)

    def _change(self, place: Place, folder: OpenFolder, name: str, arguments: Arguments) -> _Change:
        before = None if folder.stat(name) is None else read_content(folder, name, _MOST_BYTES)
        old = None if before is None else text_of(before.data, name)
        encoding = "utf-8" if before is None else encoding_of(before.data, old or "", name)
        new = self._rewrite(old, arguments)
        if new == old:
            raise ToolFault(f"That changes nothing in {place.shown}.")
        try:
            after = new.encode(encoding)
        except UnicodeEncodeError as error:
            raise ToolFault(
                f"{place.shown} is in {encoding}, which has no character "
                f"U+{ord(new[error.start]):04X}."
            ) from error
        if len(after) > _MOST_BYTES:
            raise ToolFault(f"{place.shown} would be larger than {_MOST_BYTES // 1_000_000} MB.")
        return _Change(place, before, old or "", new, after)


def write_file(folders: Folders) -> FileEditor:
    """The tool that writes a new file or replaces all of one."""
    offered = OfferedTool(
        "write_file",
        f"Write a text file, new or in place of the whole text of an old one. {folders.described}",
        {
            "type": "object",
            "properties": {
                "path": _PATH,
                "content": {"type": "string", "description": "The whole text of the file."},
            },
            "required": ["path", "content"],
            "additionalProperties": False,
        },
    )
    return FileEditor(ToolSpec(offered, Risk.WRITE, "Write a file"), folders, _replaced)


def edit_file(folders: Folders) -> FileEditor:
    """The tool that replaces a text that a file has exactly once."""
    offered = OfferedTool(
        "edit_file",
        "Replace a part of a text file. old_text must be in the file exactly once: give enough "
        f"of the lines around it. {folders.described}",
        {
            "type": "object",
            "properties": {
                "path": _PATH,
                "old_text": {
                    "type": "string",
                    "minLength": 1,
                    "description": "The text to replace, exactly as it is in the file.",
                },
                "new_text": {"type": "string", "description": "What is to be there in its place."},
            },
            "required": ["path", "old_text", "new_text"],
            "additionalProperties": False,
        },
    )
    return FileEditor(ToolSpec(offered, Risk.WRITE, "Edit a file"), folders, _edited)


def _replaced(old: str | None, arguments: Arguments) -> str:
    content: str = arguments["content"]
    return content if old is None else _with_newlines_of(old, content)


def _edited(old: str | None, arguments: Arguments) -> str:
    if old is None:
        raise ToolFault(f"There is no {arguments['path']}.", "Use write_file for a new file.")
    wanted = [re.escape(line) for line in _NEWLINE.split(arguments["old_text"])]
    pattern = re.compile(r"(?:\r\n|\r|\n)".join(wanted))  # as the model sees lines, so they match
    # Looked for at every place: "aa" is twice in "aaa".
    count, position, found = 0, 0, None
    while count < _MOST_COUNTED and (match := pattern.search(old, position)):
        count, position, found = count + 1, match.start() + 1, match
    if found is None or count > 1:
        raise ToolFault(
            f"old_text is {count} times in {arguments['path']}, and nothing was changed.",
            "Give more of the lines around it." if count else "Read the file and copy it exactly.",
        )
    return old[: found.start()] + _with_newlines_of(old, arguments["new_text"]) + old[found.end() :]


def _with_newlines_of(old: str, text: str) -> str:
    newlines = Counter(_NEWLINE.findall(old))
    return _NEWLINE.sub(newlines.most_common(1)[0][0], text) if newlines else text


def _put(folder: OpenFolder, name: str, change: _Change) -> None:
    """Write beside the file, then take its name in one step: it is never seen half written."""
    mode = 0o666 if change.before is None else stat.S_IMODE(change.before.found.st_mode) & 0o777
    temporary = f".cairn-{secrets.token_hex(8)}.tmp"
    descriptor = folder.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if change.before is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)  # the mask took some of it away
            file.write(change.after)
            file.flush()
            os.fsync(file.fileno())
        # What another program writes in the instant between this and the next line is lost.
        if not _is_as_read(folder.stat(name), change.before):
            raise _changed_meanwhile(change.place)
        folder.replace(temporary, name)
    except BaseException:
        with contextlib.suppress(OSError, ToolFault):
            folder.remove(temporary)
        raise


def _is_as_read(found: os.stat_result | None, before: Content | None) -> bool:
    if found is None or before is None:
        return found is None and before is None
    was = before.found
    return (identity_of(found), found.st_size, found.st_mtime_ns) == (
        identity_of(was),
        was.st_size,
        was.st_mtime_ns,
    )


def _changed_meanwhile(place: Place) -> ToolFault:
    return ToolFault(
        f"{place.shown} is not as it was when the change was shown; nothing was written.",
        "Read it again.",
    )

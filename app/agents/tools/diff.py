"""Unified diffs that a person agrees to: complete, quick for any text, and with nothing hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import unified_diff
from typing import Final

_CONTEXT: Final = 3
_MOST_COMPARED: Final = 2_000  # lines; difflib takes the square of it at worst
_NO_NEWLINE: Final = "\n\\ No newline at end of file"
_HUNK: Final = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def diff(before: str, after: str, name: str, *, is_new: bool = False) -> str:
    """The change from one text to another as a unified diff; line endings are not compared.

    Characters that are invisible or turn the direction of writing are spelled as <U+202E>.
    """
    old, new = _lines(before), _lines(after)
    start, end = _common(old, new)
    start, end = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    visible = _visible(name)
    files = ("/dev/null" if is_new else visible, visible)
    if max(len(old_middle), len(new_middle)) > _MOST_COMPARED:
        hunk = f"@@ -{start + 1},{len(old_middle)} +{start + 1},{len(new_middle)} @@"
        body = [f"-{line}" for line in old_middle] + [f"+{line}" for line in new_middle]
        lines = [f"--- {files[0]}", f"+++ {files[1]}", hunk, *body]
    else:
        lines = list(unified_diff(old_middle, new_middle, *files, n=_CONTEXT, lineterm=""))
        lines[2:] = [_moved(line, start) for line in lines[2:]]
    return "\n".join(map(_visible, lines))


def _lines(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    last = lines.pop()
    return [*lines, last + _NO_NEWLINE] if last else lines


def _common(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the start and, of the rest, at the end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _moved(line: str, by: int) -> str:
    found = _HUNK.fullmatch(line)
    if found is None:
        return line
    old, old_lines, new, new_lines = found.groups("")
    return f"@@ -{int(old) + by}{old_lines} +{int(new) + by}{new_lines} @@"


def _visible(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    return "".join(map(_spelled, line))


def _spelled(character: str) -> str:
    is_hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return f"<U+{ord(character):04X}>" if is_hidden and character not in "\t\n" else character

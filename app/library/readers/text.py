"""Plain text, source code and Markdown; their lines stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line, clean_text
from app.library.errors import no_text
from app.library.readers.contract import Extracted, Part
from app.library.readers.encoding import decode_text
from app.library.readers.sections import has_text, split_long
from app.library.readers.source import Source

_ATX: Final = re.compile(r" {0,3}(#{1,3})[ \t]+(.*)")
_SETEXT: Final = re.compile(r" {0,3}(=+|-+)[ \t]*")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_FRONT_MATTER: Final = re.compile(r"---\n(.{0,20000}?)\n(?:---|\.\.\.)(?:\n|\Z)", re.S)
_TITLE_FIELD: Final = re.compile(r"""^title:[ \t]*["']?(.*?)["']?[ \t]*$""", re.M)
_MARKS: Final = re.compile(r"[*_`]+|[ \t]#+[ \t]*$")


def read_text(source: Source, cancel: CancelToken) -> Extracted:
    """Read plain text or source code in any encoding."""
    text = decode_text(source.bytes())
    cancel.check()
    if source.suffix == ".ipynb":
        text = _notebook_text(text)
    parts = tuple(split_long([Part(clean_text(text))]))
    if not has_text(parts):
        raise no_text("text file")
    return Extracted(parts)


def _notebook_text(text: str) -> str:
    """The cells of a Jupyter notebook without its outputs; other JSON as it is."""
    try:
        cells = json.loads(text)["cells"]
        return "\n\n".join("".join(cell["source"]) for cell in cells)
    except (ValueError, LookupError, TypeError, RecursionError):
        return text


def read_markdown(source: Source, cancel: CancelToken) -> Extracted:
    """Read Markdown; its first three heading levels are the sections."""
    text = clean_text(decode_text(source.bytes()))
    cancel.check()
    title = ""
    if front := _FRONT_MATTER.match(text):
        named = _TITLE_FIELD.search(front[1])
        title = clean_line(named[1]) if named else ""
        text = text[front.end() :].lstrip("\n")
    parts = tuple(split_long(_sections(text)))
    if not has_text(parts):
        raise no_text("Markdown file")
    return Extracted(parts, title or parts[0].section)


def _sections(text: str) -> Iterator[Part]:
    lines = text.split("\n")
    section, start, has_body = "", 0, False
    headings = _headings(lines)
    for at, line in enumerate(lines):
        if at in headings:
            if has_body:
                yield Part("\n".join(lines[start:at]).strip("\n"), section=section)
                start, has_body = at, False
            section = headings[at]
        elif line.strip() and not _SETEXT.fullmatch(line):
            has_body = True
    rest = "\n".join(lines[start:]).strip("\n")
    if rest or not start:
        yield Part(rest, section=section)


def _headings(lines: list[str]) -> dict[int, str]:
    """Line numbers of headings outside of code, with their text."""
    headings: dict[int, str] = {}
    fence = ""
    for at, line in enumerate(lines):
        if found := _FENCE.match(line):
            if not fence:
                fence = found[1]
            elif found[1].startswith(fence) and not line.strip(" \t`~"):
                fence = ""
        elif fence:
            continue
        elif found := _ATX.fullmatch(line):
            headings[at] = clean_line(_MARKS.sub("", found[2]))
        elif at and _SETEXT.fullmatch(line) and _is_setext_title(lines, at):
            headings[at - 1] = clean_line(_MARKS.sub("", lines[at - 1]))
    return headings


def _is_setext_title(lines: list[str], at: int) -> bool:
    # Only a line that stands alone: the rule under a paragraph or table is something else.
    title = lines[at - 1].strip()
    alone = at < 2 or not lines[at - 2].strip()
    return bool(title) and alone and not title.startswith(("-", "*", "|", ">", "#", "="))

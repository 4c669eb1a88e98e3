"""HTML and XHTML trees as sections of text. Nothing is fetched, no entity is expanded."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line
from app.library.errors import damaged, too_large
from app.library.readers.sections import CELL_GAP, Sections

_DROPPED_TAGS: Final = """
    script style nav noscript template svg math head iframe object canvas audio video button select
    textarea
"""
_BLOCK_TAGS: Final = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset
    figcaption figure footer form header hgroup hr html legend li main ol p pre section summary
    table tbody tfoot thead tr ul
"""
_DROPPED: Final = frozenset(_DROPPED_TAGS.split())
_BLOCKS: Final = frozenset(_BLOCK_TAGS.split())
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_END_HEADING: Final = "".join(f"</{tag}>" for tag in _HEADINGS)
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_TAG: Final = re.compile(r"</?([a-zA-Z][\w-]*)[^<>]*>")
_KEPT_FLAT: Final = frozenset(("html", "head", "title", "body", "script", "style", "br"))
_TOO_DEEP: Final = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_SPACE: Final = re.compile(r"\s+")
# A parsed page takes ten times its length in memory.
_MOST_CHARACTERS: Final = 64_000_000
_CHECK_EVERY: Final = 2000


def parse_markup(text: str) -> etree._Element | None:
    """Parse HTML as a browser would; None when there is nothing in it.

    Raises:
        ReaderError: it is too long, or its tags are nested beyond all measure.
    """
    if len(text) > _MOST_CHARACTERS:
        raise too_large("web page", f"{_MOST_CHARACTERS // 1_000_000} MB")
    root, is_whole = _parse(text)
    if not is_whole:
        # Old pages open a tag thousands of times and never close it. Without nesting it can be
        # read; its tables and lists are lost.
        root, is_whole = _parse(_TAG.sub(_flattened, text))
    if not is_whole:
        raise damaged("web page")
    return root


def _parse(text: str) -> tuple[etree._Element | None, bool]:
    parser = etree.HTMLParser(
        encoding="utf-8",
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,  # the size of the file was checked; a long text is no attack
    )
    root = etree.fromstring(text.encode("utf-8"), parser)
    limits = (error.type == _TOO_DEEP for error in parser.error_log)
    return root, not any(limits)


def _flattened(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    if name in _HEADINGS:
        return _END_HEADING + tag[0]
    if name in _KEPT_FLAT:
        return tag[0]
    return "<p>" if name in _BLOCKS else ""


def title_of(root: etree._Element) -> str:
    """What the page calls itself."""
    return next((clean_line(each.text or "") for each in root.iter("title")), "")


def collect(root: etree._Element, sections: Sections, cancel: CancelToken) -> None:
    """Add the visible text of a page."""
    walk = _Walk(sections)
    events = etree.iterwalk(root, events=("start", "end"))
    skipped = None
    for count, (event, element) in enumerate(events):
        if count % _CHECK_EVERY == 0:
            cancel.check()
        if event == "end":
            if element is not skipped:
                walk.end(element.tag)
            walk.text(element.tail)
        elif element.tag in _DROPPED or _is_hidden(element):
            skipped = element
            events.skip_subtree()
        else:
            walk.start(element)
            walk.text(element.text)
    walk.flush()


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style", "")))


def _is_layout(table: etree._Element) -> bool:
    # Old pages are laid out with tables; their cells hold tables and headings, not data.
    return table.get("role") == "presentation" or any(
        each is not table for each in table.iter("table", *_HEADINGS)
    )


class _Walk:
    """The block under way: its text so far, and what it will become."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._pieces: list[str] = []
        self._heading = 0
        self._mark = ""
        self._in_pre = 0
        self._data_tables = 0
        self._tables: list[bool] = []
        self._lists: list[int | None] = []

    def text(self, text: str | None) -> None:
        if text:
            self._pieces.append(text if self._in_pre else _SPACE.sub(" ", text))

    def start(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "br":
            self._pieces.append(" " if self._data_tables else "\n")
        elif tag in ("td", "th"):
            self._start_cell()
        elif tag in _HEADINGS:
            self.flush()
            self._heading = _HEADINGS[tag]
        elif tag in _BLOCKS:
            self._start_block(element)

    def end(self, tag: str) -> None:
        if tag in ("td", "th") and not self._data_tables:
            self.flush()
        elif tag in _HEADINGS:
            self.flush()
            self._heading = 0
        elif tag in _BLOCKS:
            self._end_block(tag)

    def flush(self) -> None:
        raw, self._pieces = "".join(self._pieces), []
        text = raw if self._in_pre else "\n".join(" ".join(x.split()) for x in raw.split("\n"))
        text = text.strip("\n")
        if not text.strip(f"{CELL_GAP}\n"):
            return
        if self._heading:
            self._sections.heading(text, self._heading)
        elif self._data_tables:
            self._sections.row(text.split(CELL_GAP.strip()))
        elif self._mark:
            self._sections.line(self._mark + text)
            self._mark = ""
        else:
            self._sections.paragraph(text)

    def _start_cell(self) -> None:
        if self._data_tables:
            self._pieces.append(CELL_GAP)
        else:
            self.flush()

    def _start_block(self, element: etree._Element) -> None:
        tag = element.tag
        if self._data_tables and tag not in ("table", "tr"):
            self._pieces.append(" ")
            return
        self.flush()
        if tag == "table":
            self._tables.append(not _is_layout(element))
            self._data_tables += self._tables[-1]
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._mark = self._next_mark()
        elif tag == "pre":
            self._in_pre += 1

    def _end_block(self, tag: str) -> None:
        if self._data_tables and tag not in ("table", "tr"):
            self._pieces.append(" ")
            return
        self.flush()
        if tag == "table" and self._tables:
            self._data_tables -= self._tables.pop()
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._mark = ""
        elif tag == "pre":
            self._in_pre = max(0, self._in_pre - 1)

    def _next_mark(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

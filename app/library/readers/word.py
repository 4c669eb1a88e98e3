"""Word documents: paragraphs, headings, tables, text boxes, notes, and the numbers Word draws."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from app.base.jobs import CancelToken
from app.library.errors import damaged, no_text
from app.library.readers.archive import Archive, open_archive
from app.library.readers.contract import Extracted
from app.library.readers.ooxml import attribute, child, local, package_title, parse_entry, related
from app.library.readers.sections import Sections, has_text
from app.library.readers.source import Source
from app.library.readers.word_numbering import Numbering

_WHAT: Final = "Word document"
_HEADING_NAME: Final = re.compile(r"heading ([1-9])")
_CHECK_EVERY: Final = 2000
# Properties, deleted and moved-away text, and the second copy of drawings for old programs.
_SKIPPED_TAGS: Final = "pPr rPr tblPr tblGrid tcPr trPr sectPr sdtPr sdtEndPr del moveFrom Fallback"
_SKIPPED: Final = frozenset(_SKIPPED_TAGS.split())
_SIGNS: Final = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_NOTES: Final = ("footnote", "endnote")


def read_word(source: Source, cancel: CancelToken) -> Extracted:
    """Read a DOCX file; its first three heading levels are the sections."""
    with open_archive(source, _WHAT, cancel) as archive:
        main = related(archive, "", "officeDocument") or "word/document.xml"
        root = parse_entry(archive, main)
        if child(root, "body") is None:
            raise damaged(_WHAT)
        walk = _Walk(_styles(archive, main), _numbering(archive, main), _notes(archive, main))
        walk.collect(root, cancel)
        parts = walk.sections.parts()
        if not has_text(parts):
            raise no_text(_WHAT)
        return Extracted(parts, package_title(archive) or walk.title)


@dataclass(frozen=True, slots=True)
class _Style:
    """What a paragraph style says, its ancestors included. Heading level 0 is body text."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False
    list_id: str = ""
    list_level: int | None = None


@dataclass(slots=True)
class _Paragraph:
    style: _Style
    number: str
    pieces: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Walk:
    """Goes through the body once; paragraphs nest in text boxes, tables nest in cells."""

    def __init__(
        self, styles: dict[str, _Style], numbering: Numbering, notes: dict[str, str]
    ) -> None:
        self.sections = Sections()
        self.title = ""
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._noted = 0
        self._paragraphs: list[_Paragraph] = []
        self._rows: list[list[list[str]]] = []
        self._cells: list[list[str]] = []

    def collect(self, root: etree._Element, cancel: CancelToken) -> None:
        events = etree.iterwalk(root, events=("start", "end"))
        for count, (event, element) in enumerate(events):
            if count % _CHECK_EVERY == 0:
                cancel.check()
            tag = local(element)
            if event == "end":
                self._end(tag)
            elif tag in _SKIPPED:
                events.skip_subtree()
            else:
                self._start(tag, element)

    def _start(self, tag: str, element: etree._Element) -> None:
        if tag == "p":
            self._paragraphs.append(self._paragraph(element))
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc":
            self._cells.append([])
        elif self._paragraphs:
            self._add(tag, element)

    def _add(self, tag: str, element: etree._Element) -> None:
        paragraph = self._paragraphs[-1]
        if tag == "t":
            paragraph.pieces.append(element.text or "")
        elif tag in _SIGNS:
            paragraph.pieces.append(_SIGNS[tag])
        elif tag.removesuffix("Reference") in _NOTES:
            # Each note once: a file may refer to a long one without end.
            note = self._notes.pop(tag.removesuffix("Reference") + attribute(element, "id"), "")
            if note:
                self._noted += 1
                paragraph.pieces.append(f"[{self._noted}]")
                paragraph.notes.append(f"[{self._noted}] {note}")

    def _end(self, tag: str) -> None:
        if tag == "p" and self._paragraphs:
            self._end_paragraph(self._paragraphs.pop())
        elif tag == "tc" and self._cells:
            cell = self._cells.pop()
            if self._rows:
                self._rows[-1].append(cell)
        elif tag == "tr" and self._rows:
            self._end_row(self._rows.pop())

    def _paragraph(self, element: etree._Element) -> _Paragraph:
        properties = child(element, "pPr")
        style_id = attribute(child(properties, "pStyle"), "val")
        style = self._styles.get(style_id, _Style())
        list_id, level = _list_of(properties, style)
        if level is None:
            level = self._numbering.level_of_style(list_id, style_id)
        return _Paragraph(style, self._numbering.next(list_id, level) if list_id else "")

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.pieces).strip()
        if not text or paragraph.style.is_contents:
            return
        numbered = f"{paragraph.number} {text}" if paragraph.number else text
        if self._cells:
            self._cells[-1] += [numbered, *paragraph.notes]
            return
        if paragraph.style.is_title and not self.title:
            self.title = text
        if paragraph.style.level:
            self.sections.heading(numbered, paragraph.style.level)
        elif paragraph.number:
            self.sections.line(numbered)
        else:
            self.sections.paragraph(text)
        for note in paragraph.notes:
            self.sections.paragraph(note)

    def _end_row(self, row: list[list[str]]) -> None:
        filled = [cell for cell in row if cell]
        if self._cells:  # a table within a cell
            self._cells[-1].append(", ".join(" ".join(cell) for cell in filled))
        elif len(filled) == 1:  # a box around text, not data
            for text in filled[0]:
                self.sections.paragraph(text)
        else:
            self.sections.row(" ".join(cell) for cell in filled)


def _styles(archive: Archive, main: str) -> dict[str, _Style]:
    name = related(archive, main, "styles")
    if not name:
        return {}
    elements = {
        attribute(each, "styleId"): each
        for each in parse_entry(archive, name)
        if local(each) == "style" and attribute(each, "type") == "paragraph"
    }
    return {style_id: _style(style_id, elements) for style_id in elements}


def _style(style_id: str, elements: dict[str, etree._Element]) -> _Style:
    lineage: list[str] = []
    while style_id in elements and style_id not in lineage:
        lineage.append(style_id)
        style_id = attribute(child(elements[style_id], "basedOn"), "val")
    style = _Style()
    for each in reversed(lineage):
        style = _derived(style, elements[each])
    return style


def _derived(base: _Style, element: etree._Element) -> _Style:
    # The name is English in every language of Word; the id is translated.
    name = attribute(child(element, "name"), "val").lower()
    properties = child(element, "pPr")
    level = base.level
    if found := _HEADING_NAME.match(name):
        level = int(found[1])
    elif (outline := attribute(child(properties, "outlineLvl"), "val")).isdecimal():
        level = (int(outline[:2]) + 1) % 10  # 9 stands for body text
    list_id, list_level = _list_of(properties, base)
    return _Style(
        level=1 if name == "title" else level,
        is_title=name == "title",
        is_contents=name.startswith("toc ") and name[4:].isdecimal(),
        list_id=list_id,
        list_level=list_level,
    )


def _list_of(properties: etree._Element | None, style: _Style) -> tuple[str, int | None]:
    own = child(properties, "numPr")
    if own is None:
        return style.list_id, style.list_level
    list_id = child(own, "numId")
    level = attribute(child(own, "ilvl"), "val")
    return (
        style.list_id if list_id is None else attribute(list_id, "val"),
        int(level[:2]) if level.isdecimal() else style.list_level,
    )


def _numbering(archive: Archive, main: str) -> Numbering:
    name = related(archive, main, "numbering")
    return Numbering(parse_entry(archive, name) if name else None)


def _notes(archive: Archive, main: str) -> dict[str, str]:
    notes = {}
    for kind in _NOTES:
        if name := related(archive, main, f"{kind}s"):
            for each in parse_entry(archive, name):
                texts = (t.text or "" for t in each.iter() if local(t) == "t")
                notes[kind + attribute(each, "id")] = "".join(texts).strip()
    return notes

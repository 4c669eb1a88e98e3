"""Presentations: a part a slide, with tables and speaker notes."""

from __future__ import annotations

from typing import Final

from lxml import etree

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line, clean_text
from app.library.errors import damaged, no_text
from app.library.readers.archive import Archive, open_archive
from app.library.readers.contract import Extracted, Part
from app.library.readers.ooxml import (
    attribute,
    child,
    local,
    package_title,
    parse_entry,
    related,
    relationships,
)
from app.library.readers.sections import has_text, join_cells, split_long
from app.library.readers.source import Source

_WHAT: Final = "presentation"
_TITLES: Final = ("title", "ctrTitle")
# Repeated on every slide by the template; they say nothing about this one.
_FURNITURE: Final = ("dt", "ftr", "sldNum", "hdr", "sldImg")


def read_slides(source: Source, cancel: CancelToken) -> Extracted:
    """Read a PPTX file; each slide is a part, its title the section."""
    with open_archive(source, _WHAT, cancel) as archive:
        main = related(archive, "", "officeDocument") or "ppt/presentation.xml"
        parts = []
        for name in _slide_names(archive, main):
            cancel.check()
            parts.append(_slide(archive, name))
        if not has_text(parts):
            raise no_text(_WHAT)
        return Extracted(tuple(split_long(parts)), package_title(archive) or parts[0].section)


def _slide_names(archive: Archive, main: str) -> list[str]:
    slides = child(parse_entry(archive, main), "sldIdLst")
    targets = relationships(archive, main)
    # The relationship id shares its local name with the slide's own id, so only the one with
    # a namespace counts.
    ids = [
        str(value)
        for each in (slides if slides is not None else ())
        for key, value in each.attrib.items()
        if str(key).endswith("}id")
    ]
    names = [targets[each][1] for each in ids if each in targets]
    if not names:
        raise no_text(_WHAT)
    if not any(name in archive.names for name in names):
        raise damaged(_WHAT)
    return [name for name in dict.fromkeys(names) if name in archive.names]


def _slide(archive: Archive, name: str) -> Part:
    root = parse_entry(archive, name)
    title = ""
    blocks: list[str] = []
    for shape in _shapes(root):
        text = _table(shape) if local(shape) == "tbl" else _paragraphs(shape)
        if not title and _placeholder(shape) in _TITLES:
            title = clean_line(text)
            blocks.insert(0, text)
        else:
            blocks.append(text)
    for kind, target in dict.fromkeys(relationships(archive, name).values()):
        if kind in ("diagramData", "notesSlide") and target in archive.names:
            blocks.append(_companion(archive, kind, target))
    text = "\n\n".join(block for block in blocks if block.strip())
    return Part(clean_text(text), section=title)


def _companion(archive: Archive, kind: str, name: str) -> str:
    """The text of a drawn diagram or of the speaker notes, which lie in files of their own."""
    root = parse_entry(archive, name)
    if kind == "diagramData":
        return _paragraphs(root)
    spoken = "\n".join(filter(None, map(_paragraphs, _shapes(root))))
    return f"Notes: {spoken}" if spoken else ""


def _shapes(root: etree._Element) -> list[etree._Element]:
    """Shapes with text and tables, those within groups included, in reading order."""
    for copy in [each for each in root.iter() if local(each) == "Fallback"]:
        copy.clear()  # the same shape once more, for old programs
    found = []
    for each in root.iter():
        is_text = local(each) == "sp" and _placeholder(each) not in _FURNITURE
        if is_text or local(each) == "tbl":
            found.append(each)
    return found


def _placeholder(shape: etree._Element) -> str:
    placeholder = child(shape, "nvSpPr", "nvPr", "ph")
    return "" if placeholder is None else attribute(placeholder, "type") or "body"


def _paragraphs(shape: etree._Element) -> str:
    lines = (_line(each) for each in shape.iter() if local(each) == "p")
    return "\n".join(line for line in lines if line)


def _line(paragraph: etree._Element) -> str:
    pieces = (
        "\n" if local(each) == "br" else (each.text or "")
        for each in paragraph.iter()
        if local(each) in ("t", "br")
    )
    return "".join(pieces).strip()


def _table(table: etree._Element) -> str:
    rows = (each for each in table if local(each) == "tr")
    lines = (join_cells(_paragraphs(cell) for cell in row if local(cell) == "tc") for row in rows)
    return "\n".join(line for line in lines if line)

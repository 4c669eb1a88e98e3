"""E-books: the chapters in reading order."""

from __future__ import annotations

import posixpath
from typing import Final

from lxml import etree

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line
from app.library.errors import PasswordNeeded, damaged, no_text
from app.library.readers.archive import Archive, open_archive
from app.library.readers.contract import Extracted
from app.library.readers.encoding import decode_markup
from app.library.readers.markup import collect, parse_markup, title_of
from app.library.readers.ooxml import local, parse_entry, resolve
from app.library.readers.sections import Sections, has_text
from app.library.readers.source import Source

_WHAT: Final = "e-book"
_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_PAGE_TYPES: Final = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


def read_epub(source: Source, cancel: CancelToken) -> Extracted:
    """Read an EPUB file; chapters and their headings are the sections."""
    with open_archive(source, _WHAT, cancel) as archive:
        package_name = _package_name(archive)
        package = parse_entry(archive, package_name)
        chapters = _chapters(package, posixpath.dirname(package_name))
        _refuse_copy_protection(archive, chapters)
        sections = Sections()
        for name in chapters:
            cancel.check()
            if name in archive.names:
                _chapter(archive, name, sections, cancel)
        parts = sections.parts()
        if not has_text(parts):
            raise no_text(_WHAT)
        return Extracted(parts, _title(package))


def _chapter(archive: Archive, name: str, sections: Sections, cancel: CancelToken) -> None:
    root = parse_markup(decode_markup(archive.read(name)))
    if root is not None:
        sections.begin(title_of(root))
        collect(root, sections, cancel)


def _package_name(archive: Archive) -> str:
    for each in parse_entry(archive, _CONTAINER).iter():
        if local(each) == "rootfile" and each.get("full-path"):
            return resolve("", each.get("full-path", ""))
    raise damaged(_WHAT)


def _chapters(package: etree._Element, folder: str) -> list[str]:
    items = [each for each in package.iter() if local(each) == "item"]
    pages = {
        each.get("id", ""): resolve(folder, each.get("href", ""))
        for each in items
        if each.get("media-type") in _PAGE_TYPES and "nav" not in each.get("properties", "").split()
    }
    order = [each.get("idref", "") for each in package.iter() if local(each) == "itemref"]
    # A book without a usable order is still a book: then as listed.
    # Each page once, however often it is listed.
    ordered = dict.fromkeys(pages[each] for each in order if each in pages)
    return list(ordered or dict.fromkeys(pages.values()))


def _refuse_copy_protection(archive: Archive, chapters: list[str]) -> None:
    if _ENCRYPTION not in archive.names:
        return
    hidden = {
        resolve("", each.get("URI", ""))
        for each in parse_entry(archive, _ENCRYPTION).iter()
        if local(each) == "CipherReference"
    }
    if hidden.intersection(chapters):  # fonts alone are often scrambled, which does no harm
        raise PasswordNeeded(
            "This e-book is copy-protected (DRM), so its text cannot be read.",
            "Get a copy without protection from the shop or publisher.",
        )


def _title(package: etree._Element) -> str:
    titles = (clean_line(each.text or "") for each in package.iter() if local(each) == "title")
    return next((each for each in titles if each), "")

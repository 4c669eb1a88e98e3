"""Pictures of the library in every state, for a person to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.library.entities import CollectionId, DocumentId, DocumentKind, DocumentStatus
from app.library.intake import Refused
from app.settings.schema import Theme
from app.ui.library.pane import LibraryPane
from app.ui.library.refused_bar import RefusedBar
from app.ui.library.rows import StatusFilter
from tests.ui.library.fakes import FakeLibrary, make_document, make_passage

NAMES = [
    ("Supply agreement Northwind 2026", DocumentKind.PDF),
    ("Notes from the hearing on 3 November", DocumentKind.WORD),
    ("Budget and forecast", DocumentKind.SHEET),
    ("Kick-off slides", DocumentKind.SLIDES),
    ("Release notes", DocumentKind.MARKDOWN),
    ("Terms of service, archived copy of the web page as of last year", DocumentKind.WEB),
    ("invoice_parser", DocumentKind.CODE),
    ("The Pickwick Papers", DocumentKind.EPUB),
    ("readme", DocumentKind.TEXT),
]
SUFFIXES = {
    DocumentKind.PDF: ".pdf", DocumentKind.WORD: ".docx", DocumentKind.SHEET: ".xlsx",
    DocumentKind.SLIDES: ".pptx", DocumentKind.MARKDOWN: ".md", DocumentKind.WEB: ".html",
    DocumentKind.CODE: ".py", DocumentKind.EPUB: ".epub", DocumentKind.TEXT: ".txt",
}  # fmt: skip
LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.LIGHT, 824, 600),
}


def fill(library: FakeLibrary, count: int = 18) -> None:
    library.groups = {CollectionId(1): "Northwind", CollectionId(2): "Hearings & filings"}
    for number in range(1, count + 1):
        name, kind = NAMES[number % len(NAMES)]
        title = f"{name} {number}" if number > len(NAMES) else name
        document = make_document(
            number,
            title=title,
            path=Path.home() / "Documents" / "Clients" / f"{title}{SUFFIXES[kind]}",
            kind=kind,
            size_bytes=37_000 * number**2,
            collection_id=CollectionId(number % 3) if number % 3 else None,
        )
        library.shelf[document.id] = document


def make_busy(library: FakeLibrary) -> None:
    shelf = library.shelf
    waiting: dict[str, Any] = {"content": None, "pages": 0, "chunks": 0, "chunks_done": 0}
    for number, status in ((1, DocumentStatus.EMBEDDING), (2, DocumentStatus.READING),
                           (3, DocumentStatus.QUEUED), (4, DocumentStatus.QUEUED)):  # fmt: skip
        shelf[DocumentId(number)] = replace(shelf[DocumentId(number)], status=status, **waiting)
    shelf[DocumentId(1)] = replace(shelf[DocumentId(1)], chunks=120, chunks_done=34)


def make_failed(library: FakeLibrary) -> None:
    shelf = library.shelf
    shelf[DocumentId(5)] = replace(
        shelf[DocumentId(5)],
        status=DocumentStatus.FAILED,
        reason="The file is protected with a password, so it cannot be read.",
        hint="Save a copy without the password, for example by printing it to PDF, and add that.",
    )
    shelf[DocumentId(6)] = replace(shelf[DocumentId(6)], status=DocumentStatus.CANCELLED)


@pytest.fixture(params=LOOKS)
def look(request, theme, bare_pane: LibraryPane):
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    bare_pane.resize(width, height)
    return request.param


@pytest.fixture
def shoot(screenshot):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, name)

    return settle_and_save


def test_screenshot_empty(look, open_pane, shoot):
    pane = open_pane()
    assert not pane.sidebar.isVisible()
    shoot(pane, f"library_empty_{look}")


def test_screenshot_full(look, open_pane, shoot, library):
    fill(library, 1000)
    pane = open_pane()
    assert pane.page.rows.rowCount() == 1000
    pane.page.table.select([DocumentId(3), DocumentId(4)])
    shoot(pane, f"library_full_{look}")


def test_screenshot_busy(look, open_pane, shoot, library):
    fill(library)
    make_busy(library)
    shoot(open_pane(), f"library_busy_{look}")


def test_screenshot_failed(look, open_pane, shoot, library):
    fill(library)
    make_failed(library)
    pane = open_pane()
    pane.page.table.select([DocumentId(5)])
    assert pane.page.panel.problem.isVisible()
    shoot(pane, f"library_failed_{look}")


def test_screenshot_nothing_in_filter(look, open_pane, shoot, library):
    fill(library)
    pane = open_pane()
    pane.page.chips.choose(StatusFilter.FAILED)
    shoot(pane, f"library_filter_empty_{look}")


def test_screenshot_refused(look, open_pane, shoot, library, qtbot):
    fill(library)
    pane = open_pane()
    library.refuse = lambda path: {
        ".gguf": "This is a model, not a document.",
        ".png": "Cairn does not read .png.",
    }.get(path.suffix, "")
    pictures = [Path(f"scan {number}.png") for number in range(12)]
    pane.add([Path("small.gguf"), *pictures, Path("letter.txt")])
    qtbot.waitUntil(lambda: bool(pane.findChildren(RefusedBar)))
    shoot(pane, f"library_refused_{look}")


def test_screenshot_search(look, open_pane, shoot, library, qtbot):
    fill(library)
    text = (
        "14.2 Either party may terminate this agreement with a notice period of three months to "
        "the end of a calendar quarter. Notice must be given in writing and signed by an officer. "
        "During the notice period both parties keep to their obligations, in particular those of "
        "section 9 (confidentiality) and section 11 (delivery of open orders)."
    )
    shelf = list(library.shelf.values())
    library.passages = tuple(
        make_passage(each, text, page=at + 2) for at, each in enumerate(shelf[:9])
    )
    pane = open_pane()
    qtbot.keyClicks(pane.search_bar.field, "notice period")
    qtbot.waitUntil(
        lambda: pane.results.isVisible() and pane.results.passages.model().rowCount() == 9
    )
    shoot(pane, f"library_search_{look}")


def test_screenshot_search_nothing(look, open_pane, shoot, library, qtbot):
    fill(library)
    make_busy(library)
    pane = open_pane()
    qtbot.keyClicks(pane.search_bar.field, "unicorn husbandry")
    qtbot.waitUntil(lambda: pane.results.found_nothing)
    shoot(pane, f"library_search_nothing_{look}")


def test_screenshot_remove_question(look, open_pane, shoot, library):
    fill(library)
    pane = open_pane()
    pane.page.table.select([DocumentId(3)])
    pane.page.panel.remove_button.click()
    shoot(pane, f"library_remove_{look}")


def test_refused_summary_names_rare_reasons_first(context):
    bar = RefusedBar(context.icons, [Refused(Path(f"{n}.png"), "No.") for n in range(5)])
    assert bar.lines == ("0.png and 4 more — No.",)
    bar.deleteLater()

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QTextEdit

from app.base.errors import NotFound
from app.library.entities import ContentHash, DocumentKind, PagePicture, Place
from app.ui.chat.sources.page_canvas import PageCanvas
from app.ui.chat.sources.text import SourceText, passage_span
from app.ui.chat.sources.view import PageWish, PartWish, SourceView
from app.ui.icons import Icons
from app.ui.sources.request import SourceRequest
from app.ui.theme import ThemeKeeper
from tests.ui.text.finding import button, child, has_button

PDF = SourceRequest(
    "Contract.pdf",
    Path("/files/Contract.pdf"),
    DocumentKind.PDF,
    ContentHash("a" * 64),
    Place(2, 4, 16, page=3),
    "three months",
)
TEXT = SourceRequest(
    "Notes.md",
    Path("/files/Notes.md"),
    DocumentKind.MARKDOWN,
    ContentHash("b" * 64),
    Place(0, 4, 16, section="Deadlines"),
    "three months",
)


def picture(width: int = 400, *, marked: bool = True) -> PagePicture:
    height = width * 3
    marks = ((40.0, height * 0.8, 200.0, 20.0),) if marked else ()
    return PagePicture(width, height, b"\xff" * (width * height * 3), marks)


class Desk:
    """A source view with what it asked for."""

    def __init__(self, view: SourceView) -> None:
        self.view = view
        self.pages: list[PageWish] = []
        self.parts: list[PartWish] = []
        view.page_wanted.connect(self.pages.append)
        view.part_wanted.connect(self.parts.append)

    @property
    def words(self) -> str:
        return " ".join(each.text() for each in self.view.findChildren(QLabel) if each.isVisible())


@pytest.fixture
def desk(qtbot, theme: ThemeKeeper, icons: Icons) -> Desk:
    view = SourceView(theme, icons)
    qtbot.addWidget(view)
    view.resize(460, 600)
    view.show()
    return Desk(view)


@pytest.mark.parametrize(
    ("text", "place", "span"),
    [
        ("xxx three months.", Place(0, 4, 16), (4, 16)),
        ("xxx three\n  months.", Place(0, 4, 18), (4, 18)),
        ("a longer text, three months", Place(0, 4, 16), (15, 27)),
        ("three months, three months", Place(0, 13, 20), (14, 26)),
        ("nothing here", Place(0, 4, 16), None),
        ("", Place(0, 4, 16), None),
        ("three (months", Place(0, 90, 99), None),
    ],
)
def test_passage_span_is_at_its_place_or_where_the_words_are(
    text: str, place: Place, span: tuple[int, int] | None
) -> None:
    assert passage_span(text, place, "three months") == span


def test_passage_span_of_no_quote_is_none() -> None:
    assert passage_span("text", Place(0, 0, 4), "  ") is None


def marked(view: SourceText) -> str:
    (mark,) = view.extraSelections()
    assert isinstance(mark, QTextEdit.ExtraSelection)
    return str(mark.cursor.selectedText())


def test_source_text_marks_past_characters_outside_the_basic_plane(qtbot) -> None:
    view = SourceText()
    qtbot.addWidget(view)
    text = "😀😀 three months"
    view.show_text(text, (3, 15), QColor("yellow"))
    assert marked(view) == "three months"


def test_source_text_scrolls_to_the_passage(qtbot) -> None:
    view = SourceText()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    text = "line\n" * 500 + "three months\n" + "line\n" * 500
    view.show_text(text, passage_span(text, TEXT.place, "three months"), QColor("yellow"))
    qtbot.waitUntil(lambda: view.rect().contains(view.cursorRect().center()))


def test_source_pdf_wants_the_cited_page_at_the_width_it_has(desk: Desk) -> None:
    desk.view.open(PDF, 9)
    (wish,) = desk.pages
    assert wish.number == 3
    assert 300 < wish.width * 1 <= 460 * desk.view.devicePixelRatioF()
    assert "Page 3 of 9" in desk.words


def test_source_page_is_shown_and_scrolled_to_its_mark(desk: Desk) -> None:
    desk.view.open(PDF, 9)
    desk.view.show_page(desk.pages[0], picture())
    canvas = child(desk.view, PageCanvas)
    mark = canvas.first_mark()
    assert mark is not None
    assert canvas.visibleRegion().boundingRect().contains(mark.center().toPoint())


def test_source_page_paints_its_mark(desk: Desk) -> None:
    desk.view.open(PDF, 9)
    desk.view.show_page(desk.pages[0], picture())
    canvas = child(desk.view, PageCanvas)
    mark = canvas.first_mark()
    assert mark is not None
    image = canvas.grab().toImage()
    assert image.pixelColor(mark.center().toPoint()) == QColor("#FFE58A")
    assert image.pixelColor(2, 2) == QColor("#FFFFFF")


def test_source_page_without_the_passage_says_so(desk: Desk) -> None:
    desk.view.open(PDF, 9)
    desk.view.show_page(desk.pages[0], picture(marked=False))
    assert "may have changed" in desk.words


def test_source_other_page_says_nothing_of_the_passage(qtbot, desk: Desk) -> None:
    desk.view.open(PDF, 9)
    qtbot.mouseClick(button(desk.view, "Next page"), Qt.MouseButton.LeftButton)
    assert desk.pages[-1].number == 4
    desk.view.show_page(desk.pages[-1], picture(marked=False))
    assert "may have changed" not in desk.words


def test_source_page_that_comes_too_late_is_ignored(qtbot, desk: Desk) -> None:
    desk.view.open(PDF, 9)
    late = desk.pages[0]
    button(desk.view, "Next page").click()
    desk.view.show_page(late, picture())
    assert not child(desk.view, PageCanvas).has_picture


def test_source_paging_ends_at_both_ends(desk: Desk) -> None:
    first = replace(PDF, place=Place(0, 0, 1, page=1))
    desk.view.open(first, 2)
    assert not button(desk.view, "Previous page").isEnabled()
    button(desk.view, "Next page").click()
    assert not button(desk.view, "Next page").isEnabled()
    assert button(desk.view, "Previous page").isEnabled()


def test_source_zoom_wants_a_wider_page(qtbot, desk: Desk) -> None:
    desk.view.open(PDF, 9)
    desk.view.show_page(desk.pages[0], picture())
    before = child(desk.view, PageCanvas).width()
    button(desk.view, "Larger").click()
    assert child(desk.view, PageCanvas).width() > before
    qtbot.waitUntil(lambda: len(desk.pages) > 1)
    assert desk.pages[-1].width > desk.pages[0].width
    button(desk.view, "Fit the width").click()
    assert child(desk.view, PageCanvas).width() == before


def test_source_failure_shows_reason_and_quote_and_offers_the_text(qtbot, desk: Desk) -> None:
    desk.view.open(PDF, 9)
    desk.view.show_failure(desk.pages[0], NotFound("The file is gone.", "Put it back."))
    assert "The file is gone." in desk.words
    assert "three months" in child(desk.view, SourceText).toPlainText()
    button(desk.view, "Show its text").click()
    assert desk.parts[-1].part == 2
    desk.view.show_part(desk.parts[-1], "xxx three months and more")
    assert "The file is gone." not in desk.words
    assert marked(child(desk.view, SourceText)) == "three months"


def test_source_text_part_is_shown_with_its_section(desk: Desk) -> None:
    desk.view.open(TEXT, 0)
    desk.view.show_part(desk.parts[0], "xxx three months")
    assert marked(child(desk.view, SourceText)) == "three months"
    assert "Deadlines" in desk.words
    assert not has_button(desk.view, "Larger")


def test_source_text_without_the_passage_says_so(desk: Desk) -> None:
    desk.view.open(TEXT, 1)
    desk.view.show_part(desk.parts[0], "something else")
    assert "may have changed" in desk.words


def test_source_escape_closes(qtbot, desk: Desk) -> None:
    desk.view.open(TEXT, 1)
    desk.view.focus_content()
    with qtbot.waitSignal(desk.view.closed):
        qtbot.keyClick(child(desk.view, SourceText), Qt.Key.Key_Escape)


def test_source_opens_outside_on_request(qtbot, desk: Desk) -> None:
    desk.view.open(TEXT, 1)
    with qtbot.waitSignal(desk.view.open_requested) as asked:
        button(desk.view, "Open in the system").click()
    assert asked.args == [TEXT.path]

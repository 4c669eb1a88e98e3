from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QTextDocument, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.ui.text.markdown import Prose, parse
from app.ui.text.prose import ProseStyle
from app.ui.text.text_view import ProseSegment

TEXT = "The period is three months [1] and the form is [written](https://example.org) [2][3]."
TIPS = {1: "A.pdf, page 1", 2: "B.pdf, page 2", 3: "C.pdf, page 3"}


def prose(text: str) -> Prose:
    (block,) = parse(text)
    assert isinstance(block, Prose)
    return block


@pytest.fixture
def segment(qtbot, style: ProseStyle) -> ProseSegment:
    made = ProseSegment(style, TIPS)
    qtbot.addWidget(made)
    made.commit(prose(TEXT))
    made.offer_links()
    made.fit(400)
    made.show()
    return made


def anchors(segment: ProseSegment) -> dict[str, QPoint]:
    """Where each link can be hit."""
    found: dict[str, QPoint] = {}
    for y in range(0, segment.height(), 4):
        for x in range(0, segment.width(), 3):
            name = segment.anchorAt(QPoint(x, y))
            if name and name not in found:
                found[name] = QPoint(x + 3, y + 4)
    return found


def test_segment_is_as_high_as_its_text(segment: ProseSegment) -> None:
    wide, narrow = segment.fit(700), segment.fit(200)
    assert narrow > wide
    assert segment.height() == narrow
    assert segment.verticalScrollBar().maximum() == 0


def test_segment_before_it_is_shown_knows_its_height(qtbot, style: ProseStyle) -> None:
    hidden = ProseSegment(style)
    qtbot.addWidget(hidden)
    hidden.commit(prose("word " * 200))
    height = hidden.fit(400)
    hidden.show()
    assert hidden.fit(400) == height


def test_segment_click_on_chip_asks_for_the_citation(qtbot, segment: ProseSegment) -> None:
    place = anchors(segment)["cite:2"]
    with qtbot.waitSignal(segment.citation_requested) as asked:
        qtbot.mouseClick(segment.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [2]


def test_segment_click_on_link_asks_and_opens_nothing(qtbot, segment: ProseSegment) -> None:
    place = anchors(segment)["https://example.org"]
    with qtbot.waitSignal(segment.link_requested) as asked:
        qtbot.mouseClick(segment.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == ["https://example.org"]


def test_segment_keyboard_reaches_the_chips(qtbot, segment: ProseSegment) -> None:
    segment.activateWindow()
    segment.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(segment, Qt.Key.Key_Tab)
    with qtbot.waitSignal(segment.citation_requested) as asked:
        qtbot.keyClick(segment, Qt.Key.Key_Return)
    assert asked.args == [1]


def test_segment_without_links_is_no_tab_stop(qtbot, style: ProseStyle) -> None:
    plain = ProseSegment(style)
    qtbot.addWidget(plain)
    plain.commit(prose("no links"))
    plain.offer_links()
    assert not plain.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_segment_copy_writes_citations_as_in_the_text(segment: ProseSegment) -> None:
    segment.selectAll()
    segment.copy()
    copied = QApplication.clipboard().text()
    assert copied == TEXT.replace("[written](https://example.org)", "written")


def test_segment_fetches_nothing(segment: ProseSegment) -> None:
    kind = QTextDocument.ResourceType.ImageResource
    assert segment.loadResource(kind.value, QUrl("file:///etc/hostname")) is None


def test_segment_leaves_the_wheel_to_what_is_around_it(segment: ProseSegment) -> None:
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(segment.viewport(), event)
    assert not event.isAccepted()


def test_segment_tail_is_replaced_and_commits_stay(qtbot, style: ProseStyle) -> None:
    growing = ProseSegment(style)
    qtbot.addWidget(growing)
    growing.set_tail(prose("on"))
    growing.set_tail(prose("one"))
    assert growing.toPlainText() == "one"
    growing.commit(prose("one"))
    growing.set_tail(prose("- tw"))
    growing.set_tail(prose("- two"))
    assert growing.toPlainText() == "one\ntwo"
    growing.set_tail(None)
    assert growing.toPlainText() == "one"


def test_segment_list_before_a_dropped_tail_stays_a_list(qtbot, style: ProseStyle) -> None:
    growing = ProseSegment(style)
    qtbot.addWidget(growing)
    growing.commit(prose("- item"))
    growing.set_tail(prose("# Heading"))
    growing.set_tail(prose("text"))
    document = growing.document()
    assert document.firstBlock().textList() is not None
    assert document.lastBlock().textList() is None
    assert document.blockCount() == 2


def test_segment_streamed_ends_as_written_at_once(qtbot, style: ProseStyle) -> None:
    source = "a **b**\n\n- c\n  - d\n\n> e\n\n## f\n\n---\n\nlast"
    whole, grown = ProseSegment(style), ProseSegment(style)
    for each in (whole, grown):
        qtbot.addWidget(each)
    whole.commit(prose(source))
    for part in source.split("\n\n"):
        grown.set_tail(prose(part[:1] or " "))
        grown.commit(prose(part))
    assert grown.toPlainText() == whole.toPlainText()
    assert grown.toHtml() == whole.toHtml()

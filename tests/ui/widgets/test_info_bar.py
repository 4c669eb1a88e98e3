"""Bars, and the place they stand in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from shiboken6 import isValid

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.info_bar import Bar, Bars, InfoBar
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column
from app.ui.widgets.sheet import Sheet
from tests.ui.shell import child


def test_info_bar_error_shows_message_and_hint(qtbot, icons: Icons):
    bar = InfoBar.for_error(icons, AppError("It is empty.", "Choose another."))
    qtbot.addWidget(bar)
    assert [label.text() for label in bar.findChildren(QLabel)] == [
        "It is empty.",
        "Choose another.",
    ]
    assert bar.property("sev") == "danger"


def test_info_bar_close_clicked_says_so_and_goes(qtbot, icons: Icons):
    bar = InfoBar(icons, "Read this.")
    bar.show()
    with qtbot.waitSignal(bar.closed):
        qtbot.mouseClick(child(bar, IconButton), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not isValid(bar))


@pytest.fixture
def window(qtbot, theme) -> QWidget:
    """A place for bars above a line of text, shown."""
    window = column(Bars(margins=(0, 8, 0, 8)), Label("Below"), None, spacing=20)
    qtbot.addWidget(window)
    window.resize(400, 400)
    window.show()
    return window


@pytest.fixture
def place(window: QWidget) -> Bars:
    return child(window, Bars)


def lay_out(place: Bars) -> None:
    for layout in (place.layout(), place.window().layout()):
        assert layout is not None
        layout.activate()


def top_of_text(place: Bars) -> int:
    lay_out(place)
    window = place.window()
    (label,) = [each for each in window.findChildren(Label) if each.text() == "Below"]
    return label.y()


def texts(place: Bars) -> list[str]:
    """What the bars say, from the top."""
    lay_out(place)
    shown = [each for each in place.findChildren(InfoBar) if each.isVisible()]
    return [each.text for each in sorted(shown, key=lambda each: each.y())]


def test_place_without_bars_takes_no_room(place: Bars, icons: Icons):
    assert top_of_text(place) == 0
    place.add(bar := InfoBar(icons, "Read this."))
    assert top_of_text(place) >= bar.sizeHint().height() + 16
    place.clear()
    assert top_of_text(place) == 0


def test_bar_is_there_at_once(place: Bars, icons: Icons):
    place.add(InfoBar(icons, "One."))
    place.add(InfoBar(icons, "Two."))
    place.add(InfoBar(icons, "Zero."), first=True)
    assert texts(place) == ["Zero.", "One.", "Two."]
    place.show_only(InfoBar(icons, "Another."))
    assert texts(place) == ["Another."]


def test_same_words_are_not_shown_twice(place: Bars, icons: Icons, qtbot):
    place.add(first := InfoBar(icons, "One."))
    place.add(InfoBar(icons, "One.", hint="Try again."))
    place.add(InfoBar(icons, "One."))
    assert texts(place) == ["One. Try again.", "One."]
    qtbot.waitUntil(lambda: not isValid(first))


def test_only_a_person_closes_a_bar(place: Bars, icons: Icons, qtbot):
    said: list[str] = []
    for text in ("dismissed", "cleared"):
        bar = InfoBar(icons, text)
        bar.closed.connect(lambda text=text: said.append(f"{text}: closed"))
        bar.gone.connect(lambda text=text: said.append(f"{text}: gone"))
        place.add(bar)
    first = next(each for each in place.findChildren(Bar) if each.text == "dismissed")
    qtbot.mouseClick(child(first, IconButton), Qt.MouseButton.LeftButton)
    place.clear()
    assert said == ["dismissed: gone", "dismissed: closed", "cleared: gone"]
    assert place.isHidden()


def test_sheet_makes_room_for_a_bar_at_once(qtbot, theme, icons: Icons):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(700, 700)
    window.show()
    sheet, bars = Sheet(window, icons, "Sheet"), Bars()
    bars.reshaped.connect(sheet.place)
    sheet.body.addWidget(Label("Words"))
    sheet.body.addWidget(bars)
    sheet.open()
    low = sheet.card.height()
    bars.show_only(InfoBar(icons, "It is gone.", hint="Look for it. " * 30))
    high = sheet.card.height()
    bars.show_only(InfoBar(icons, "It is gone."))
    assert low < sheet.card.height() < high
    bars.clear()
    assert sheet.card.height() == low


def test_bar_without_a_place_is_a_mistake(qtbot, theme, icons: Icons):
    bars, bar = Bars(), InfoBar(icons, "Read this.")
    qtbot.addWidget(bars)
    qtbot.addWidget(bar)
    with pytest.raises(RuntimeError):
        bars.add(bar)

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import PageHeader, ScrollPage
from app.ui.widgets.switch import Switch


def test_label_text_with_tags_stays_text(qtbot, theme):
    label = Label("<img src='file:///etc/passwd'>")
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_elided_label_too_narrow_keeps_the_whole_text_as_tool_tip(qtbot, theme):
    label = ElidedLabel("A very long title of a very long document")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == label.whole_text
    label.resize(900, 20)
    assert label.text() == label.whole_text
    assert label.toolTip() == ""


def test_elided_label_shows_tags_of_others_as_they_are(qtbot, theme):
    label = ElidedLabel("<b>not bold</b> & more")
    qtbot.addWidget(label)
    label.resize(40, 20)
    label.show()
    assert label.toolTip() == "<span>&lt;b&gt;not bold&lt;/b&gt; &amp; more</span>"


def test_elided_label_line_breaks_become_spaces(qtbot, theme):
    label = ElidedLabel("one\n\ttwo")
    qtbot.addWidget(label)
    assert label.whole_text == "one two"


def test_empty_state_offers_what_it_was_given(qtbot, icons: Icons):
    ran: list[str] = []
    state = EmptyState(
        icons.icon("ph.cube", "accent_text"),
        "No models yet",
        "Import one.",
        primary=Choice("Import", lambda: ran.append("import")),
        secondary=Choice("Find", lambda: ran.append("find")),
        caption="or drop one",
    )
    qtbot.addWidget(state)
    state.show()
    for button in state.findChildren(Button):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == ["import", "find"]
    assert "or drop one" in [label.text() for label in state.findChildren(QLabel)]


def test_scroll_page_never_grows_wider_than_its_column(qtbot, theme):
    page = ScrollPage("Page", margins=(0, 0, 0, 0), width=500)
    qtbot.addWidget(page)
    inner = QWidget()
    inner.setMinimumHeight(3000)
    page.body.addWidget(inner)
    page.resize(1200, 400)
    page.show()
    assert inner.width() == 500
    page.resize(400, 400)
    assert 380 <= inner.width() <= 400


@pytest.mark.parametrize("scale", [100, 150])
def test_page_header_long_title_leaves_room_for_its_buttons(qtbot, theme, icons, scale: int):
    from app.settings.schema import Theme

    theme.apply(Theme.LIGHT, scale)
    holder = QWidget()
    qtbot.addWidget(holder)
    button = Button("Import GGUF")
    header = PageHeader("A title " * 40, button)
    QVBoxLayout(holder).addWidget(header)
    holder.resize(500, 100)
    holder.show()
    assert button.width() >= button.sizeHint().width()
    assert header.rect().contains(button.geometry())


def test_switch_space_key_switches_and_clicks_count_anywhere(qtbot, theme):
    switch = Switch(theme, "Enter sends")
    qtbot.addWidget(switch)
    switch.show()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert switch.isChecked()
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert not switch.isChecked()
    assert switch.accessibleName() == "Enter sends"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_confirm_sheet_enter_presses_the_button_in_focus(qtbot, icons: Icons, key: Qt.Key):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    with qtbot.waitActive(window):
        window.show()
    runs: list[str] = []
    delete = Choice("Delete", lambda: runs.append("deleted"))

    def ask() -> ConfirmSheet:
        sheet = ConfirmSheet(window, icons, "Delete this?", "It is gone then.", delete)
        sheet.open()
        return sheet

    careful = ask()
    qtbot.keyClick(careful.back, key)
    assert not careful.isVisible()
    assert runs == []
    sure = ask()
    sure.confirm.setFocus()
    qtbot.keyClick(sure.confirm, key)
    assert not sure.isVisible()
    assert runs == ["deleted"]

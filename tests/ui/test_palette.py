from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from app.ui.palette import CommandPalette
from app.ui.session import Session
from app.ui.shortcuts import ShortcutsSheet
from tests.ui.shell import child, focus, sample, shown_id


@pytest.fixture
def palette(session: Session) -> CommandPalette:
    session.window.actions_table.run("window.palette")
    found = child(session.window.root, CommandPalette)
    assert found is not None
    return found


def rows(palette: CommandPalette) -> list[str]:
    return [palette.items.index(row).data() for row in range(palette.items.rowCount())]


def test_palette_shortcut_opens_it_with_the_field_focused(session: Session, qtbot):
    window = session.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = child(window.root, CommandPalette)
    assert palette.isVisible()
    assert focus() is palette.field


def test_palette_few_letters_and_enter_run_the_action(
    session: Session, palette: CommandPalette, qtbot
):
    qtbot.keyClicks(palette.field, "go mod")
    assert rows(palette)[0] == "Go to: Models"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert shown_id(session.window) == "models"


def test_palette_action_of_another_pane_shows_that_pane(
    session: Session, palette: CommandPalette, qtbot
):
    qtbot.keyClicks(palette.field, "library find")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    pane = sample(session.window, "library")
    assert session.window.current is pane
    assert pane.events[-1] == "find"


def test_palette_arrows_choose_and_go_round(palette: CommandPalette, qtbot):
    count = palette.items.rowCount()
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == count - 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 1


def test_palette_click_on_a_row_runs_it(session: Session, palette: CommandPalette, qtbot):
    qtbot.keyClicks(palette.field, "go lib")
    place = palette.list.visualRect(palette.items.index(0)).center()
    qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown_id(session.window) == "library"


def test_palette_nothing_fits_says_so(palette: CommandPalette, qtbot):
    qtbot.keyClicks(palette.field, "zzzz")
    shown = [each.text() for each in palette.findChildren(QLabel) if each.isVisible()]
    assert shown == ["No command has these letters."]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_palette_escape_closes_it_and_the_focus_returns(session: Session, qtbot):
    window = session.window
    before: QLineEdit = sample(window, "chat").field
    before.setFocus()
    window.actions_table.run("window.palette")
    palette = child(window.root, CommandPalette)
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert focus() is before


def test_palette_click_beside_it_closes_it(palette: CommandPalette, qtbot):
    qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=palette.rect().bottomLeft())
    assert not palette.isVisible()


def test_palette_offers_everything_but_itself(session: Session, palette: CommandPalette):
    ids = {palette.items.spec(row).id for row in range(palette.items.rowCount())}
    expected = {spec.id for spec in session.window.actions_table.specs}
    assert ids == expected - {"window.palette"}


def test_palette_list_model_is_sound(palette: CommandPalette, qtmodeltester):
    qtmodeltester.check(palette.items)


def test_shortcuts_page_lists_every_shortcut_of_the_table(session: Session):
    session.window.actions_table.run("window.shortcuts")
    sheet = child(session.window.root, ShortcutsSheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    for spec in session.window.actions_table.specs:
        if spec.shortcut:
            assert spec.title in texts
            assert spec.shortcut in texts


def test_overlay_tab_stays_inside(session: Session, qtbot):
    session.window.actions_table.run("window.notes")
    for _press in range(4):
        qtbot.keyClick(focus(), Qt.Key.Key_Tab)
        overlay = session.window.root
        focused = focus()
        assert any(
            sheet.isVisible() and sheet.isAncestorOf(focused)
            for sheet in overlay.findChildren(type(overlay))
        )

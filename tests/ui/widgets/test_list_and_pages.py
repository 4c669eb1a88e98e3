from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.theme import ThemeKeeper
from app.ui.widgets.list_and_pages import ListAndPages


@pytest.fixture
def view(theme: ThemeKeeper, qtbot: QtBot) -> ListAndPages:
    view = ListAndPages(theme, QWidget(), width=240, narrow_width=180)
    qtbot.addWidget(view)
    view.resize(1200, 600)
    view.show()
    return view


def test_list_takes_less_room_in_a_narrow_window(view: ListAndPages) -> None:
    assert view._sidebar.width() == 240
    view.resize(700, 600)
    assert view._sidebar.width() == 180


def test_nothing_is_shown_beside_the_list_until_something_is(view: ListAndPages) -> None:
    first, second = QWidget(), QWidget()
    view.add(first)
    assert view.shown not in (first, second)
    view.show_beside(first)
    assert view.shown is first
    view.show_beside(second)
    assert view.shown is second
    assert not first.isVisible()

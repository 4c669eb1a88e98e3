"""Menus: what they offer, and where they open."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import isValid

from app.ui.icons import Icons
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.menus import Entry, menu_of, open_above, open_below
from app.ui.widgets.title_card import TitleCard

# What the offscreen platform says of every menu that opens.
pytestmark = pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)


@pytest.fixture
def window(qtbot, theme) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 400)
    window.show()
    return window


@pytest.fixture
def button(window: QWidget) -> QWidget:
    """Something to open menus at."""
    button = QWidget(window)
    button.setGeometry(200, 200, 60, 30)
    button.show()
    return button


def opened(window: QWidget) -> QMenu:
    (menu,) = [each for each in window.findChildren(QMenu) if each.isVisible()]
    return menu


def test_menu_runs_what_was_chosen(window: QWidget, icons: Icons):
    ran: list[str] = []
    entries = (
        Entry("ph.trash", "Remove", lambda: ran.append("removed")),
        Entry("ph.eye", "Show", lambda: ran.append("shown"), is_enabled=False),
    )
    remove, show = menu_of(window, icons, entries).actions()
    assert (remove.text(), remove.isEnabled(), show.isEnabled()) == ("Remove", True, False)
    remove.trigger()
    show.trigger()
    assert ran == ["removed"]


def test_menu_opens_at_an_edge_of_its_button_and_goes(
    window: QWidget, button: QWidget, icons: Icons, qtbot
):
    entries = [Entry("ph.trash", "Remove everything", lambda: None)]
    edges = button.rect()
    left, right = button.mapToGlobal(edges.topLeft()), button.mapToGlobal(edges.bottomRight())
    open_below(menu_of(window, icons, entries), button)
    menu = opened(window)
    assert menu.x() == left.x()
    assert menu.y() > right.y()
    menu.close()
    qtbot.waitUntil(lambda: not isValid(menu))
    open_below(menu_of(window, icons, entries), button, to_right_edge=True)
    menu = opened(window)
    assert menu.x() + menu.width() == right.x() + 1
    menu.close()
    open_above(menu_of(window, icons, entries), button)
    menu = opened(window)
    assert menu.y() + menu.height() < left.y()
    menu.close()


def test_more_button_of_a_card_opens_what_it_offers_now(window: QWidget, icons: Icons):
    class Shown(TitleCard):
        is_there = False

        def offered(self) -> list[Entry]:
            return [Entry("ph.eye", "Show", lambda: None, self.is_there)]

    card = Shown(icons, "ph.cube", ElidedLabel("A model", "h2"), window)
    card.resize(400, 100)
    card.show()
    for is_there in (False, True):
        card.is_there = is_there
        card.more.click()
        menu = opened(window)
        assert [each.isEnabled() for each in menu.actions()] == [is_there]
        menu.close()

"""Menus: what they offer and where they open. Each is made for one use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.ui.icons import Icons

_GAP = 4


class Entry(NamedTuple):
    """One thing that a menu offers."""

    icon: str
    words: str
    run: Callable[[], object]
    is_enabled: bool = True


def menu_of(parent: QWidget, icons: Icons, entries: Iterable[Entry]) -> QMenu:
    """A menu of these entries."""
    menu = QMenu(parent)
    for each in entries:
        action = menu.addAction(icons.icon(each.icon), each.words)
        action.setEnabled(each.is_enabled)
        action.triggered.connect(lambda _checked=False, run=each.run: run())
    return menu


def pop_up(menu: QMenu, place: QPoint) -> None:
    """Open a menu at a place of the screen; it is deleted once it is closed."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(place)


def open_below(menu: QMenu, button: QWidget, *, to_right_edge: bool = False) -> None:
    """Open it below a button, with the same left edge or the same right edge."""
    left = button.width() - menu.sizeHint().width() if to_right_edge else 0
    pop_up(menu, button.mapToGlobal(QPoint(left, button.height() + _GAP)))


def open_above(menu: QMenu, button: QWidget) -> None:
    """Open it above a button, with the same left edge."""
    pop_up(menu, button.mapToGlobal(QPoint(0, -menu.sizeHint().height() - _GAP)))

"""The focus ring shows for people who use the keyboard, and only for them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from app.ui.theme import set_look


class KeyboardFocus(QObject):
    """Marks the focused widget with the property `kbd` while the keyboard put the focus there."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._marked: QWidget | None = None
        app.focusChanged.connect(self._on_focus_changed)

    def mark(self) -> None:
        """The keyboard has just moved the focus."""
        widget = QApplication.focusWidget()
        if widget is not None:
            self._clear()
            self._marked = widget
            set_look(widget, "kbd", "true")

    def _on_focus_changed(self, _old: QWidget | None, _new: QWidget | None) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._marked is not None and isValid(self._marked):
            set_look(self._marked, "kbd", "false")
        self._marked = None


def focusable(widget: QWidget) -> bool:
    """Whether Tab can reach it now."""
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(by_tab) and widget.isEnabled() and widget.isVisible()


def first_focusable(region: QWidget) -> QWidget | None:
    """The widget of a region that Tab reaches first."""
    if focusable(region):
        return region
    inside = [each for each in region.findChildren(QWidget) if focusable(each)]
    chain: dict[QWidget, int] = {}
    following = region.nextInFocusChain()
    while following is not None and following is not region and following not in chain:
        chain[following] = len(chain)
        following = following.nextInFocusChain()
    return min(inside, key=lambda each: chain.get(each, len(chain)), default=None)


def next_region(regions: tuple[QWidget, ...], current: QWidget | None, step: int) -> QWidget | None:
    """The widget to focus when stepping from `current` to the next region that has any."""
    inside = [
        index
        for index, region in enumerate(regions)
        if current is not None and (region is current or region.isAncestorOf(current))
    ]
    # The innermost region is the last that holds the widget.
    start = inside[-1] if inside else (-1 if step > 0 else 0)
    for offset in range(1, len(regions) + 1):
        widget = first_focusable(regions[(start + step * offset) % len(regions)])
        if widget is not None and widget is not current:
            return widget
    return None

"""Placing widgets by hand: a column of things that are told a width and take a height.

Layouts ask for size hints many times; a transcript that grows 30 times a second asks once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from PySide6.QtWidgets import QWidget


@runtime_checkable
class Fitting(Protocol):
    """A widget that knows its height for a width."""

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""


def fit_widget(widget: QWidget, width: int) -> int:
    """Give a widget this width and the height it wants."""
    if isinstance(widget, Fitting):
        return widget.fit(width)
    widget.ensurePolished()
    height = widget.heightForWidth(width) if widget.hasHeightForWidth() else -1
    if height < 0:
        height = widget.sizeHint().height()
    widget.resize(width, height)
    return height


def stack(widgets: Iterable[QWidget], left: int, top: int, width: int, gap: int) -> int:
    """Put the visible ones below each other; the y below the last."""
    is_first = True
    for widget in widgets:
        if widget.isHidden():
            continue
        if not is_first:
            top += gap
        is_first = False
        height = fit_widget(widget, width)
        widget.move(left, top)
        top += height
    return top


def flow(widgets: Iterable[QWidget], width: int, gap: int) -> int:
    """Put the visible ones beside each other, in as many rows as it takes; the height."""
    x = y = row = 0
    for widget in widgets:
        if widget.isHidden():
            continue
        widget.ensurePolished()
        size = widget.sizeHint()
        wide = min(size.width(), width)
        if x and x + wide > width:
            x, y, row = 0, y + row + gap, 0
        widget.setGeometry(x, y, wide, size.height())
        x += wide + gap
        row = max(row, size.height())
    return y + row

"""Rows, columns, cards and the page header."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.ui.widgets.labels import ElidedLabel

Margins = tuple[int, int, int, int]
NONE: Margins = (0, 0, 0, 0)


def row(
    *parts: QWidget | None, margins: Margins = NONE, spacing: int = 8, into: QWidget | None = None
) -> QWidget:
    """Widgets beside each other; None is the space that grows."""
    holder = into or QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        layout.addStretch(1) if part is None else layout.addWidget(part)
    return holder


def column(
    *parts: QWidget | None, margins: Margins = NONE, spacing: int = 8, into: QWidget | None = None
) -> QWidget:
    """Widgets below each other; None is the space that grows."""
    holder = into or QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        layout.addStretch(1) if part is None else layout.addWidget(part)
    return holder


class Card(QFrame):
    """A raised surface with a border; `body` is its layout."""

    def __init__(self, parent: QWidget | None = None, *, margins: Margins = (16, 14, 16, 14)):
        super().__init__(parent)
        self.setObjectName("card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(*margins)
        self.body.setSpacing(8)


class PageHeader(QWidget):
    """The strip at the top of a pane: its title at the left, what it offers at the right."""

    def __init__(self, title: str, *parts: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self.title = ElidedLabel(title, "h2")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 0, 16, 0)
        layout.setSpacing(8)
        layout.addWidget(self.title, 1)
        for part in parts:
            layout.addWidget(part)

    def set_title(self, title: str) -> None:
        """Show another title."""
        self.title.set_text(title)


class ScrollPage(QScrollArea):
    """A page that scrolls, its content in one column at most `width` wide; `body` is its layout."""

    def __init__(
        self, name: str, parent: QWidget | None = None, *, width: int = 780, margins: Margins
    ) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        content = QWidget()
        content.setMaximumWidth(width)
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(*margins)
        self.body.setSpacing(12)
        inner = QWidget()
        around = QHBoxLayout(inner)
        around.setContentsMargins(*NONE)
        around.addStretch(1)
        # Next to nothing of the width goes to the sides until the content has all it takes.
        around.addWidget(content, 1000)
        around.addStretch(1)
        self.setWidget(inner)

"""Buttons: text, icon only, and round."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolButton, QWidget

from app.ui.widgets.choice import Choice


class Button(QPushButton):
    """A button with words. `kind`: "" (outlined), "primary", "ghost", "danger", "chip", "small"."""

    def __init__(
        self,
        text: str,
        kind: str = "",
        icon: QIcon | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setProperty("kind", kind)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text.strip())
        self.setAutoDefault(False)
        if icon is not None:
            self.setIcon(icon)
            self.setIconSize(QSize(16, 16))
            self.setText(f" {text}")  # the style leaves no gap after the icon


class IconButton(QToolButton):
    """A button that is only an icon; `tip` is its name and its tool tip."""

    def __init__(
        self, icon: QIcon, tip: str, parent: QWidget | None = None, *, size: int = 18
    ) -> None:
        super().__init__(parent)
        self.setObjectName("icon")
        self.setIcon(icon)
        self.setIconSize(QSize(size, size))
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def choice_button(choice: Choice, kind: str = "ghost", parent: QWidget | None = None) -> Button:
    """A button for a choice."""
    button = Button(choice.text, kind, choice.icon, parent)
    button.clicked.connect(lambda _checked=False: choice.run())
    return button

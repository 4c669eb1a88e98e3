"""The frame of the sheets about servers: what scrolls, what went wrong, and the buttons."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import NONE, ScrollPage, column, row
from app.ui.widgets.sheet import Sheet

_LEAST_HEIGHT: Final = 96
# The second half of a double click on what opened the sheet must not agree to anything.
_ARMED_AFTER_MS: Final = 500
_FIELD_MARGINS: Final = (2, 2, 12, 2)


class ServerSheet(Sheet):
    """A sheet whose content, `content`, scrolls. Used once."""

    def __init__(self, window: QWidget, icons: Icons, title: str, *, width: int = 600) -> None:
        super().__init__(window, icons, title, width=width)
        self._icons = icons
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self._scroll = _Content(title, margins=_FIELD_MARGINS, width=2 * width)
        self._scroll.setMinimumHeight(_LEAST_HEIGHT)
        self.content = self._scroll.body
        self.content.setSpacing(14)
        self.back = Button("Not now")
        self.back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(self._scroll, 1)
        self.closed.connect(self.deleteLater)
        # What is wrapped knows its height only once it has its width.
        content = self._scroll.widget()
        assert content is not None
        content.installEventFilter(self)

    def finish(self, *buttons: QWidget) -> None:
        """Close the content and put the buttons below it; `back` stands before them."""
        self.content.addStretch(1)
        self.body.addWidget(self._bars)
        self.body.addWidget(row(None, self.back, *buttons))

    def arm_later(self, button: QWidget) -> None:
        """Let a button that agrees to something be used only after a moment."""
        button.setEnabled(False)
        QTimer.singleShot(_ARMED_AFTER_MS, button, lambda: button.setEnabled(True))

    def show_problem(self, error: AppError) -> None:
        """Say what went wrong; what was entered stays."""
        self._bars.show_only(InfoBar.for_error(self._icons, error))
        announce(self, str(error))

    def drop_problem(self) -> None:
        """Take the bar away."""
        self._bars.clear()

    def show_focus(self) -> None:
        """Scroll to what has the focus, such as a field that has just come."""
        self.content.activate()
        self.place()
        focused = QApplication.focusWidget()
        if focused is not None and self._scroll.isAncestorOf(focused):
            self._scroll.ensureWidgetVisible(focused)

    def open(self) -> None:
        super().open()
        QTimer.singleShot(0, self, self.place)

    def place(self) -> None:
        # A scroll area does not pass on what its content asks for, and layouts remember heights.
        self._scroll.updateGeometry()
        self.body.invalidate()
        super().place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is not self.parent():
            QTimer.singleShot(0, self, self.place)
        return super().eventFilter(watched, event)


class _Content(ScrollPage):
    """A page that wants to be as high as what is in it, where there is room."""

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        inner = self.widget()
        return inner.heightForWidth(width) if inner is not None else -1


def titled(title: str, *parts: QWidget, hint: str = "") -> QWidget:
    """Something under its name, with a word of help below; the first part belongs to the name."""
    label = Label(title, "h3")
    label.setBuddy(parts[0])
    below = [Label(hint, "caption", wrap=True)] if hint else []
    return column(label, *parts, *below, spacing=6, margins=NONE)

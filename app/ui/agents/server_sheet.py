"""The frame of the sheets about servers: what scrolls, what went wrong, and the buttons."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import InfoBar, announce
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import NONE, ScrollPage, column, row
from app.ui.widgets.sheet import Sheet

_AROUND: Final = 48  # the margins of the card and of the sheet's body, left and right
_LEAST_HEIGHT: Final = 96
_FIELD_MARGINS: Final = (2, 2, 12, 2)


class ServerSheet(Sheet):
    """A sheet whose content, `content`, scrolls. Used once."""

    def __init__(self, window: QWidget, icons: Icons, title: str, *, width: int = 600) -> None:
        super().__init__(window, icons, title, width=width)
        self._icons = icons
        self._bar: InfoBar | None = None
        self._scroll = ScrollPage(title, margins=_FIELD_MARGINS, width=2 * width)
        self._scroll.setMinimumHeight(_LEAST_HEIGHT)
        self.content = self._scroll.body
        self.content.setSpacing(14)
        self.back = Button("Not now")
        self.back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(self._scroll, 1)
        self.closed.connect(self.deleteLater)

    def finish(self, *buttons: QWidget) -> None:
        """Close the content and put the buttons below it; `back` stands before them."""
        self.content.addStretch(1)
        self.body.addWidget(row(None, self.back, *buttons))

    def show_problem(self, error: AppError) -> None:
        """Say what went wrong; what was entered stays."""
        self.drop_problem()
        self._bar = InfoBar.for_error(self._icons, error)
        self._bar.closed.connect(self.drop_problem)
        self.body.insertWidget(self.body.count() - 1, self._bar)
        self._bar.show()  # now, so that the card makes room for it
        announce(self, str(error))
        self.place()

    def drop_problem(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.hide()
            self.body.removeWidget(bar)
            bar.deleteLater()
            self.place()

    def card_height(self, width: int) -> int:
        height, inner = super().card_height(width), self._scroll.widget()
        if inner is None:
            return height
        room = width - _AROUND
        needed = inner.heightForWidth(room) if inner.hasHeightForWidth() else -1
        return height - self._scroll.sizeHint().height() + max(needed, inner.sizeHint().height())


def titled(title: str, *parts: QWidget, hint: str = "") -> QWidget:
    """Something under its name, with a word of help below; the first part belongs to the name."""
    label = Label(title, "h3")
    label.setBuddy(parts[0])
    below = [Label(hint, "caption", wrap=True)] if hint else []
    return column(label, *parts, *below, spacing=6, margins=NONE)

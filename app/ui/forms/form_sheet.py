"""A sheet with named fields that scroll, over a button that takes them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, column, row
from app.ui.widgets.sheet import Sheet

_WIDTH = 600
_AROUND = 48  # left and right of the fields
_SLACK = 4


class FormSheet(Sheet):
    """As high as its fields, as far as the window has room. Used once.

    Subclasses connect `confirm`, and call `refuse` or `dismiss` when it is known what came of it.
    """

    def __init__(self, window: QWidget, icons: Icons, title: str, confirm: str) -> None:
        super().__init__(window, icons, title, width=_WIDTH)
        self._icons = icons
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self._page = ScrollPage(title, width=_WIDTH, margins=(2, 0, 12, 4))
        self._page.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields have it
        self._page.body.setSpacing(14)
        self._page.body.addStretch(1)
        self.confirm = Button(confirm, "primary")
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.body.setSpacing(14)
        self.body.addWidget(self._bars)
        self.body.addWidget(self._page, 1)
        self.body.addWidget(row(None, back, self.confirm))
        self.closed.connect(self.deleteLater)
        self._content = self._page.widget()
        assert self._content is not None
        self._content.installEventFilter(self)

    def add(self, part: QWidget) -> None:
        """Put something below what is there."""
        self._page.body.insertWidget(self._page.body.count() - 1, part)

    def add_field(self, name: str, editor: QWidget, help_text: str = "") -> QWidget:
        """Put a field with its name, and a word on it, below what is there; returns all of it."""
        label = Label(name, "h3")
        label.setBuddy(editor)
        editor.setAccessibleName(name)
        words = [Label(help_text, "caption", wrap=True)] if help_text else []
        field = column(label, editor, *words, spacing=4)
        self.add(field)
        return field

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be done, and let it be changed."""
        self.confirm.setEnabled(True)
        self._bars.show_only(InfoBar.for_error(self._icons, error))

    def clear_problem(self) -> None:
        """Take away what was said last."""
        self._bars.clear()

    def card_height(self, width: int) -> int:
        body = self._page.body
        bar = self._page.verticalScrollBar().sizeHint().width()
        inner = body.sizeHint().height()
        if body.hasHeightForWidth():
            inner = body.totalHeightForWidth(width - bar - _AROUND)
        page = self._page.sizeHint().expandedTo(self._page.minimumSizeHint()).height()
        return super().card_height(width) - page + inner + _SLACK

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            if self.isVisible():
                self.place()  # a field has grown
            return False
        return super().eventFilter(watched, event)

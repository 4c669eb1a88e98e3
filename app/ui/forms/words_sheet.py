"""A small sheet that asks for one line, such as a name or a note."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

_WIDTH = 440


class WordsSheet(Sheet):
    """Stays open with the reason when the words cannot be taken. Used once.

    Signals:
        given: the words, stripped. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(str)

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        title: str,
        text: str = "",
        *,
        name: str,
        placeholder: str,
        confirm: str,
        may_be_empty: bool = False,
    ) -> None:
        super().__init__(window, icons, title, width=_WIDTH)
        self._may_be_empty = may_be_empty
        self.field = QLineEdit()
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(placeholder)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm_button = Button(confirm, "primary")
        back = Button("Cancel")
        self.body.setSpacing(12)
        if text:
            self.body.addWidget(Label(text, "body2", wrap=True))
        for part in (self.field, self.problem, row(None, back, self.confirm_button)):
            self.body.addWidget(part)
        back.clicked.connect(self.dismiss)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self.confirm_button.click)
        self.confirm_button.clicked.connect(self._on_confirm_clicked)
        self.closed.connect(self.deleteLater)
        self._on_text_changed()

    def refuse(self, error: AppError) -> None:
        """Say why the words cannot be taken, and let them be changed."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm_button.setEnabled(True)
        self.place()
        self.field.setFocus()

    def first_focus(self) -> QWidget | None:
        return self.field

    def _on_confirm_clicked(self) -> None:
        self.confirm_button.setEnabled(False)  # until there is an answer
        self.given.emit(self.field.text().strip())

    def _on_text_changed(self) -> None:
        self.problem.hide()
        self.confirm_button.setEnabled(self._may_be_empty or bool(self.field.text().strip()))

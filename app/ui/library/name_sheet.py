"""The sheet that asks for the name of a collection."""

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
_LONGEST_NAME = 120


class NameSheet(Sheet):
    """Stays open with the reason when a name cannot be taken. Used once.

    Signals:
        named: the name, stripped. Whoever listens calls `dismiss` or `refuse`.
    """

    named = Signal(str)

    def __init__(
        self, window: QWidget, icons: Icons, title: str, *, confirm: str, name: str = ""
    ) -> None:
        super().__init__(window, icons, title, width=_WIDTH)
        self.field = QLineEdit(name)
        self.field.setAccessibleName("Name of the collection")
        self.field.setPlaceholderText("Name, such as a client or a subject")
        self.field.setMaxLength(_LONGEST_NAME)
        self.field.selectAll()
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm_button = Button(confirm, "primary")
        back = Button("Cancel")
        self.body.setSpacing(12)
        for part in (self.field, self.problem, row(None, back, self.confirm_button)):
            self.body.addWidget(part)
        back.clicked.connect(self.dismiss)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self.confirm_button.click)
        self.confirm_button.clicked.connect(self._on_confirm_clicked)
        self.closed.connect(self.deleteLater)
        self._on_text_changed()

    def refuse(self, error: AppError) -> None:
        """Say why the name cannot be taken, and let it be changed."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm_button.setEnabled(True)
        self.place()
        self.field.setFocus()

    def first_focus(self) -> QWidget | None:
        return self.field

    def _on_confirm_clicked(self) -> None:
        self.confirm_button.setEnabled(False)  # until there is an answer
        self.named.emit(self.field.text().strip())

    def _on_text_changed(self) -> None:
        self.problem.hide()
        self.confirm_button.setEnabled(bool(self.field.text().strip()))

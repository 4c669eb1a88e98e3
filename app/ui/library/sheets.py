"""The two questions the library asks: a name for a collection, and whether to go on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

_WIDTH = 440
_LONGEST_NAME = 120


class _Question(Sheet):
    """A sheet with two buttons that is gone for good once it was closed."""

    def __init__(
        self, parent: QWidget, icons: Icons, title: str, dismiss: str, confirm: Button
    ) -> None:
        super().__init__(parent, icons, title, width=_WIDTH)
        self.body.setSpacing(12)
        self.confirm_button = confirm
        self.dismiss_button = Button(dismiss)
        self.dismiss_button.clicked.connect(self.dismiss)
        confirm.clicked.connect(self.confirm)
        self.closed.connect(self.deleteLater)

    def add(self, *widgets: QWidget) -> None:
        """Put these above the buttons."""
        for widget in widgets:
            self.body.addWidget(widget)
        self.body.addSpacing(4)
        self.body.addWidget(row(None, self.dismiss_button, self.confirm_button))

    def confirm(self) -> None:
        """The button on the right was pressed, or Enter."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif self.dismiss_button.hasFocus():
            self.dismiss()
        elif self.confirm_button.isEnabled():
            self.confirm()


class ConfirmSheet(_Question):
    """Asks once before something that cannot be undone.

    Signals:
        confirmed: yes.
    """

    confirmed = Signal()

    def __init__(
        self, parent: QWidget, icons: Icons, title: str, *, text: str, confirm: str
    ) -> None:
        super().__init__(parent, icons, title, "Keep", Button(confirm, "danger"))
        self.add(Label(text, "body2", wrap=True))

    def confirm(self) -> None:
        self.dismiss()
        self.confirmed.emit()

    def first_focus(self) -> QWidget | None:
        return self.confirm_button


class NameSheet(_Question):
    """Asks for a name, and stays open with the reason when it cannot be taken.

    Signals:
        named: the name, stripped. Whoever listens calls `dismiss` or `refuse`.
    """

    named = Signal(str)

    def __init__(
        self, parent: QWidget, icons: Icons, title: str, *, confirm: str, name: str = ""
    ) -> None:
        super().__init__(parent, icons, title, "Cancel", Button(confirm, "primary"))
        self.field = QLineEdit(name)
        self.field.setAccessibleName("Name of the collection")
        self.field.setPlaceholderText("Name, such as a client or a subject")
        self.field.setMaxLength(_LONGEST_NAME)
        self.field.selectAll()
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.add(self.field, self.problem)
        self.field.textChanged.connect(self._on_text_changed)
        self._on_text_changed()

    def refuse(self, error: AppError) -> None:
        """Say why the name cannot be taken, and let it be changed."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm_button.setEnabled(True)
        self.place()
        self.field.setFocus()

    def confirm(self) -> None:
        self.confirm_button.setEnabled(False)  # until there is an answer
        self.named.emit(self.field.text().strip())

    def first_focus(self) -> QWidget | None:
        return self.field

    def _on_text_changed(self) -> None:
        self.problem.hide()
        self.confirm_button.setEnabled(bool(self.field.text().strip()))

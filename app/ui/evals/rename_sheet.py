"""Asks for another name of a run."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.evals.runs.entities import Run
from app.ui.forms.form_sheet import FormSheet
from app.ui.icons import Icons

_LONGEST_NAME = 200


class RenameSheet(FormSheet):
    """One line. Stays open while the name cannot be taken. Used once.

    Signals:
        given: the name. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(str)

    def __init__(self, window: QWidget, icons: Icons, run: Run) -> None:
        super().__init__(window, icons, "Rename run", "Rename")
        self.name = QLineEdit(run.name)
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setAcceptDrops(False)
        self.name.selectAll()
        self.add_field("Name", self.name)
        self.name.textChanged.connect(self._on_text_changed)
        self.name.returnPressed.connect(self.confirm.click)
        self.confirm.clicked.connect(self._on_confirm_clicked)

    def first_focus(self) -> QWidget | None:
        return self.name

    def _on_text_changed(self) -> None:
        self.clear_problem()
        self.confirm.setEnabled(bool(self.name.text().strip()))

    def _on_confirm_clicked(self) -> None:
        self.confirm.setEnabled(False)
        self.given.emit(self.name.text())

"""Asks which version of a prompt the instructions are to be taken from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from app.base.errors import AppError
from app.ui.agents.reading import PromptTaken
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet


class PromptSheet(Sheet):
    """Stays open with the reason when a version has no instructions. Used once.

    Signals:
        chosen: the `PromptTaken`. Whoever listens calls `dismiss` or `refuse`.
    """

    chosen = Signal(object)

    def __init__(self, window: QWidget, icons: Icons, found: Sequence[PromptTaken]) -> None:
        super().__init__(window, icons, "Take instructions from a prompt", width=460)
        self._found = tuple(found)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find a prompt")
        self.field.setAccessibleName("Find a prompt")
        self.field.textChanged.connect(self._fill)
        self.list = QListWidget()
        self.list.setAccessibleName("Prompts")
        self.list.setMinimumHeight(220)
        self.list.itemActivated.connect(lambda _item: self._on_confirmed())
        self._nothing = Label("There is no such prompt.", "body2")
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.confirm_button = Button("Take these", "primary")
        self.confirm_button.clicked.connect(self._on_confirmed)
        words = "Its system part becomes the instructions. You can change them afterwards."
        self.body.setSpacing(10)
        parts = (Label(words, "body2", wrap=True), self.field, self.list, self._nothing)
        for part in (*parts, self.problem, row(None, back, self.confirm_button)):
            self.body.addWidget(part)
        self.closed.connect(self.deleteLater)
        self._fill("")

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be taken."""
        self.problem.setText(str(error))
        self.problem.show()
        self.place()

    def first_focus(self) -> QWidget | None:
        return self.field

    def _fill(self, words: str) -> None:
        self.problem.hide()
        self.list.clear()
        for at, each in enumerate(self._found):
            if all(word in each.reference.casefold() for word in words.casefold().split()):
                item = QListWidgetItem(each.reference)
                item.setData(256, at)  # Qt.UserRole
                self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self._nothing.setVisible(self.list.count() == 0)
        self.confirm_button.setEnabled(self.list.count() > 0)

    def _on_confirmed(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(self._found[item.data(256)])

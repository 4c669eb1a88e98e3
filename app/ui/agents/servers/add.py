"""The sheet where a person adds servers: nothing in it starts anything."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QWidget

from app.base.errors import AppError
from app.ui.agents.servers.fields import AddressFields, Fields, PasteFields, ProgramFields
from app.ui.agents.servers.sheet import ServerSheet
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label

_ABOUT: Final = "Nothing is started yet: before that, you are shown exactly what would run."


class AddSheet(ServerSheet):
    """Three ways to say what a server is. Used once.

    Signals:
        pasted: this JSON describes the servers.
        filled_in: a ServerDraft does.
            Whoever listens to either calls `dismiss` or `show_problem`.
    """

    pasted = Signal(str)
    filled_in = Signal(object)

    def __init__(self, window: QWidget, icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__(window, icons, "Add a server", width=640)
        self.paste = PasteFields(theme)
        self.program = ProgramFields(icons, theme)
        self.address = AddressFields(icons)
        self.back.setText("Cancel")
        self.back.setAccessibleName("Cancel")
        self.add = Button("Add", "primary")
        self.add.clicked.connect(self._on_add_clicked)
        self._ways: dict[str, Fields] = {
            "Paste JSON": self.paste,
            "Program": self.program,
            "Address": self.address,
        }
        self._buttons = QButtonGroup(self)
        self.content.addWidget(Label(_ABOUT, "body2", wrap=True))
        self.content.addWidget(self._switch(), 0, Qt.AlignmentFlag.AlignLeft)
        for fields in self._ways.values():
            fields.resized.connect(self._on_resized)
            fields.submitted.connect(self._on_add_clicked)
            self.content.addWidget(fields)
        self.finish(self.add)
        self._on_way_chosen()

    def way(self, words: str) -> Button:
        """The button of one of the ways."""
        return next(each for each in self.findChildren(Button) if each.text() == words)

    def first_focus(self) -> QWidget | None:
        return self.paste.text

    def set_busy(self, is_busy: bool) -> None:
        """Whether what was entered is being added."""
        self.add.setEnabled(not is_busy)

    def show_problem(self, error: AppError) -> None:
        self.set_busy(False)
        super().show_problem(error)

    def dismiss(self) -> None:
        for fields in self._ways.values():
            fields.forget()
        super().dismiss()

    def _switch(self) -> QWidget:
        frame = QFrame()
        frame.setObjectName("segments")
        frame.setAccessibleName("How to add it")
        layout = QHBoxLayout(frame)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(2)
        for words in self._ways:
            button = Button(words, "segment")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._on_way_chosen)
            self._buttons.addButton(button)
            layout.addWidget(button)
        self._buttons.buttons()[0].setChecked(True)
        return frame

    @property
    def _chosen(self) -> Fields:
        chosen = self._buttons.checkedButton()
        assert chosen is not None  # one always is
        return self._ways[chosen.text()]

    def _on_way_chosen(self) -> None:
        self.drop_problem()
        for fields in self._ways.values():
            fields.setVisible(fields is self._chosen)
        self._on_resized()

    def _on_resized(self) -> None:
        QTimer.singleShot(0, self, self.show_focus)

    def _on_add_clicked(self) -> None:
        if not self.add.isEnabled():
            return
        self.drop_problem()
        chosen = self._chosen
        if isinstance(chosen, ProgramFields | AddressFields):
            try:
                self.filled_in.emit(chosen.draft())
            except AppError as error:
                self.show_problem(error)
        else:
            self.pasted.emit(self.paste.text.toPlainText())

"""The sheet in which a prompt is chosen as the persona of a chat."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.base.errors import AppError
from app.prompts.entities import Prompt
from app.ui.chat.prompts.list import PromptList
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

_WIDTH, _HEIGHT = 480, 520
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_NONE = "No prompt says how to answer yet: write one with a system part under Prompts."


class PersonaPicker(Sheet):
    """Used once.

    Signals:
        picked: a `Prompt`.
        prompts_requested: a person wants to write one.
    """

    picked = Signal(object)
    prompts_requested = Signal()

    def __init__(self, window: QWidget, icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__(window, icons, "Choose a persona", width=_WIDTH)
        self._prompts: tuple[Prompt, ...] = ()
        self._search = QLineEdit()
        self._search.setPlaceholderText("Find a prompt")
        self._search.setAccessibleName("Find a prompt")
        self._search.setAcceptDrops(False)
        self._search.addAction(
            icons.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._search.textChanged.connect(self._show)
        self._search.returnPressed.connect(self._on_return_pressed)
        self._search.installEventFilter(self)
        self._list = PromptList(theme)
        self._list.picked.connect(self._pick)
        self._words = Label("Looking at your prompts…", "body2", wrap=True)
        write = Button("Write one…", "ghost", icons.icon("ph.article"))
        write.clicked.connect(self._on_write_clicked)
        what = "A persona is a prompt whose instructions every answer in this chat follows."
        self.body.setSpacing(8)
        self.body.addWidget(Label(what, "caption", wrap=True))
        self.body.addWidget(self._search)
        self.body.addWidget(self._words)
        self.body.addWidget(self._list, 1)
        self.body.addWidget(row(None, write))
        self._list.hide()
        self.closed.connect(self.deleteLater)

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """What there is to choose from."""
        self._prompts = tuple(prompts)
        self._show()

    def show_problem(self, error: AppError) -> None:
        """Say why there is no list."""
        self._words.setText(str(error))

    def first_focus(self) -> QWidget | None:
        return self._search

    def card_height(self, _width: int) -> int:
        return _HEIGHT

    def _show(self) -> None:
        count = self._list.show_matches(self._prompts, self._search.text())
        self._list.setVisible(count > 0)
        self._words.setVisible(not count)
        self._words.setText("No prompt is called this." if self._prompts else _NONE)

    def _on_return_pressed(self) -> None:
        if self._list.current is not None:
            self._pick(self._list.current)

    def _pick(self, prompt: Prompt) -> None:
        self.dismiss()
        self.picked.emit(prompt)

    def _on_write_clicked(self) -> None:
        self.dismiss()
        self.prompts_requested.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._search and isinstance(event, QKeyEvent):
            step = _STEPS.get(Qt.Key(event.key()), 0)
            if step and event.type() == QEvent.Type.KeyPress:
                self._list.step(step)
                return True
            return False
        return super().eventFilter(watched, event)

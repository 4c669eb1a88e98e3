"""What a judge is asked: a ready-made rubric, or one with levels of a person's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.evals.judging.rubric import LEVELS, RUBRICS
from app.ui.evals.suites.item_fields import KeptText, remove_button
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row

_OWN = "Levels of your own"
_LEVEL_WIDTH = 132
_ORDER = "From the worst to the best. A sentence each that says when an answer is that."


class RubricField(QWidget):
    """Chooses or writes a rubric.

    Signals:
        edited: a person changed it.
    """

    edited = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._levels: list[tuple[QWidget, QLineEdit, KeptText]] = []
        self.choice = WheelShyBox()
        self.choice.setAccessibleName("What is judged")
        self._ready = list(RUBRICS.values())
        self.choice.addItems([*(each.name for each in self._ready), _OWN])
        self.choice.activated.connect(self._on_choice_activated)
        self.said = Label("", "caption", wrap=True)
        self.name = _line("Name of the rubric", "Such as: Polite")
        self.question = KeptText("What the judge decides", "Is the answer polite?", fewest=1)
        self.name.textEdited.connect(self.edited)
        self.question.edited.connect(self.edited)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self._add = Button("Another level", "small", icons.icon("ph.plus"))
        self._add.clicked.connect(self._on_add_clicked)
        self._own = QWidget()
        own = QVBoxLayout(self._own)
        own.setContentsMargins(0, 4, 0, 0)
        own.setSpacing(6)
        for field in (self.name, self.question):
            own.addWidget(Label(field.accessibleName(), "caption"))
            own.addWidget(field)
        own.addWidget(Label(_ORDER, "caption", wrap=True))
        own.addLayout(self._rows)
        own.addWidget(row(self._add, None))
        column(self.choice, self.said, self._own, spacing=4, into=self)
        self.show_rubric(self._ready[0].to_json())

    @property
    def rubric(self) -> dict[str, Any]:
        """The rubric as it stands there, not yet checked."""
        at = self.choice.currentIndex()
        if at < len(self._ready):
            return self._ready[at].to_json()
        levels = [
            {"name": name.text().strip(), "description": text.text.strip()}
            for _line, name, text in self._levels
        ]
        question = self.question.text.strip()
        return {"name": self.name.text().strip(), "question": question, "levels": levels}

    def show_rubric(self, rubric: Mapping[str, Any]) -> None:
        """Show another one."""
        known = [each.to_json() for each in self._ready]
        at = known.index(dict(rubric)) if rubric in known else len(known)
        self.choice.setCurrentIndex(at)
        self.name.setText(str(rubric.get("name", "")))
        self.question.show_text(str(rubric.get("question", "")))
        while self._levels:
            self._drop(0)
        for each in rubric.get("levels", ()):
            self._append(str(each.get("name", "")), str(each.get("description", "")))
        self._show()

    def _show(self) -> None:
        at = self.choice.currentIndex()
        is_own = at == len(self._ready)
        self._own.setVisible(is_own)
        self.said.setVisible(not is_own)
        if not is_own:
            ready = self._ready[at]
            self.said.setText(f"{ready.question} Levels: {', '.join(ready.names)}.")
        count = len(self._levels)
        self._add.setVisible(count < LEVELS[-1])
        for line, _name, _text in self._levels:
            for button in line.findChildren(IconButton):
                button.setEnabled(count > LEVELS[0])

    def _append(self, name: str, description: str) -> None:
        number = len(self._levels) + 1
        field = _line(f"Name of level {number}", "Such as: rude")
        field.setText(name)
        field.setFixedWidth(_LEVEL_WIDTH)
        text = KeptText(f"When an answer is level {number}", "When is it that?", fewest=1)
        text.show_text(description)
        field.textEdited.connect(self.edited)
        text.edited.connect(self.edited)
        remove = remove_button(self._icons, f"Remove level {number}")
        line = row(field, text, remove, spacing=6)
        remove.clicked.connect(lambda: self._on_remove_clicked(line))
        self._levels.append((line, field, text))
        self._rows.addWidget(line)

    def _drop(self, at: int) -> None:
        line = self._levels.pop(at)[0]
        self._rows.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _on_choice_activated(self) -> None:
        self._show()
        self.edited.emit()

    def _on_add_clicked(self) -> None:
        self._append("", "")
        self._levels[-1][0].show()
        self._levels[-1][1].setFocus()
        self._show()
        self.edited.emit()

    def _on_remove_clicked(self, line: QWidget) -> None:
        self._drop(next(at for at, each in enumerate(self._levels) if each[0] is line))
        self._show()
        self.edited.emit()


def _line(name: str, hint: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(hint)
    field.setAcceptDrops(False)
    return field

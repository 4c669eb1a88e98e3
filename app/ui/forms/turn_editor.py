"""The turns of a conversation as fields: the question, and those before it if they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.engine.messages import Role, Turn
from app.ui.forms.long_text import LongText
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.switch import Switch

MOST_EARLIER = 20  # each is a field of its own
_ROLES = {
    Role.SYSTEM: "Instructions",
    Role.USER: "Question",
    Role.ASSISTANT: "Answer",
    Role.TOOL: "Result of a tool",
}


class TurnEditor(QWidget):
    """Edits what is said in each turn; who says it stays.

    Signals:
        changed: a text, or whether the earlier turns belong to it, is another one.
    """

    changed = Signal()

    def __init__(
        self, turns: Sequence[Turn], theme: ThemeKeeper, *, with_earlier: bool = False
    ) -> None:
        super().__init__()
        self._turns = tuple(turns[-MOST_EARLIER - 1 :])
        self._fields: list[LongText] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(14)
        self._earlier = QWidget()
        self._earlier_layout = QVBoxLayout(self._earlier)
        self._earlier_layout.setContentsMargins(0, 0, 0, 0)
        self._earlier_layout.setSpacing(10)
        self.switch = Switch(theme, _earlier_text(len(self._turns) - 1))
        self.switch.setChecked(with_earlier and len(self._turns) > 1)
        self.switch.toggled.connect(self._on_switched)
        if len(self._turns) > 1:
            words = Label(self.switch.accessibleName())
            self._layout.addWidget(row(words, None, self.switch))
        self._layout.addWidget(self._earlier)
        self.question = self._field(self._turns[-1], self._layout, fewest=3)
        self._show_earlier()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns as they stand there; earlier ones without a word are left out."""
        last = replace(self._turns[-1], content=self.question.toPlainText().strip())
        if not self.switch.isChecked():
            return (last,)
        edited = (
            replace(turn, content=field.toPlainText().strip())
            for turn, field in zip(self._turns[:-1], self._fields, strict=True)
        )
        kept = (each for each in edited if each.content or each.tool_calls or each.images)
        return (*kept, last)

    def _show_earlier(self) -> None:
        is_wanted = self.switch.isChecked()
        if is_wanted and not self._fields:
            self._fields = [
                self._field(turn, self._earlier_layout, fewest=1) for turn in self._turns[:-1]
            ]
        self._earlier.setVisible(is_wanted)

    def _field(self, turn: Turn, into: QVBoxLayout, *, fewest: int) -> LongText:
        name = _ROLES[turn.role]
        if into is self._earlier_layout and turn.role is not Role.SYSTEM:
            name = f"Earlier {name[:1].lower()}{name[1:]}"
        field = LongText(fewest=fewest)
        field.setPlainText(turn.content)
        field.setAccessibleName(name)
        field.textChanged.connect(self.changed)
        label = Label(name, "h3")
        label.setBuddy(field)
        holder = QVBoxLayout()
        holder.setSpacing(4)
        holder.addWidget(label)
        holder.addWidget(field)
        into.addLayout(holder)
        return field

    def _on_switched(self) -> None:
        self._show_earlier()
        self.changed.emit()


def _earlier_text(count: int) -> str:
    turns = "the turn before it" if count == 1 else f"the {count} turns before it"
    return f"Include {turns}"

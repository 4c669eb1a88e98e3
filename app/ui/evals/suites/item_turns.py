"""What an item asks: one question, or a conversation of several messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.engine.messages import Role, Turn
from app.ui.amounts import count_text
from app.ui.evals.suites.item_fields import KeptText, remove_button
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import Card, row

_ROLES = {
    Role.SYSTEM: "Instruction",
    Role.USER: "Person",
    Role.ASSISTANT: "Model",
    Role.TOOL: "Tool result",
}
_HINTS = {
    Role.SYSTEM: "How the model shall behave",
    Role.USER: "What is asked",
    Role.ASSISTANT: "What the model has answered so far",
    Role.TOOL: "What the tool gave back",
}


class TurnCard(Card):
    """One message of a conversation.

    Signals:
        edited: a person changed it.
        remove_requested: it shall go.
    """

    edited = Signal()
    remove_requested = Signal()

    def __init__(self, turn: Turn, number: int, icons: Icons) -> None:
        super().__init__(margins=(10, 8, 8, 10))
        self._turn = turn
        self.role = WheelShyBox()
        self.role.setAccessibleName(f"Who says message {number}")
        self._roles = list(_ROLES)
        self.role.addItems(list(_ROLES.values()))
        self.role.setCurrentIndex(self._roles.index(turn.role))
        self.role.activated.connect(self._on_role_activated)
        self.text = KeptText(f"Message {number}", _HINTS[turn.role])
        self.text.show_text(turn.content)
        self.text.edited.connect(self.edited)
        self.remove = remove_button(icons, f"Remove message {number}")
        self.remove.clicked.connect(self.remove_requested)
        self.body.addWidget(row(self.role, None, self.remove))
        self.body.addWidget(self.text)
        if words := _kept(turn):
            self.body.addWidget(Label(words, "caption", wrap=True))

    @property
    def turn(self) -> Turn:
        """The message as it stands there, with all that is not shown."""
        role = self._roles[self.role.currentIndex()]
        return replace(self._turn, role=role, content=self.text.text)

    def _on_role_activated(self) -> None:
        self.text.setPlaceholderText(_HINTS[self.turn.role])
        self.edited.emit()


class TurnsField(QWidget):
    """The messages of an item.

    Signals:
        edited: a person changed them.
    """

    edited = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._one: Turn | None = Turn(Role.USER, "")
        self.question = KeptText("Question", "What is asked")
        self.question.edited.connect(self.edited)
        self.cards: list[TurnCard] = []
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        self._instruct = Button("Add an instruction", "small", icons.icon("ph.plus"))
        self._instruct.clicked.connect(self._on_instruct_clicked)
        self._add = Button("Add a message", "small", icons.icon("ph.plus"))
        self._add.clicked.connect(self._on_add_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.question)
        layout.addLayout(self._cards)
        layout.addWidget(row(self._instruct, self._add, None))
        self.show_turns((self._one,))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The messages as they stand there."""
        if self._one is not None:
            return (replace(self._one, content=self.question.text),)
        return tuple(card.turn for card in self.cards)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """Show others: a single question as one field, anything else as cards."""
        for card in self.cards:
            self._cards.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards.clear()
        is_plain = len(turns) == 1 and turns[0] == Turn(Role.USER, turns[0].content)
        self._one = turns[0] if is_plain else None
        if self._one is not None:
            self.question.show_text(self._one.content)
        else:
            for number, turn in enumerate(turns, 1):
                self._append(turn, number)
        self.question.setVisible(is_plain)
        has_system = any(turn.role is Role.SYSTEM for turn in turns)
        self._instruct.setVisible(not has_system)

    def _append(self, turn: Turn, number: int) -> None:
        card = TurnCard(turn, number, self._icons)
        card.edited.connect(self.edited)
        card.remove_requested.connect(
            lambda: self._change(tuple(each.turn for each in self.cards if each is not card))
        )
        card.remove.setVisible(True)
        self.cards.append(card)
        self._cards.addWidget(card)

    def _change(self, turns: tuple[Turn, ...]) -> None:
        self.show_turns(turns or (Turn(Role.USER, ""),))
        self.edited.emit()

    def _on_instruct_clicked(self) -> None:
        self._change((Turn(Role.SYSTEM, ""), *self.turns))
        self._focus(0)

    def _on_add_clicked(self) -> None:
        turns = self.turns
        role = Role.ASSISTANT if turns[-1].role is Role.USER else Role.USER
        self._change((*turns, Turn(role, "")))
        self._focus(-1)

    def _focus(self, at: int) -> None:
        if self.cards:
            self.cards[at].show()
            self.cards[at].text.setFocus()


def _kept(turn: Turn) -> str:
    """What a message has that is not shown."""
    parts = [
        count_text(len(turn.tool_calls), "tool call") if turn.tool_calls else "",
        count_text(len(turn.images), "picture") if turn.images else "",
        "what the model thought" if turn.reasoning else "",
    ]
    words = ", ".join(filter(None, parts))
    return f"Also holds {words}; that is kept as it is." if words else ""

"""A question of the agent, with answers to pick from or a line to write one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.agents.tools.asking import Question
from app.ui.agents.approval_card import GUARD_MS
from app.ui.agents.words import one_line
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import announce
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import column, row


class QuestionCard(QFrame):
    """Shows one question at a time.

    Signals:
        answered: the answer; None gives none.
    """

    answered = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("approval")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._guard = QTimer(self, singleShot=True, interval=GUARD_MS)
        self._guard.timeout.connect(self._show_buttons)
        self._who = Label("", "caption")
        self._text = Label("", "h3", wrap=True)
        self._options = QVBoxLayout()
        self._options.setSpacing(6)
        self._answer = QLineEdit()
        self._answer.setAccessibleName("Your answer")
        self._answer.setPlaceholderText("Your answer")
        self._answer.setAcceptDrops(False)
        self._answer.textChanged.connect(self._show_buttons)
        self._answer.returnPressed.connect(self._on_answered)
        self._send = Button("Answer")
        self._send.clicked.connect(self._on_answered)
        self._skip = Button("Give no answer", "ghost")
        self._skip.clicked.connect(lambda: self._give(None))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        icon = IconLabel(context.icons.icon("ph.chat-circle", "accent_text"), 18, disc=32)
        words = column(self._who, self._text, spacing=2)
        head = row(icon, words, spacing=12)
        layout.addWidget(head)
        layout.addLayout(self._options)
        layout.addWidget(row(self._answer, self._send, self._skip))
        head_layout = head.layout()
        assert head_layout is not None  # row() has just made it
        head_layout.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
        self._question: Question | None = None
        self._buttons: list[Button] = []

    def show_question(self, agent: str, question: Question) -> None:
        """Ask this."""
        self._question = question
        self._who.setText(f"{one_line(agent, 64)} asks you")
        self._text.setText(visible(question.text))
        self._answer.clear()
        while (item := self._options.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._buttons = []
        for option in question.options:
            button = Button(one_line(option, 200).replace("&", "&&"), "option")
            button.setAccessibleName(f"Answer: {option}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self._on_option_clicked, option))
            self._options.addWidget(button)
            self._buttons.append(button)
        self._guard.start()
        self._show_buttons()
        self.setAccessibleName("Question")
        self.setAccessibleDescription(question.text)
        announce(self, f"{agent} asks: {question.text}")

    def _show_buttons(self) -> None:
        may_answer = not self._guard.isActive()
        for button in self._buttons:
            button.setEnabled(may_answer)
        self._send.setEnabled(may_answer and bool(self._answer.text().strip()))

    def _on_option_clicked(self, option: str) -> None:
        self._give(option)

    def _on_answered(self) -> None:
        if self._send.isEnabled():
            self._give(self._answer.text().strip())

    def _give(self, answer: str | None) -> None:
        if self._question is not None:
            self._question = None
            self.answered.emit(answer)

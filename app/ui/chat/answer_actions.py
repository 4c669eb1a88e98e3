"""The row below an answer: its siblings, and what can be done with it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app.chat.entities import AnswerMode, Message
from app.ui.chat.feedback.act import FeedbackAct
from app.ui.chat.feedback.buttons import FeedbackButtons
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.labels import Label
from app.ui.widgets.menus import open_below

_FEEDBACK = (
    ("ph.pencil-simple", "Correct this answer…", FeedbackAct.CORRECT),
    ("ph.flask", "Make a test case…", FeedbackAct.TEST_CASE),
    ("ph.list-plus", "Add as example to a prompt…", FeedbackAct.EXAMPLE),
)


class AnswerActions(QWidget):
    """Buttons and a menu.

    Signals:
        regenerate_requested, repeat_requested, details_requested: a person asked for it.
        sibling_requested: -1 for the answer before, 1 for the next one.
        feedback_requested: a `FeedbackAct`.
    """

    regenerate_requested = Signal()
    repeat_requested = Signal()
    details_requested = Signal()
    sibling_requested = Signal(int)
    feedback_requested = Signal(object)

    def __init__(self, message: Message, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._message = message
        self._icons = icons
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        if message.siblings > 1:
            for part in self._sibling_parts():
                layout.addWidget(part)
            layout.addSpacing(6)
        self._copy = self._button("ph.copy", "Copy answer")
        self._copy.clicked.connect(self._on_copy_clicked)
        again = self._button("ph.arrows-clockwise", "Regenerate")
        again.clicked.connect(self.regenerate_requested)
        layout.addWidget(self._copy)
        layout.addWidget(again)
        if message.record is not None:
            details = self._button("ph.info", "How this answer was made")
            details.clicked.connect(self.details_requested)
            layout.addWidget(details)
        self._feedback = FeedbackButtons(message.feedback, icons)
        self._feedback.requested.connect(self.feedback_requested)
        layout.addWidget(self._feedback)
        self._more = self._button("ph.dots-three", "More about this answer")
        self._more.clicked.connect(self._on_more_clicked)
        layout.addWidget(self._more)
        layout.addStretch(1)

    @property
    def _is_of_a_model(self) -> bool:
        record = self._message.record
        return record is not None and record.mode is AnswerMode.MODEL

    def show_message(self, message: Message) -> None:
        """Show what a person said about the answer now; nothing else of it has changed."""
        self._message = message
        self._feedback.show_feedback(message.feedback)

    def menu(self) -> QMenu:
        """The menu of what is needed less often."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        icon = self._icons.icon
        for name, title, act in _FEEDBACK:
            entry = menu.addAction(icon(name), title)
            entry.triggered.connect(partial(self.feedback_requested.emit, act))
        record = self._message.record
        if record is None:
            return menu
        menu.addSeparator()
        if self._is_of_a_model:
            again = menu.addAction(icon("ph.repeat"), "Run again exactly")
            again.setToolTip("The same prompt, settings and seed, computed alone.")
            again.triggered.connect(self.repeat_requested)
        if record.reasoning:
            copy = menu.addAction(icon("ph.brain"), "Copy thoughts")
            copy.triggered.connect(self._on_copy_thoughts)
        details = menu.addAction(icon("ph.info"), "How this answer was made")
        details.triggered.connect(self.details_requested)
        return menu

    def _button(self, icon: str, tip: str) -> IconButton:
        return IconButton(self._icons.icon(icon), tip, size=16)

    def _sibling_parts(self) -> tuple[QWidget, QWidget, QWidget]:
        message = self._message
        back = IconButton(self._icons.icon("ph.caret-left"), "Previous answer", size=14)
        back.setEnabled(message.sibling > 1)
        back.clicked.connect(lambda _checked=False: self.sibling_requested.emit(-1))
        on = IconButton(self._icons.icon("ph.caret-right"), "Next answer", size=14)
        on.setEnabled(message.sibling < message.siblings)
        on.clicked.connect(lambda _checked=False: self.sibling_requested.emit(1))
        return back, Label(f"{message.sibling} of {message.siblings}", "caption"), on

    def _on_more_clicked(self) -> None:
        open_below(self.menu(), self._more)

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._message.settled_text)
        self._copy.setIcon(self._icons.icon("ph.check", "ok"))
        self._copy.setToolTip("Copied")

    def _on_copy_thoughts(self) -> None:
        if self._message.record is not None:
            QGuiApplication.clipboard().setText(self._message.record.reasoning)

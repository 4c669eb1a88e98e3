"""The sheet in which a person writes an answer as it should have been."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.chat.entities import Message
from app.ui.forms.form_sheet import FormSheet
from app.ui.forms.long_text import LongText
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.layout import row

_WHAT_IT_DOES = (
    "Your text is shown in place of the answer, and later questions in this chat build on it. "
    "The original answer is kept, one click away."
)


class CorrectionSheet(FormSheet):
    """Begins with what is shown now. Used once.

    Signals:
        saved: the text; empty to take the correction back. Whoever listens calls `dismiss` or
            `refuse`.
    """

    saved = Signal(str)

    def __init__(self, window: QWidget, icons: Icons, message: Message) -> None:
        super().__init__(window, icons, "Correct this answer", "Save correction")
        self._message = message
        self.text = LongText(fewest=6)
        self.text.setPlainText(message.settled_text)
        self.text.textChanged.connect(self._show_state)
        self.add_field("The answer as it should have been", self.text, _WHAT_IT_DOES)
        if message.feedback.correction:
            back = Button("Take the correction back", "small")
            back.clicked.connect(lambda: self.saved.emit(""))
            self.add(row(back, None))
        self.confirm.clicked.connect(self._on_confirmed)
        self._show_state()

    def first_focus(self) -> QWidget | None:
        return self.text

    def _show_state(self) -> None:
        text = self.text.toPlainText().strip()
        self.confirm.setEnabled(bool(text) and text != self._message.settled_text.strip())

    def _on_confirmed(self) -> None:
        self.confirm.setEnabled(False)  # until there is an answer
        self.clear_problem()
        self.saved.emit(self.text.toPlainText())

"""The answers that are right for a question: one field each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.forms.long_text import LongText
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button

MOST = 20


class TargetFields(QWidget):
    """At least one field; empty ones do not count.

    Signals:
        changed: one of them is another one.
    """

    changed = Signal()

    def __init__(self, targets: Sequence[str], icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: list[LongText] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._more = Button("Add another right answer", "small", icons.icon("ph.plus"))
        self._more.clicked.connect(self._on_more_clicked)
        self._layout.addWidget(self._more)
        for text in targets[:MOST] or ("",):
            self._add(text)

    @property
    def targets(self) -> tuple[str, ...]:
        """What was written, each once."""
        texts = (field.toPlainText().strip() for field in self._fields)
        return tuple(dict.fromkeys(text for text in texts if text))

    def _add(self, text: str) -> LongText:
        field = LongText(fewest=2)
        field.setPlainText(text)
        number = len(self._fields) + 1
        field.setAccessibleName("Right answer" if number == 1 else f"Right answer {number}")
        field.textChanged.connect(self.changed)
        self._fields.append(field)
        self._layout.insertWidget(self._layout.count() - 1, field)
        self._more.setVisible(len(self._fields) < MOST)
        return field

    def _on_more_clicked(self) -> None:
        self._add("").setFocus()

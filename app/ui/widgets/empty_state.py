"""What a page shows when there is nothing yet: what it is for and what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.widgets.buttons import choice_button
from app.ui.widgets.choice import Choice
from app.ui.widgets.labels import IconLabel, Label


class EmptyState(QWidget):
    """An icon in a circle, a heading, a sentence, up to two things to do, and a small line.

    `sev` colours the circle: "" or "danger".
    """

    def __init__(
        self,
        icon: QIcon,
        title: str,
        text: str,
        *,
        primary: Choice | None = None,
        secondary: Choice | None = None,
        caption: str = "",
        sev: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(24, 24, 24, 24)
        self._layout.setSpacing(0)
        self._layout.addStretch(2)
        self._add(IconLabel(icon, 32, disc=72, sev=sev), gap=16)
        self._add(self._centred(title, "h1"), gap=6)
        self._add(self._centred(text, "body2"), gap=18)
        self._add_choices(primary, secondary)
        if caption:
            self._add(self._centred(caption, "caption"), gap=0)
        self._layout.addStretch(3)

    def _add(self, widget: QWidget, gap: int) -> None:
        row = QHBoxLayout()
        row.addStretch(1)
        # Wrapped labels need their natural width; the stretches take what is left over.
        row.addWidget(widget, 100 if isinstance(widget, Label) else 0)
        row.addStretch(1)
        self._layout.addLayout(row)
        self._layout.addSpacing(gap)

    def _add_choices(self, primary: Choice | None, secondary: Choice | None) -> None:
        kinds = ((primary, "primary"), (secondary, ""))
        buttons = [choice_button(each, kind) for each, kind in kinds if each is not None]
        if not buttons:
            return
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        self._layout.addLayout(row)
        self._layout.addSpacing(10)

    def _centred(self, text: str, role: str) -> Label:
        label = Label(text, role, wrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.setMaximumWidth(480)
        return label

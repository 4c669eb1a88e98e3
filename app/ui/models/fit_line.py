"""One line about memory: an icon where it needs attention, the words, and one thing to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import SEVERITY_ICONS, Choice, Severity
from app.ui.widgets.labels import IconLabel, Label

_FEWEST_LETTERS = 40


class FitLine(QWidget):
    """Empty until it is told something."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._run: Callable[[], object] | None = None
        self.icon = IconLabel(icons.icon(SEVERITY_ICONS[Severity.WARN], "warn"), 16)
        self.words = Label("", "caption", wrap=True)
        self.words.setObjectName("fit")
        self.button = Button("", "small")
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.words, 1)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addLayout(line, 1)
        self._layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.button.clicked.connect(self._on_clicked)
        self.say("")

    def say(
        self, text: str, severity: Severity | None = None, choice: Choice | None = None
    ) -> None:
        """Show these words; with a severity they are coloured and have an icon."""
        self.words.setText(text)
        set_look(self.words, "sev", severity.value if severity is not None else "")
        if severity is not None:
            self.icon.set_icon(self._icons.icon(SEVERITY_ICONS[severity], severity.value))
        self.icon.setVisible(severity is not None)
        self._run = choice.run if choice is not None else None
        self.button.setVisible(choice is not None)
        if choice is not None:
            self.button.setText(choice.text)
            self.button.setAccessibleName(choice.text)
        self.setVisible(bool(text))
        self._arrange(self.width())

    def _arrange(self, width: int) -> None:
        """Beside the words where they keep a fair width, else below them."""
        least = self.words.fontMetrics().averageCharWidth() * _FEWEST_LETTERS
        is_tight = width - self.button.sizeHint().width() < least
        self._layout.setDirection(
            QBoxLayout.Direction.TopToBottom if is_tight else QBoxLayout.Direction.LeftToRight
        )
        self._layout.setAlignment(
            self.button, Qt.AlignmentFlag.AlignRight if is_tight else Qt.AlignmentFlag.AlignVCenter
        )

    def _on_clicked(self) -> None:
        if self._run is not None:
            self._run()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange(event.size().width())
        super().resizeEvent(event)

"""A bar that states a lasting condition in the pane it concerns."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton, choice_button
from app.ui.widgets.choice import SEVERITY_ICONS, Choice, Severity
from app.ui.widgets.labels import IconLabel, Label


class InfoBar(QFrame):
    """An icon, the words, at most one thing to do, and a close button.

    Signals:
        closed: it was dismissed.
    """

    closed = Signal()

    def __init__(
        self,
        icons: Icons,
        text: str,
        severity: Severity = Severity.INFO,
        *,
        hint: str = "",
        choice: Choice | None = None,
        closable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setProperty("sev", severity.value)
        self.text = f"{text} {hint}".strip()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.setSpacing(10)
        icon = IconLabel(icons.icon(SEVERITY_ICONS[severity], severity.value))
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(self._words(text, hint), 1)
        if choice is not None:
            layout.addWidget(choice_button(choice, "bar"), 0, Qt.AlignmentFlag.AlignVCenter)
        if closable:
            close = IconButton(icons.icon("ph.x"), "Dismiss", size=14)
            close.clicked.connect(self.dismiss)
            layout.addWidget(close, 0, Qt.AlignmentFlag.AlignVCenter)

    @classmethod
    def for_error(cls, icons: Icons, error: AppError, choice: Choice | None = None) -> InfoBar:
        """A bar for an expected failure."""
        return cls(icons, error.message, Severity.DANGER, hint=error.hint, choice=choice)

    def dismiss(self) -> None:
        """Take it away."""
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def _words(self, text: str, hint: str) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setContentsMargins(0, 5, 0, 5)
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(Label(text, wrap=True))
        if hint:
            words.addWidget(Label(hint, "body2", wrap=True))
        words.addStretch(1)
        return words


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say it."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))

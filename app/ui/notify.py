"""What the window tells a person about events: toasts now, and a list to read later.

Lasting conditions are no events; they go to `Pane.show_problem`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.ui.widgets.choice import Choice, Severity

KEPT = 100


@dataclass(frozen=True, slots=True)
class Note:
    """One event, and up to two things to do about it."""

    text: str
    severity: Severity = Severity.INFO
    hint: str = ""
    choice: Choice | None = None
    second: Choice | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Notifier(QObject):
    """Takes events. The toasts and the notification list show them.

    Signals:
        noted: a `Note` came in.
        read: the list was looked at.
    """

    noted = Signal(object)
    read = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: list[Note] = []
        self._unread = 0

    @property
    def notes(self) -> tuple[Note, ...]:
        """The last events, newest first."""
        return tuple(reversed(self._notes))

    @property
    def unread(self) -> int:
        """Events since the list was looked at."""
        return self._unread

    def toast(
        self,
        text: str,
        severity: Severity = Severity.INFO,
        *,
        hint: str = "",
        choice: Choice | None = None,
        second: Choice | None = None,
    ) -> None:
        """Tell of an event, with at most two things to do about it."""
        self._notes.append(note := Note(text, severity, hint, choice, second))
        del self._notes[:-KEPT]
        self._unread += 1
        self.noted.emit(note)

    def problem(self, error: AppError, choice: Choice | None = None) -> None:
        """Tell of an expected failure that no pane owns."""
        self.toast(error.message, Severity.DANGER, hint=error.hint, choice=choice)

    def mark_read(self) -> None:
        """The list was looked at."""
        self._unread = 0
        self.read.emit()

    def clear(self) -> None:
        """Forget all events."""
        self._notes.clear()
        self.mark_read()

"""What is wrong with a prompt, in words, with a way to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import choice_button
from app.ui.widgets.choice import SEVERITY_ICONS, Choice, Severity
from app.ui.widgets.labels import IconLabel, Label

_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Remark:
    """One line.

    Attributes:
        choice: what can be done about it.
        subject: what that is done to, for screen readers.
    """

    text: str
    severity: Severity = Severity.DANGER
    choice: Choice | None = field(default=None, compare=False)
    subject: str = ""


class FindingList(QWidget):
    """Remarks below each other; nothing at all when there are none."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._shown: tuple[Remark, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self.hide()

    @property
    def texts(self) -> tuple[str, ...]:
        """The words that are shown."""
        return tuple(each.text for each in self._shown)

    def show_remarks(self, remarks: Iterable[Remark]) -> None:
        """Show these, each once."""
        shown = tuple(dict.fromkeys(remarks))[:_MOST_SHOWN]
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for each in shown:
            self._layout.addWidget(self._line(each))
        self.setVisible(bool(shown))

    def _line(self, remark: Remark) -> QWidget:
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(8)
        severity = remark.severity
        icon = IconLabel(self._icons.icon(SEVERITY_ICONS[severity], severity.value), 16)
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(Label(remark.text, wrap=True), 1)
        if (choice := remark.choice) is not None:
            button = choice_button(choice, "small")
            button.setAccessibleName(f"{choice.text}: {remark.subject}")
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return line

"""What is wrong with a prompt, in words, with a way to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.prompts.lint_marks import Mark
from app.ui.widgets.buttons import Button, choice_button
from app.ui.widgets.choice import SEVERITY_ICONS, Choice, Severity
from app.ui.widgets.labels import IconLabel, Label

_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Remark:
    """One line.

    Attributes:
        choice: what can be done about it.
        subject: what that is done to, for screen readers.
        place: where in a text it is.
    """

    text: str
    severity: Severity = Severity.DANGER
    choice: Choice | None = field(default=None, compare=False)
    subject: str = ""
    place: Mark | None = None

    @property
    def words(self) -> str:
        """The text, behind the line that it is about."""
        return f"{_line_of(self.place)} {self.text}" if self.place is not None else self.text


class FindingList(QWidget):
    """Remarks below each other; nothing at all when there are none.

    Signals:
        place_chosen: the `Mark` of a remark that was clicked.
    """

    place_chosen = Signal(object)

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
        return tuple(each.words for each in self._shown)

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
        line = _Line()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(8 if remark.place is None else 2)  # the button has room of its own
        severity = remark.severity
        icon = IconLabel(self._icons.icon(SEVERITY_ICONS[severity], severity.value), 16)
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignVCenter)
        if (place := remark.place) is not None:
            go = Button(_line_of(place), "link")
            go.setAccessibleName(f"Go to {remark.words}")
            go.clicked.connect(line.clicked)
            layout.addWidget(go, 0, Qt.AlignmentFlag.AlignVCenter)
            line.setCursor(Qt.CursorShape.PointingHandCursor)
            line.clicked.connect(lambda: self.place_chosen.emit(place))
        layout.addWidget(Label(remark.text, wrap=True), 1)
        if (choice := remark.choice) is not None:
            button = choice_button(choice, "small")
            button.setAccessibleName(f"{choice.text}: {remark.subject}")
            layout.addSpacing(8 - layout.spacing())
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return line


class _Line(QWidget):
    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()


def _line_of(place: Mark) -> str:
    return f"Line {place.line}:"

"""Run and Stop, and whether the words that differ are marked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import column, row
from app.ui.widgets.switch import Switch

_MARK = "Mark the words that differ"


class RunBar(QWidget):
    """The line of the playground between what is filled in and the answers.

    Signals:
        run_requested, stop_requested: a button was pressed.
        marks_wanted: whether the words that differ shall be marked.
    """

    run_requested = Signal()
    stop_requested = Signal()
    marks_wanted = Signal(bool)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = Button("Run", "primary", context.icons.icon("ph.play", "on_accent"))
        self._run.setToolTip("Have both answer")
        self._run.clicked.connect(self.run_requested)
        self._stop = Button("Stop", "", context.icons.icon("ph.stop"))
        self._stop.clicked.connect(self.stop_requested)
        self._same = Label("The answers are the same.", "caption")
        self._same.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._same.hide()
        self._marks = Switch(context.theme, _MARK)
        self._marks.toggled.connect(self._on_toggled)
        words = ElidedLabel(_MARK)  # Stop takes the room of its end where it is narrow
        words.setBuddy(self._marks)
        line = row(self._run, self._stop, None, words, self._marks)
        column(line, self._same, spacing=4, into=self)

    @property
    def marks(self) -> bool:
        """Whether the words that differ are to be marked."""
        return self._marks.isChecked()

    def show_state(self, *, is_running: bool, can_run: bool, can_compare: bool) -> None:
        """Offer what can be done now."""
        self._run.setEnabled(can_run and not is_running)
        self._stop.setEnabled(is_running)
        self._stop.setVisible(is_running)
        self._marks.setEnabled(can_compare and not is_running)

    def show_stopping(self) -> None:
        """Stop was pressed; once is enough."""
        self._stop.setEnabled(False)

    def unmark(self) -> None:
        """Switch the marks off."""
        self._marks.setChecked(False)

    def say_same(self) -> None:
        """There is nothing to mark."""
        self._same.show()

    def _on_toggled(self, is_wanted: bool) -> None:
        self._same.hide()
        self.marks_wanted.emit(is_wanted)

"""The foot of the sheet: what a run would take, what is wrong with it, and the button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.evals.runs.entities import Task
from app.ui.amounts import count_text, short_count
from app.ui.evals.new_run.forecast import Forecast
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import row

_MOST_PROBLEMS = 3
_WORKING_OUT = "Working out what this takes…"


class RunFoot(QWidget):
    """Says what pressing the button does.

    Signals:
        start_requested, cancel_requested: its buttons.
    """

    start_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self.facts = Label("", "body2", wrap=True)
        self.problems = QVBoxLayout()
        self.problems.setSpacing(4)
        self.start = Button("Start", "primary", icons.icon("ph.play", "on_accent"))
        self.start.clicked.connect(self.start_requested)
        back = Button("Cancel")
        back.clicked.connect(self.cancel_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(self.problems)
        layout.addWidget(self.facts)
        layout.addWidget(row(None, back, self.start))

    @property
    def problem_words(self) -> tuple[str, ...]:
        """What is said to be wrong."""
        lines = (self.problems.itemAt(at) for at in range(self.problems.count()))
        widgets = (line.widget() for line in lines if line is not None)
        return tuple(each.findChildren(Label)[0].text() for each in widgets if each is not None)

    def wait(self) -> None:
        """It is being worked out; an estimate stays, but nothing is missing any more."""
        self.start.setEnabled(False)
        if not self.facts.text():
            self._show_problems((), "warn")
            self.facts.setText(_WORKING_OUT)
            self.facts.show()

    def show_missing(self, words: str) -> None:
        """It cannot be begun: something is missing or wrong."""
        self._show_problems((words,), "danger")
        self.facts.setText("")
        self.facts.hide()
        self._name_start("Start", is_ready=False)

    def show_forecast(self, forecast: Forecast, task: Task) -> None:
        """Say what it takes."""
        self._show_problems(forecast.problems, "warn")
        self.facts.setText(_facts(forecast, task))
        self.facts.show()
        what = "passage" if task is Task.READ else "answer"
        does = "read" if task is Task.READ else "generate"
        words = f"Start: {does} {count_text(forecast.requests, what)}"
        self._name_start(words, is_ready=forecast.requests > 0)

    def _name_start(self, words: str, *, is_ready: bool) -> None:
        self.start.setText(f" {words}")
        self.start.setAccessibleName(words)
        self.start.setEnabled(is_ready)

    def _show_problems(self, problems: tuple[str, ...], role: str) -> None:
        while (item := self.problems.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        shown = list(problems[:_MOST_PROBLEMS])
        if len(problems) > len(shown):
            shown.append(f"And {len(problems) - len(shown):,} more like these.")
        name = "ph.warning-circle" if role == "danger" else "ph.warning"
        for words in shown:
            icon = IconLabel(self._icons.icon(name, role), 16)
            line = QWidget()
            inside = row(icon, Label(words, wrap=True), spacing=8, into=line).layout()
            assert inside is not None
            inside.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
            inside.setStretch(1, 1)  # type: ignore[attr-defined]  # it is a QHBoxLayout
            self.problems.addWidget(line)


def _facts(forecast: Forecast, task: Task) -> str:
    parts = [count_text(forecast.items, "passage" if task is Task.READ else "item")]
    if task is Task.ANSWER:
        parts.append(count_text(forecast.requests, "request"))
    if forecast.judgements:
        parts.append(f"{forecast.judgements:,} more to the judge")
    parts.append(f"about {_tokens(forecast.prompt_tokens)} tokens to read")
    if forecast.most_output_tokens:
        parts.append(f"up to {_tokens(forecast.most_output_tokens)} to write")
    words = f"An estimate: {', '.join(parts)}"
    if forecast.seconds is None:
        return f"{words}. How long that takes is known once these models have run."
    return f"{words}; {_time(forecast.seconds)}."


def _tokens(count: int) -> str:
    return short_count(count) if count >= 10_000 else f"{count:,}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"

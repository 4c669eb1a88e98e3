"""How far a run is, while it is worked on: all of it, and each candidate."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from app.base.jobs import Pace
from app.evals.runs.entities import CandidateState, Run, RunId, RunState
from app.evals.runs.results import CandidateResult, RunResults
from app.ui.amounts import count_text, time_left
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import Card
from app.ui.widgets.progress import ProgressBar

_STATES = {
    CandidateState.WAITING: "waits for its turn",
    CandidateState.RUNNING: "",
    CandidateState.DONE: "done",
    CandidateState.FAILED: "failed",
}


class ProgressCard(Card):
    """Shows RunResults of a run that is worked on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Label("")
        self.bar = ProgressBar("The whole run")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2)
        self._rows: list[tuple[ElidedLabel, ProgressBar, Label]] = []
        self._paces: dict[int, Pace] = {}
        self._of: tuple[RunId, RunState, str] | None = None
        self.body.addWidget(self.words)
        self.body.addWidget(self.bar)
        self.body.addLayout(self._grid)

    def show_results(self, results: RunResults) -> None:
        """Show how far it is."""
        run = results.run
        done, total, unit = _amount(run)
        if self._of != (run.id, run.state, unit):
            self._of, self._paces = (run.id, run.state, unit), {}
        self.words.setText(self._all_words(run))
        self.bar.show_progress(done, total)
        while len(self._rows) < len(results.candidates):
            self._add_row()
        for at, parts in enumerate(self._rows):
            for part in parts:
                part.setVisible(at < len(results.candidates) > 1)
            if at < len(results.candidates):
                self._show_candidate(run, results.candidates[at], *parts)

    @property
    def candidate_words(self) -> tuple[str, ...]:
        """What is said of each candidate."""
        return tuple(words.text() for _name, _bar, words in self._rows)

    def _all_words(self, run: Run) -> str:
        done, total, unit = _amount(run)
        left = time_left(self._left(-1, done, total))
        if run.state is RunState.WAITING:
            return "Waits until the run before it is done."
        if run.state is RunState.SCORING:
            doing = "Judging side by side" if unit == "pair" else "Scoring"
            words = f"{doing}: {count_text(total - done, unit)} left" if total else doing
        else:
            words = f"{done:,} of {count_text(total, unit)}"
        problems = f"{run.problems:,} without an answer" if run.problems else ""
        return " · ".join(each for each in (words, problems, left and f"{left}, estimated") if each)

    def _show_candidate(
        self, run: Run, result: CandidateResult, name: ElidedLabel, bar: ProgressBar, words: Label
    ) -> None:
        total = run.items * run.repeats
        state = result.candidate.state
        speed = result.speed.tokens_per_s
        is_running = state is CandidateState.RUNNING
        left = self._left(result.candidate.number, result.samples, total) if is_running else None
        parts = (
            f"{result.samples:,} of {total:,}",
            f"{speed:.1f} tokens/s" if speed else "",
            time_left(left),
            _STATES[state],
        )
        name.set_text(result.candidate.label)
        bar.setAccessibleName(f"Answers of {result.candidate.label}")
        bar.show_progress(result.samples, total)
        words.setText(" · ".join(each for each in parts if each))

    def _left(self, key: int, done: int, total: int) -> float | None:
        return self._paces.setdefault(key, Pace()).seconds_left(done, total)

    def _add_row(self) -> None:
        at = len(self._rows)
        parts = ElidedLabel(""), ProgressBar("Answers"), Label("", "caption")
        for column, part in enumerate(parts):
            self._grid.addWidget(part, at, column)
        self._rows.append(parts)


def _amount(run: Run) -> tuple[int, int, str]:
    """What is done of what is to do in this state, and what that is."""
    if run.state is not RunState.SCORING:
        return run.samples, run.total, "answer"
    unscored = sum(each.unscored for each in run.metrics)
    missing = sum(each.missing for each in run.pairings)
    if missing and not unscored:
        pairs = run.items * run.repeats * len(run.pairings)
        return pairs - missing, pairs, "pair"
    scores = run.samples * len(run.metrics)
    return scores - unscored, scores, "score"

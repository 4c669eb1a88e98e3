"""The candidates of a run as a table: scores with intervals, verdicts, speed and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.evals.reports.data import estimate_words, model_words, prompt_words
from app.evals.runs.entities import CandidateState
from app.evals.runs.results import CandidateResult, MetricResult, RunResults
from app.evals.statistics import Outcome
from app.ui.evals.words import (
    count_words,
    interval_tip,
    model_size,
    speed_words,
    verdict_words,
)

Index = QModelIndex | QPersistentModelIndex
STAR = 0

_OUTCOMES = {
    Outcome.BETTER: ("▲", "ok"),
    Outcome.WORSE: ("▼", "danger"),
    Outcome.NO_DIFFERENCE: ("=", "text2"),
}


class CandidateRole(IntEnum):
    """What a cell knows beside its words."""

    CELL = Qt.ItemDataRole.UserRole + 1
    IS_BASELINE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cell, and the colour it has."""

    text: str
    role: str = "text2"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: the first line counts most."""

    lines: tuple[Line, ...] = ()
    tip: str = ""

    @property
    def text(self) -> str:
        """All of it, for a screen reader."""
        return ", ".join(line.text for line in self.lines)


class CandidateTableModel(QAbstractTableModel):
    """Shows RunResults; a row for each candidate."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._results: RunResults | None = None
        self._heads: tuple[str, ...] = ()
        self._cells: Sequence[Sequence[Cell]] = ()

    def show_results(self, results: RunResults) -> None:
        """Show these; with the same candidates and metrics, rows and columns stay."""
        heads = _heads(results)
        cells = [_row(results, each) for each in results.candidates]
        stays = self._results is not None and self._results.run.id == results.run.id
        if stays and heads == self._heads and len(cells) == len(self._cells):
            self._results, self._cells = results, cells
            last = self.index(len(cells) - 1, len(heads) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._results, self._heads, self._cells = results, heads, cells
        self.endResetModel()

    def result(self, row: int) -> CandidateResult:
        """The candidate of a row."""
        assert self._results is not None, "there are no rows before results"
        return self._results.candidates[row]

    @property
    def most_lines(self) -> int:
        """Of any cell."""
        return max((len(cell.lines) for row in self._cells for cell in row), default=1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else len(self._cells)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self._heads):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self._results is None:
            return None
        cell = self._cells[index.row()][index.column()]
        is_baseline = self.result(index.row()).candidate.number == self._results.run.baseline
        match role:
            case CandidateRole.CELL:
                return cell
            case CandidateRole.IS_BASELINE:
                return is_baseline
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                if index.column() == STAR:
                    return "baseline" if is_baseline else "not the baseline"
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return cell.tip
        return None


def _heads(results: RunResults) -> tuple[str, ...]:
    metrics = (
        f"{each.label} {'↑' if each.higher_is_better else '↓'}" for each in results.run.metrics
    )
    return ("", "Candidate", *metrics, "First token", "Tokens/s", "Size")


def _row(results: RunResults, result: CandidateResult) -> list[Cell]:
    is_baseline = result.candidate.number == results.run.baseline
    is_alone = len(results.candidates) < 2
    star = "The others are compared with this one." if is_baseline else "Compare with this one"
    first, per_second = speed_words(result)
    reads = result.speed.read_tokens_per_s
    reading = f"; {reads:,.0f} tokens are read in a second" if reads else ""
    numbers = (
        (first, f"Median time to the first token, without waiting for a turn{reading}"),
        (per_second, "Median speed of writing, in tokens a second"),
        (model_size(result.candidate), "The size of the model's file"),
    )
    return [
        Cell(tip="" if is_alone else star),
        _name(result),
        *(_measured(each, is_baseline=is_baseline, is_alone=is_alone) for each in result.metrics),
        *(Cell((Line(text, "text"),), tip) for text, tip in numbers),
    ]


def _name(result: CandidateResult) -> Cell:
    candidate = result.candidate
    about = ", ".join(filter(None, (model_words(candidate), prompt_words(candidate))))
    lines = [Line(candidate.label, "text")]
    if about != candidate.label:
        lines.append(Line(about))
    if candidate.state is CandidateState.FAILED:
        lines.append(Line("failed, see above", "danger"))
    elif result.problems:
        lines.append(Line(f"{result.problems:,} without an answer", "danger"))
    return Cell(tuple(lines), "\n".join(line.text for line in lines))


def _measured(result: MetricResult, *, is_baseline: bool, is_alone: bool) -> Cell:
    lines = [Line(estimate_words(result.metric, result.estimate), "text")]
    counted = count_words(result)
    if result.estimate.badge and result.estimate.value is not None:
        counted += f" · {result.estimate.badge}"
    lines.append(Line(counted, "warn" if result.estimate.unscored else "text2"))
    words = verdict_words(result, is_baseline=is_baseline, is_alone=is_alone)
    if words:
        sign, role = "★", "accent_text"
        if result.verdict is not None and not is_baseline:
            sign, role = _OUTCOMES.get(result.verdict.outcome, ("", "text2"))
        lines.append(Line(f"{sign} {words}".strip(), role))
    return Cell(tuple(lines), interval_tip(result))

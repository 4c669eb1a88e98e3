"""Items by candidates as a table that holds only the pages that were looked at last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app.evals.runs.entities import Run, RunMetric
from app.evals.runs.results import MatrixPage, MatrixRow, ScoredSample
from app.ui.evals.words import Mark, cell_facts, first_words, mark_of

PAGE = 25  # rows
_KEPT = 80  # pages
_MOST_WANTED = 3

Index = QModelIndex | QPersistentModelIndex


class MatrixRole(IntEnum):
    """What a cell knows beside its words."""

    CELL = Qt.ItemDataRole.UserRole + 1  # a MatrixCell; None while its page is read


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What a candidate made of an item, in short; without words it has no answer yet."""

    words: str = ""
    facts: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page to be read. `age` tells it from the same page of an older question."""

    page: int
    age: int

    @property
    def offset(self) -> int:
        """Its first row."""
        return self.page * PAGE


class MatrixModel(QAbstractTableModel):
    """Rows come by the page; a row that is not there yet is empty and its page is wanted.

    Signals:
        page_wanted: `next_wanted` has something to read.
        page_put: rows came in.
    """

    page_wanted = Signal()
    page_put = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._metric: RunMetric | None = None
        self._pages: OrderedDict[int, tuple[MatrixRow, ...]] = OrderedDict()
        self._stale: set[int] = set()
        self._wanted: list[int] = []
        self._cells: dict[tuple[int, int], MatrixCell] = {}
        self._total = 0
        self._age = 0

    # What is shown

    @property
    def total(self) -> int:
        """Items that the filter lets through, as far as is known."""
        return self._total

    def show_run(self, run: Run, metric: RunMetric | None) -> None:
        """Show a run by a metric; of the same run rows stay and are read again when seen."""
        same = self._run is not None and self._run.id == run.id
        same = same and self._run is not None and len(self._run.candidates) == len(run.candidates)
        self._run, self._metric = run, metric
        self._cells.clear()
        if not same:
            self.restart()
            return
        if self._total:
            self.dataChanged.emit(self.index(0, 0), self._last())

    def restart(self) -> None:
        """Ask for everything anew, such as for another filter."""
        self.beginResetModel()
        self._pages.clear()
        self._cells.clear()
        self._stale.clear()
        self._age += 1
        self._total = 0
        self._wanted = [0]
        self.endResetModel()
        self.page_wanted.emit()

    def refresh(self) -> None:
        """Samples changed: rows stay until they are read again, which happens where they show."""
        self._age += 1
        self._stale = set(self._pages)
        self._wanted.clear()
        if self._total:
            self.dataChanged.emit(self.index(0, 0), self._last())
        else:
            self._want(0)

    def row(self, at: int) -> MatrixRow | None:
        """A row; None while its page is read."""
        page, place = divmod(at, PAGE)
        rows = self._pages.get(page)
        if rows is None or page in self._stale:
            self._want(page)
        if rows is None:
            return None
        self._pages.move_to_end(page)
        return rows[place] if place < len(rows) else None

    def find(self, position: int) -> int | None:
        """The row of an item among the pages that are there."""
        for page, rows in self._pages.items():
            for place, row in enumerate(rows):
                if row.position == position:
                    return page * PAGE + place
        return None

    # Pages

    def next_wanted(self) -> Wanted | None:
        """Takes what was asked for last: it is what is looked at."""
        return Wanted(self._wanted.pop(), self._age) if self._wanted else None

    def put(self, wanted: Wanted, found: MatrixPage) -> None:
        """Take the rows of a page; those of an older question are dropped."""
        if wanted.age != self._age:
            return
        self._set_total(found.total)
        self._pages[wanted.page] = found.rows
        self._cells.clear()
        self._stale.discard(wanted.page)
        while len(self._pages) > _KEPT:
            gone, _rows = self._pages.popitem(last=False)
            self._stale.discard(gone)
        if found.rows:
            first, last = wanted.offset, min(wanted.offset + PAGE, self._total) - 1
            self.dataChanged.emit(self.index(first, 0), self.index(last, self.columnCount() - 1))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, first, last)
        self.page_put.emit()

    def _want(self, page: int) -> None:
        if page in self._wanted:
            self._wanted.remove(page)
        self._wanted.append(page)
        del self._wanted[:-_MOST_WANTED]  # what was scrolled past is asked for again if it shows
        self.page_wanted.emit()

    def _set_total(self, total: int) -> None:
        if total > self._total:
            self.beginInsertRows(QModelIndex(), self._total, total - 1)
            self._total = total
            self.endInsertRows()
        elif total < self._total:
            self.beginRemoveRows(QModelIndex(), total, self._total - 1)
            self._total = total
            for page in [each for each in self._pages if each * PAGE >= total]:
                del self._pages[page]
            self.endRemoveRows()

    def _last(self) -> QModelIndex:
        return self.index(self._total - 1, self.columnCount() - 1)

    # As Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() or self._run is None else len(self._run.candidates)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal:
            return self._candidate_head(section, role)
        row = self.row(section) if section < self._total else None
        if row is None:
            return "" if role == Qt.ItemDataRole.DisplayRole else None
        asked = " ".join(" ".join(turn.content[:200] for turn in row.item.input[-1:]).split())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.item.key
            case Qt.ItemDataRole.UserRole:
                return asked
            case Qt.ItemDataRole.ToolTipRole:
                return f"{row.item.key}\n{asked}"
        return None

    def _candidate_head(self, section: int, role: int) -> object:
        if self._run is None or section >= len(self._run.candidates):
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            star = "★ " if section == self._run.baseline and self.columnCount() > 1 else ""
            return f"{star}{self._run.candidates[section].label}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self._run is None or role not in _ASKED:
            return None
        cell = self._cell(index)
        if role == MatrixRole.CELL:
            return cell
        if cell is None:
            return "being read"
        word = cell.mark.word if cell.mark is not None else ""
        said = ", ".join(each for each in (word, cell.facts, cell.words) if each)
        return said or "no answer yet"

    def _cell(self, index: Index) -> MatrixCell | None:
        row = self.row(index.row())
        if row is None or self._run is None:
            return None
        key = (index.row(), index.column())
        if key not in self._cells:
            candidate = self._run.candidates[index.column()].number
            self._cells[key] = self._made_cell(row.cells.get(candidate, ()))
        return self._cells[key]

    def _made_cell(self, samples: Sequence[ScoredSample]) -> MatrixCell:
        if not samples:
            return MatrixCell()
        metric = self._metric
        return MatrixCell(
            first_words(samples[0].sample), cell_facts(samples, metric), mark_of(samples, metric)
        )


_ASKED = (
    MatrixRole.CELL,
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.ToolTipRole,
)

"""Qt item models of the pane: its prompts under their folders, and the versions of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.prompts.entities import Prompt, PromptId
from app.ui.prompts.row_delegate import LOOK, RowLook
from app.ui.prompts.timeline import Stage

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
DRAFT_MARK = "ph.pencil-simple"


class PromptItems(QAbstractListModel):
    """Those in no folder first, then each folder as a heading over its prompts."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[str | Prompt, ...] = ()

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Show these, in this order within each folder."""
        ordered = sorted(prompts, key=lambda each: each.folder.casefold().split("/"))
        rows: list[str | Prompt] = []
        for folder, inside in groupby(ordered, key=lambda each: each.folder):
            rows += [folder] if folder else []
            rows += inside
        if [_key(each) for each in rows] == [_key(each) for each in self._rows]:
            self._rows = tuple(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def prompt(self, index: Index) -> Prompt | None:
        """The prompt of a row; None for a heading."""
        row = self._rows[index.row()] if index.isValid() else None
        return row if isinstance(row, Prompt) else None

    def index_of(self, prompt_id: PromptId | None) -> QModelIndex:
        """The row of a prompt; an invalid index when it is not shown."""
        for at, row in enumerate(self._rows):
            if isinstance(row, Prompt) and row.id == prompt_id:
                return self.index(at)
        return QModelIndex()

    def neighbour(self, prompt_id: PromptId) -> PromptId | None:
        """The prompt below this one, or else the one above it."""
        ids = [row.id for row in self._rows if isinstance(row, Prompt)]
        if prompt_id not in ids:
            return ids[0] if ids else None
        at = ids.index(prompt_id)
        return next(iter(ids[at + 1 :] or ids[:at][-1:]), None)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        title = row if isinstance(row, str) else row.name
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title
            case Qt.ItemDataRole.ToolTipRole:
                return title if isinstance(row, str) else _tip(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return title if isinstance(row, str) else _spoken(row)
            case _ if role == LOOK:
                return RowLook(row, is_heading=True) if isinstance(row, str) else _look(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.prompt(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class StageItems(QAbstractListModel):
    """The draft, if there is one, and the versions below it, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self._stages: tuple[Stage, ...] = ()

    def set_stages(self, stages: Sequence[Stage]) -> None:
        """Show these."""
        self.beginResetModel()
        self._stages = tuple(stages)
        self.endResetModel()

    def stage(self, index: Index) -> Stage | None:
        """What a row shows."""
        return self._stages[index.row()] if index.isValid() else None

    def index_of(self, number: int) -> QModelIndex:
        """The row of a version, or of the draft; invalid when it is not there."""
        rows = [at for at, each in enumerate(self._stages) if each.number == number]
        return self.index(rows[0]) if rows else QModelIndex()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._stages)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        stage = self._stages[index.row()]
        when = stage.day(datetime.now().astimezone())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return stage.title
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(filter(None, (stage.note, stage.score)))
            case Qt.ItemDataRole.AccessibleTextRole:
                said = (stage.title, when, *stage.labels, stage.score, stage.note)
                return ", ".join(filter(None, said))
            case _ if role == LOOK:
                detail = f"{when} · {stage.note}" if stage.note else when
                mark = DRAFT_MARK if stage.is_draft else ""
                return RowLook(stage.title, detail, stage.labels, mark, stage.score)
        return None


def _key(row: str | Prompt) -> str | PromptId:
    return row if isinstance(row, str) else row.id


def _look(prompt: Prompt) -> RowLook:
    mark = DRAFT_MARK if prompt.has_draft else ""
    return RowLook(prompt.name, prompt.description or "No description", tuple(prompt.labels), mark)


def _tip(prompt: Prompt) -> str:
    draft = "It has a draft that is not a version yet." if prompt.has_draft else ""
    return "\n".join(filter(None, (prompt.name, prompt.description, draft)))


def _spoken(prompt: Prompt) -> str:
    labels = (f"{label} on version {number}" for label, number in prompt.labels.items())
    draft = "has a draft" if prompt.has_draft else ""
    return ", ".join(filter(None, (prompt.name, draft, *labels, prompt.description)))

"""The prompts of the library as rows to choose from: name and description, the best match first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QStyleOptionViewItem,
    QWidget,
)

from app.prompts.entities import Prompt
from app.ui import fuzzy
from app.ui.theme import TYPE_SIZES, ThemeKeeper
from app.ui.widgets.match_list import Index, MatchDelegate, MatchList

ROW_HEIGHT = 46
POSITIONS_ROLE = Qt.ItemDataRole.UserRole + 1
DESCRIPTION_ROLE = Qt.ItemDataRole.UserRole + 2
_LEAST_LIKE = 85  # of 100, for words of a description
_SHORTEST = 3  # letters with which descriptions are searched, too
_INSET = 12


class PromptRows(QAbstractListModel):
    """The prompts that fit what was typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[Prompt, tuple[int, ...]]] = []

    def show_matches(self, prompts: Sequence[Prompt], query: str) -> None:
        """Take the prompts whose name or description matches."""
        self.beginResetModel()
        self._rows = matches(prompts, query)
        self.endResetModel()

    def prompt(self, row: int) -> Prompt:
        """The prompt in a row."""
        return self._rows[row][0]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        prompt, positions = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return prompt.name
            case Qt.ItemDataRole.AccessibleDescriptionRole | Qt.ItemDataRole.ToolTipRole:
                return prompt.description
            case _ if role == DESCRIPTION_ROLE:
                return prompt.description
            case _ if role == POSITIONS_ROLE:
                return positions
        return None


class PromptList(MatchList):
    """The prompts that fit what is typed beside it.

    Signals:
        picked: a `Prompt` was clicked.
    """

    picked = Signal(object)

    def __init__(
        self, theme: ThemeKeeper, parent: QWidget | None = None, *, prefix: str = ""
    ) -> None:
        rows = PromptRows()
        super().__init__("Prompts", rows, parent)
        self.rows = rows
        rows.setParent(self)
        self.setItemDelegate(_Delegate(theme, prefix, self))
        self.clicked.connect(lambda index: self.picked.emit(self.rows.prompt(index.row())))

    @property
    def current(self) -> Prompt | None:
        """The prompt that would be chosen now."""
        index = self.currentIndex()
        return self.rows.prompt(index.row()) if index.isValid() else None

    def show_matches(self, prompts: Sequence[Prompt], query: str) -> int:
        """Show what matches; how many that is."""
        self.rows.show_matches(prompts, query)
        self.choose_first()
        return self.rows.rowCount()


class _Delegate(MatchDelegate):
    """The name with the letters that were hit, and the description below it."""

    def __init__(self, theme: ThemeKeeper, prefix: str, parent: QObject) -> None:
        super().__init__(theme, ROW_HEIGHT, parent)
        self._prefix = prefix

    def draw(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        inner = area.adjusted(_INSET, 4, -_INSET, -4)
        description: str = index.data(DESCRIPTION_ROLE)
        half = inner.height() // 2 if description else inner.height()
        hits = {each + len(self._prefix) for each in index.data(POSITIONS_ROLE)}
        name = QRect(inner.topLeft(), QSize(inner.width(), half))
        self.draw_hits(painter, name, option.font, self._prefix + index.data(), hits)
        if description:
            self._paint_description(painter, inner.adjusted(0, half, 0, 0), description)

    def _paint_description(self, painter: QPainter, area: QRect, text: str) -> None:
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.Normal)
        font.setPixelSize(self._theme.px(TYPE_SIZES["caption"]))
        painter.setFont(font)
        painter.setPen(self._theme.color("text2"))
        line = " ".join(text.split())
        shown = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)


def matches(prompts: Sequence[Prompt], query: str) -> list[tuple[Prompt, tuple[int, ...]]]:
    """Prompts with the letters of their names that were hit: by name, then by description."""
    query = query.strip()
    named, described = [], []
    for prompt in prompts:
        hit = fuzzy.match(query, prompt.name)
        if hit is not None:
            named.append((hit.score, prompt, hit.positions))
        elif (score := _likeness(query, prompt.description)) >= _LEAST_LIKE:
            described.append((score, prompt, ()))
    ranked = [sorted(each, key=lambda found: -found[0]) for each in (named, described)]
    return [(prompt, positions) for each in ranked for _score, prompt, positions in each]


def _likeness(query: str, description: str) -> float:
    if len(query) < _SHORTEST:
        return 0.0
    from rapidfuzz import fuzz  # a native module, wanted with the first letters after a slash

    return fuzz.partial_ratio(query.casefold(), description.casefold())

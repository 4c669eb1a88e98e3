"""The prompts of the library as rows to choose from: name and description, the best match first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.prompts.entities import Prompt
from app.ui import fuzzy
from app.ui.theme import TYPE_SIZES, ThemeKeeper

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 46
POSITIONS_ROLE = Qt.ItemDataRole.UserRole + 1
DESCRIPTION_ROLE = Qt.ItemDataRole.UserRole + 2
_LEAST_LIKE = 85  # of 100, for words of a description
_SHORTEST = 3  # letters with which descriptions are searched, too
_INSET = 12


class PromptRows(QAbstractListModel):
    """The prompts that fit what was typed."""

    def __init__(self, parent: QObject) -> None:
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


class PromptList(QListView):
    """Never has the focus: what is typed beside it moves and chooses.

    Signals:
        picked: a `Prompt` was clicked.
    """

    picked = Signal(object)

    def __init__(
        self, theme: ThemeKeeper, parent: QWidget | None = None, *, prefix: str = ""
    ) -> None:
        super().__init__(parent)
        self.rows = PromptRows(self)
        self.setAccessibleName("Prompts")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(theme, prefix, self))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entered.connect(self.setCurrentIndex)
        self.clicked.connect(lambda index: self.picked.emit(self.rows.prompt(index.row())))

    @property
    def current(self) -> Prompt | None:
        """The prompt that would be chosen now."""
        index = self.currentIndex()
        return self.rows.prompt(index.row()) if index.isValid() else None

    def show_matches(self, prompts: Sequence[Prompt], query: str) -> int:
        """Show what matches; how many that is."""
        self.rows.show_matches(prompts, query)
        self.setCurrentIndex(self.rows.index(0))
        return self.rows.rowCount()

    def step(self, step: int) -> None:
        """Choose another row, round and round."""
        count = self.rows.rowCount()
        if count:
            self.setCurrentIndex(self.rows.index((self.currentIndex().row() + step) % count))


class _Delegate(QStyledItemDelegate):
    """The name with the letters that were hit, and the description below it."""

    def __init__(self, theme: ThemeKeeper, prefix: str, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._prefix = theme, prefix

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(self._theme.color("selected"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(area, 8, 8)
        inner = area.adjusted(_INSET, 4, -_INSET, -4)
        description: str = index.data(DESCRIPTION_ROLE)
        half = inner.height() // 2 if description else inner.height()
        self._paint_name(painter, QRect(inner.topLeft(), QSize(inner.width(), half)), index, option)
        if description:
            self._paint_description(painter, inner.adjusted(0, half, 0, 0), description)
        painter.restore()

    def _paint_name(
        self, painter: QPainter, area: QRect, index: Index, option: QStyleOptionViewItem
    ) -> None:
        hit = {each + len(self._prefix) for each in index.data(POSITIONS_ROLE)}
        plain: QFont = option.font
        strong = QFont(plain)
        strong.setWeight(QFont.Weight.DemiBold)
        x = area.left()
        for at, letter in enumerate(self._prefix + index.data()):
            is_hit = at in hit
            painter.setFont(strong if is_hit else plain)
            painter.setPen(self._theme.color("accent_text" if is_hit else "text"))
            width = painter.fontMetrics().horizontalAdvance(letter)
            if x + width > area.right():
                break
            place = QRect(x, area.top(), width + 1, area.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, letter)
            x += width

    def _paint_description(self, painter: QPainter, area: QRect, text: str) -> None:
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.Normal)
        font.setPixelSize(self._theme.px(TYPE_SIZES["caption"]))
        painter.setFont(font)
        painter.setPen(self._theme.color("text2"))
        line = " ".join(text.split())
        shown = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(200, self._theme.px(ROW_HEIGHT))


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

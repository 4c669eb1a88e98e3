"""A list to choose from by typing beside it: the letters that were hit stand out."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
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

from app.ui.theme import ThemeKeeper

Index = QModelIndex | QPersistentModelIndex


class MatchList(QListView):
    """Never has the focus; the mouse chooses the row it is over."""

    def __init__(self, name: str, rows: QAbstractListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(rows)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entered.connect(self.setCurrentIndex)

    def choose_first(self) -> None:
        """Choose what matches best."""
        self.setCurrentIndex(self.model().index(0, 0))

    def step(self, step: int) -> None:
        """Choose another row, round and round."""
        rows = self.model()
        count = rows.rowCount()
        if count:
            self.setCurrentIndex(rows.index((self.currentIndex().row() + step) % count, 0))


class MatchDelegate(QStyledItemDelegate):
    """Rows of one height, the chosen one on a ground of its own."""

    def __init__(self, theme: ThemeKeeper, height: int, parent: QObject | None = None) -> None:
        """Draw for a view.

        Args:
            height: of a row, in pixels at the normal size of text.
        """
        super().__init__(parent)
        self._theme = theme
        self._height = height

    def draw(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw a row on its ground."""
        raise NotImplementedError

    def draw_hits(
        self, painter: QPainter, area: QRect, font: QFont, text: str, hits: Collection[int]
    ) -> None:
        """Draw a line in which the letters at these places stand out."""
        strong = QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        x = area.left()
        for is_hit, letters in groupby(enumerate(text), lambda each: each[0] in hits):
            piece = "".join(letter for _at, letter in letters)
            painter.setFont(strong if is_hit else font)
            painter.setPen(self._theme.color("accent_text" if is_hit else "text"))
            width = painter.fontMetrics().horizontalAdvance(piece)
            place = QRect(x, area.top(), min(width + 1, area.right() - x), area.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, piece)
            x += width
            if x >= area.right():
                break

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(self._theme.color("selected"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(area, 8, 8)
        self.draw(painter, area, option, index)
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(200, self._theme.px(self._height))

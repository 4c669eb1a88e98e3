"""The passages a search found, as rows: title, place, and the text around the query's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QListView, QStyle, QStyleOptionViewItem

from app.library.entities import Passage
from app.ui.library.delegates import RowDelegate
from app.ui.library.items import ROOT, ItemRole
from app.ui.library.snippet import Snippet, make_snippet
from app.ui.sources.kinds import kind_icon

Index = QModelIndex | QPersistentModelIndex
_MARGIN = 12
_ICON = 20
_MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with what is shown of it."""

    passage: Passage
    snippet: Snippet


class PassageListModel(QAbstractListModel):
    """What one search found, best first."""

    def __init__(self) -> None:
        super().__init__()
        self._found: tuple[FoundPassage, ...] = ()

    def set_passages(self, passages: tuple[Passage, ...], query: str) -> None:
        """Show the passages found for a query."""
        self.beginResetModel()
        self._found = tuple(FoundPassage(each, make_snippet(each.text, query)) for each in passages)
        self.endResetModel()

    def passage(self, row: int) -> Passage:
        """The passage of a row."""
        return self._found[row].passage

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        found = self._found[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return found.snippet.text
            case ItemRole.ENTITY:
                return found
            case Qt.ItemDataRole.ToolTipRole:
                return str(found.passage.path)
            case Qt.ItemDataRole.AccessibleTextRole:
                passage = found.passage
                return f"{passage.title}, {passage.place.label}: {found.snippet.text}"
        return None


class PassageDelegate(RowDelegate):
    """A card a row: icon, title and place on the first line, the snippet below."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found: FoundPassage = index.data(ItemRole.ENTITY)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_card(painter, option)
        area = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        head = area.adjusted(0, 0, 0, 0)
        head.setHeight(self._head_height())
        self.draw_icon(painter, head, kind_icon(found.passage.kind), "accent_text", _ICON)
        self._draw_title(painter, head.adjusted(self._indent(), 0, 0, 0), found.passage)
        layout = self._lay_out(found.snippet, area.width() - self._indent())
        painter.setPen(self._theme.color("text2"))
        top = QRectF(area.left() + self._indent(), head.bottom() + 4, 0, 0).topLeft()
        layout.draw(painter, top)
        painter.restore()

    def _draw_card(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        ground = "selected" if chosen else "hover" if hovered else "raised"
        painter.setPen(self._theme.color("focus" if focused else "border"))
        painter.setBrush(self._theme.color(ground))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 4.5, -0.5, -4.5), 10, 10)

    def _draw_title(self, painter: QPainter, area: Any, passage: Passage) -> None:
        strong, caption = self.font("ui", strong=True), self.font("caption")
        place = f"·  {passage.place.label}"
        place_width = min(QFontMetrics(caption).horizontalAdvance(place) + 4, area.width() // 2)
        title_width = QFontMetrics(strong).horizontalAdvance(passage.title) + 4
        title_width = min(title_width, area.width() - place_width - 8)
        self.draw_text(
            painter,
            area.adjusted(0, 0, title_width - area.width(), 0),
            passage.title,
            strong,
            "text",
        )
        rest = area.adjusted(title_width + 6, 0, 0, 0)
        self.draw_text(painter, rest, place, caption, "text2")

    def _lay_out(self, snippet: Snippet, width: int) -> QTextLayout:
        layout = QTextLayout(snippet.text, self.font("ui"))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats([self._emphasis(snippet.text, *span) for span in snippet.emphasis])
        layout.beginLayout()
        height = 0.0
        for _ in range(_MOST_LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(1, width))
            line.setPosition(QRectF(0, height, 0, 0).topLeft())
            height += line.height() * 1.15
        layout.endLayout()
        return layout

    def _emphasis(self, text: str, start: int, end: int) -> QTextLayout.FormatRange:
        # Qt counts UTF-16 units; characters past the basic plane are two of them.
        span = QTextLayout.FormatRange()
        span.start = _utf16_length(text[:start])
        span.length = _utf16_length(text[start:end])
        look = QTextCharFormat()
        look.setFontWeight(QFont.Weight.DemiBold)
        look.setForeground(self._theme.color("text"))
        look.setBackground(self._theme.color("mark"))
        span.format = look
        return span

    def _head_height(self) -> int:
        return max(QFontMetrics(self.font("ui")).height(), self._theme.px(_ICON))

    def _indent(self) -> int:
        return self._theme.px(_ICON) + 10

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = self.parent()
        width = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        found: FoundPassage = index.data(ItemRole.ENTITY)
        layout = self._lay_out(found.snippet, width - 2 * _MARGIN - self._indent())
        last = layout.lineAt(layout.lineCount() - 1) if layout.lineCount() else None
        text = last.y() + last.height() if last is not None else 0.0
        return QSize(width, round(2 * _MARGIN + self._head_height() + 4 + text))


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2

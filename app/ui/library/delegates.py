"""How rows of the document table and lines of the left column are drawn."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from app.library.entities import Document, DocumentStatus
from app.ui.icons import Icons
from app.ui.library.items import ItemRole
from app.ui.library.labels import display_title, status_text
from app.ui.library.rows import Column, ShelfKind
from app.ui.library.shelf_items import ShelfRow
from app.ui.sources.kinds import kind_icon
from app.ui.theme import ThemeKeeper
from app.ui.widgets.themed_delegate import ThemedDelegate

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 52
SHELF_HEIGHT = 36
_PADDING = 10
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
STATUS_LOOKS = {
    DocumentStatus.QUEUED: ("ph.clock", "text2"),
    DocumentStatus.READING: ("ph.book-open", "accent_text"),
    DocumentStatus.EMBEDDING: ("ph.spinner-gap", "accent_text"),
    DocumentStatus.INDEXED: ("ph.check-circle", "ok"),
    DocumentStatus.FAILED: ("ph.warning-circle", "danger"),
    DocumentStatus.CANCELLED: ("ph.prohibit", "text2"),
}


class RowDelegate(ThemedDelegate):
    """What all rows of the library share: text and icons in theme colours."""

    def draw_icon(self, painter: QPainter, area: QRect, name: str, role: str, size: int) -> None:
        """Draw an icon, centred up and down at the left edge of an area."""
        side = self._theme.px(size)
        top = area.top() + (area.height() - side) / 2
        place = QRectF(area.left(), top, side, side)
        self._icons.paint(painter, place, name, self._theme.color(role))


class DocumentDelegate(RowDelegate):
    """Two lines with an icon for the name, words with progress for the status, text elsewhere."""

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QObject) -> None:
        super().__init__(theme, icons, parent)
        self.hovered_row = -1

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        document: Document = index.data(ItemRole.ENTITY)
        painter.save()
        self._draw_ground(painter, option, index)
        area = option.rect.adjusted(_PADDING, 0, -_PADDING, -1)
        match Column(index.column()):
            case Column.NAME:
                self._draw_name(painter, area, document)
            case Column.STATUS:
                self._draw_status(painter, area, document)
            case column:
                align = _RIGHT if column in (Column.PAGES, Column.SIZE) else _LEFT
                text, font = str(index.data()), self.font("ui")
                self.draw_text(painter, area, text, font, "text2", align=align)
        painter.restore()

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.color("selected"))
        elif index.row() == self.hovered_row:
            painter.fillRect(option.rect, self._theme.color("hover"))
        bottom = QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1)
        painter.fillRect(bottom, self._theme.color("border"))
        view = self.parent()
        is_current = isinstance(view, QWidget) and view.hasFocus() and index.row() == _current(view)
        if is_current and index.column() == Column.NAME:
            edge = QRect(option.rect.left(), option.rect.top(), 3, option.rect.height() - 1)
            painter.fillRect(edge, self._theme.color("focus"))

    def _draw_name(self, painter: QPainter, area: QRect, document: Document) -> None:
        failed = document.status is DocumentStatus.FAILED
        icon = kind_icon(document.kind)
        self.draw_icon(painter, area, icon, "danger" if failed else "accent_text", 22)
        text = area.adjusted(self._theme.px(22) + _PADDING, 6, 0, -6)
        upper = QRect(text.left(), text.top(), text.width(), text.height() // 2)
        lower = QRect(text.left(), upper.bottom() + 1, text.width(), text.height() // 2)
        self.draw_text(painter, upper, display_title(document), self.font("ui"), "text")
        self.draw_text(painter, lower, place_text(document), self.font("caption"), "text2")

    def _draw_status(self, painter: QPainter, area: QRect, document: Document) -> None:
        icon, role = STATUS_LOOKS[document.status]
        embedding = document.status is DocumentStatus.EMBEDDING and document.chunks > 0
        line = area.adjusted(0, 0, 0, -self._theme.px(10)) if embedding else area
        self.draw_icon(painter, line, icon, role, 16)
        text = line.adjusted(self._theme.px(16) + 6, 0, 0, 0)
        words = "danger" if document.status is DocumentStatus.FAILED else "text2"
        self.draw_text(painter, text, status_text(document), self.font("ui"), words)
        if embedding:
            left, width = text.left(), text.width()
            track = QRectF(left, area.center().y() + self._theme.px(9), width, 4)
            share = min(1.0, document.chunks_done / document.chunks)
            self._draw_bar(painter, track, share)

    def _draw_bar(self, painter: QPainter, track: QRectF, share: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        filled = QRectF(track.left(), track.top(), track.width() * share, track.height())
        for place, role in ((track, "border"), (filled, "accent")):
            painter.setBrush(self._theme.color(role))
            painter.drawRoundedRect(place, 2, 2)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), self._theme.px(ROW_HEIGHT))


class ShelfDelegate(RowDelegate):
    """An icon, the name, and the count at the right; headings small and spaced."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: ShelfRow = index.data(ItemRole.ENTITY)
        painter.save()
        if row.shelf is None:
            self._draw_heading(painter, option.rect, row)
        else:
            self._draw_shelf(painter, option, row)
        painter.restore()

    def _draw_heading(self, painter: QPainter, area: QRect, row: ShelfRow) -> None:
        font = self.font("overline", strong=True)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.5)
        line = area.adjusted(4, self._theme.px(10), -4, 0)
        self.draw_text(painter, line, row.title.upper(), font, "text3")

    def _draw_shelf(self, painter: QPainter, option: QStyleOptionViewItem, row: ShelfRow) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        self._draw_ground(painter, option, chosen=chosen)
        area = option.rect.adjusted(_PADDING, 0, -_PADDING, 0)
        role = "accent_text" if chosen else "text"
        self.draw_icon(painter, area, _shelf_icon(row), "accent_text" if chosen else "text2", 18)
        count = f"{row.count:,}"
        caption = self.font("caption")
        width = QFontMetrics(caption).horizontalAdvance(count) + 2
        self.draw_text(painter, area, count, caption, "text2", align=_RIGHT)
        text = area.adjusted(self._theme.px(18) + 8, 0, -width - 8, 0)
        self.draw_text(painter, text, row.title, self.font("ui", strong=chosen), role)

    def _draw_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, *, chosen: bool
    ) -> None:
        color: QColor | None = None
        if chosen:
            color = self._theme.color("selected")
        elif option.state & QStyle.StateFlag.State_MouseOver:
            color = self._theme.color("hover")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        if color is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(place, 8, 8)
        if option.state & QStyle.StateFlag.State_HasFocus and _by_keyboard(self.parent()):
            painter.setPen(self._theme.color("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, 8, 8)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), self._theme.px(SHELF_HEIGHT))


def place_text(document: Document) -> str:
    """The line below the title: the file's name unless that is the title, and its folder."""
    folder = short_path(document.path.parent)
    if display_title(document) == document.path.name:
        return folder
    return f"{document.path.name}  ·  {folder}"


def short_path(path: Path) -> str:
    """A path with the home folder as "~"."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or there is no home folder
        return str(path)


def _shelf_icon(row: ShelfRow) -> str:
    match row.shelf.kind if row.shelf is not None else None:
        case ShelfKind.EVERYTHING:
            return "ph.files"
        case ShelfKind.LOOSE:
            return "ph.tray"
        case _:
            return "ph.folder-simple"


def _current(view: QWidget) -> int:
    return view.currentIndex().row() if isinstance(view, QAbstractItemView) else -1


def _by_keyboard(view: QObject | None) -> bool:
    return view is not None and view.property("kbd") in (True, "true")

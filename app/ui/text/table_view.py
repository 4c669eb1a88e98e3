"""A Markdown table on screen. Long ones show their first rows until asked for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtWidgets import QWidget

from app.ui.text.markdown import Table
from app.ui.text.prose import ProseStyle, ProseWriter
from app.ui.text.text_view import TextView
from app.ui.widgets.buttons import Button

if TYPE_CHECKING:
    from markdown_it.token import Token

COLLAPSED_ROWS = 50
_ALIGNMENTS = {
    "right": Qt.AlignmentFlag.AlignRight,
    "center": Qt.AlignmentFlag.AlignHCenter,
}


class TableView(QWidget):
    """One table; it can be replaced by a longer one.

    Signals:
        reshaped: its height is another one now, by a click.
        link_requested, citation_requested: as `TextView`.
    """

    reshaped = Signal()
    link_requested = Signal(str)
    citation_requested = Signal(int)

    def __init__(
        self,
        table: Table,
        style: ProseStyle,
        citations: Mapping[int, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._style = style
        self._citations = citations
        self._shows_all = False
        self._table = table
        self._view = _TableText(style, "Table", self)
        self._view.link_requested.connect(self.link_requested)
        self._view.citation_requested.connect(self.citation_requested)
        self._more = Button("", "ghost", parent=self)
        self._more.clicked.connect(self._on_more_clicked)
        self._write()

    def set_table(self, table: Table) -> None:
        """Show another table."""
        if table != self._table:
            self._table = table
            self._write()

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        height = self._view.fit(width)
        if self._more.isVisibleTo(self):
            size = self._more.sizeHint()
            self._more.setGeometry(0, height + 4, size.width(), size.height())
            height += 4 + size.height()
        if self.size() != QSize(width, height):
            self.setFixedSize(width, height)
        return height

    def offer_links(self) -> None:
        """Let Tab stop here if there is anything to activate."""
        self._view.offer_links()

    def _write(self) -> None:
        rows = self._table.rows if self._shows_all else self._table.rows[:COLLAPSED_ROWS]
        hidden = len(self._table.rows) - len(rows)
        self._more.setVisible(hidden > 0)
        self._more.setText(f"Show all {len(self._table.rows):,} rows")
        self._more.setAccessibleName(self._more.text())
        document = self._view.document()
        document.clear()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        grid = cursor.insertTable(1 + len(rows), max(1, len(self._table.header)), self._format())
        for row, cells in enumerate((self._table.header, *rows)):
            for column, tokens in enumerate(cells[: grid.columns()]):
                cell = grid.cellAt(row, column)
                cell.setFormat(self._cell_format())
                self._write_cell(cell.firstCursorPosition(), tokens, row, column)
        self._shrink_line_after(document.lastBlock().position())
        cursor.endEditBlock()

    def _write_cell(
        self, cursor: QTextCursor, tokens: Sequence[Token], row: int, column: int
    ) -> None:
        align = self._table.alignments[column] if column < len(self._table.alignments) else ""
        block = QTextBlockFormat()
        block.setAlignment(_ALIGNMENTS.get(align, Qt.AlignmentFlag.AlignLeft))
        cursor.setBlockFormat(block)
        base = self._style.plain
        if row == 0:
            base = type(base)(base)
            base.setForeground(self._style.theme.color("text2"))
            base.setFontWeight(QFont.Weight.DemiBold)
        ProseWriter.into(cursor, self._style, self._citations, base).write_inline(tokens)

    def _shrink_line_after(self, position: int) -> None:
        # A document cannot end with a table; the empty line after it shall take no room.
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(position)
        block = QTextBlockFormat()
        block.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor.setBlockFormat(block)

    def _format(self) -> QTextTableFormat:
        made = QTextTableFormat()
        made.setBorderCollapse(True)
        made.setBorder(0)
        made.setCellSpacing(0)
        made.setCellPadding(0)
        made.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        made.setHeaderRowCount(1)
        return made

    def _cell_format(self) -> QTextTableCellFormat:
        px = self._style.theme.px
        made = QTextTableCellFormat()
        made.setTopPadding(px(6))
        made.setBottomPadding(px(6))
        made.setRightPadding(px(20))
        made.setBottomBorder(1)
        made.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        made.setBottomBorderBrush(self._style.theme.color("border"))
        return made

    def _on_more_clicked(self) -> None:
        self._shows_all = True
        self._write()
        self._view.setFocus()
        self.reshaped.emit()


class _TableText(TextView):
    """A table may be wider than the column: it then scrolls sideways."""

    def fit(self, width: int) -> int:
        if width == self._fitted:
            return self.height()
        height = super().fit(width)
        is_wider = self.document().size().width() > width + 1
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setHorizontalScrollBarPolicy(
            policy if is_wider else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if is_wider:
            height += self.horizontalScrollBar().sizeHint().height()
            self.setFixedSize(width, height)
        return height

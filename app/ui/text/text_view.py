"""Prose on screen: a view that is as high as its text, with citation chips in it.

It does not scroll: the wheel belongs to the transcript around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextCursor,
    QTextFragment,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from app.ui.text.markdown import Prose
from app.ui.text.prose import CITATION, CITATION_SCHEME, QUOTE_DEPTH, RULE, ProseStyle, ProseWriter

_CHIP = re.compile("\u00a0(\\d{1,2})\u00a0")

# Qt's marks for paragraphs, line breaks and table cells, and the space between two chips.
_COPIED = str.maketrans({"\u2029": "\n", "\u2028": "\n", "\ufdd0": "", "\ufdd1": "", "\u2004": ""})


@dataclass(frozen=True, slots=True)
class _Ornament:
    """Something painted behind the text."""

    area: QRectF
    radius: float
    color: str


class TextView(QTextBrowser):
    """A rich text as high as it is, that opens and fetches nothing by itself.

    Signals:
        link_requested: an address in the text was clicked.
        citation_requested: a citation chip was clicked; its number.
    """

    link_requested = Signal(str)
    citation_requested = Signal(int)

    def __init__(self, style: ProseStyle, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = style
        self._ornaments: tuple[_Ornament, ...] | None = None
        self._fitted = 0  # the width the text was laid out for; 0 since it changed
        self.setObjectName("prose")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.viewport().setAutoFillBackground(False)
        # A fixed width: the viewport's own is not known before the widget is shown.
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setFont(style.font)
        document = self.document()
        document.setDefaultFont(style.font)
        document.setDocumentMargin(0)
        document.setIndentWidth(style.theme.px(24))
        document.contentsChanged.connect(self._on_contents_changed)
        self.anchorClicked.connect(self._on_anchor_clicked)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        if width == self._fitted:
            return self.height()
        self._fitted, self._ornaments = width, None
        self.setLineWrapColumnOrWidth(width)
        height = max(1, math.ceil(self.document().size().height()))
        if self.size() != QSize(width, height):
            self.setFixedSize(width, height)
        return height

    def offer_links(self) -> None:
        """Let Tab stop here if there is anything to activate."""
        has_links = any(each.charFormat().isAnchor() for _block, each in self._fragments())
        policy = Qt.FocusPolicy.StrongFocus if has_links else Qt.FocusPolicy.ClickFocus
        self.setFocusPolicy(policy)

    def _fragments(self) -> Iterator[tuple[QTextBlock, QTextFragment]]:
        block = self.document().firstBlock()
        while block.isValid():
            iterator = block.begin()
            while not iterator.atEnd():
                yield block, iterator.fragment()
                iterator += 1
            block = block.next()

    def _find_ornaments(self) -> tuple[_Ornament, ...]:
        found = [
            chip
            for block, fragment in self._fragments()
            if fragment.charFormat().hasProperty(CITATION)
            for chip in self._chips(block, fragment)
        ]
        block = self.document().firstBlock()
        while block.isValid():
            found.extend(self._lines(block))
            block = block.next()
        return tuple(found)

    def _chips(self, block: QTextBlock, fragment: QTextFragment) -> Iterator[_Ornament]:
        # Neighbouring characters of one format are one fragment: a chip is found in its text.
        origin = self.document().documentLayout().blockBoundingRect(block).topLeft()
        for found in _CHIP.finditer(fragment.text()):
            start = fragment.position() - block.position() + found.start()
            line = block.layout().lineForTextPosition(start)
            left = _x(line.cursorToX(start))
            right = _x(line.cursorToX(start + len(found[0])))
            height = self._style.theme.px(17)
            baseline = origin.y() + line.y() + line.ascent()
            top = baseline - height * 0.755
            left, right = min(left, right) - 1, max(left, right) + 1
            area = QRectF(origin.x() + left, top, right - left, height)
            yield _Ornament(area, height / 2, "selected")

    def _lines(self, block: QTextBlock) -> Iterator[_Ornament]:
        depth = block.blockFormat().intProperty(QUOTE_DEPTH) or 0
        area = self.document().documentLayout().blockBoundingRect(block)
        step = self._style.theme.px(16)
        if block.blockFormat().hasProperty(RULE):
            middle = area.center().y()
            yield _Ornament(QRectF(0, middle, self.lineWrapColumnOrWidth(), 1), 0, "border")
        for level in range(depth):
            yield _Ornament(QRectF(level * step, area.top(), 3, area.height()), 1.5, "border")

    def _on_contents_changed(self) -> None:
        self._fitted, self._ornaments = 0, None

    def _on_anchor_clicked(self, url: QUrl) -> None:
        target = url.toString()
        if target.startswith(CITATION_SCHEME):
            self.citation_requested.emit(int(target.removeprefix(CITATION_SCHEME)))
        else:
            self.link_requested.emit(target)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ornaments is None:
            self._ornaments = self._find_ornaments()
        if self._ornaments:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for each in self._ornaments:
                painter.setBrush(self._style.theme.color(each.color))
                painter.drawRoundedRect(each.area, each.radius, each.radius)
            painter.end()
        super().paintEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def loadResource(self, _type: int, _name: QUrl | str) -> object:
        return None  # neither pictures nor style sheets, from nowhere

    def createMimeDataFromSelection(self) -> QMimeData:
        # A chip is copied as what it stands for in the text.
        text = _CHIP.sub(r"[\1]", self.textCursor().selectedText()).translate(_COPIED)
        data = QMimeData()
        data.setText(text)
        return data


class ProseSegment(TextView):
    """Prose that can grow: what is final is written once, the tail is replaced each time."""

    def __init__(
        self,
        style: ProseStyle,
        citations: Mapping[int, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(style, "Text", parent)
        self._citations = citations
        self._committed_end = 0
        self._tail: Prose | None = None

    def commit(self, block: Prose) -> None:
        """Write a final block."""
        self._drop_tail()
        self._write(block)
        self._committed_end = self._end()

    def set_tail(self, block: Prose | None) -> None:
        """Show this after the final blocks, for now."""
        if block == self._tail:
            return
        self._drop_tail()
        if block is not None:
            self._write(block)
            self._tail = block

    def write_plain(self, text: str) -> None:
        """Write text as it is."""
        ProseWriter(self.document(), self._style).write_plain(text)

    def _write(self, block: Prose) -> None:
        ProseWriter(self.document(), self._style, self._citations).write(block.tokens)

    def _end(self) -> int:
        return self.document().characterCount() - 1

    def _drop_tail(self) -> None:
        if self._tail is None:
            return
        self._tail = None
        if self._committed_end == 0:
            self.document().clear()
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._committed_end)
        # Removing up to the end joins two blocks; the first must keep its own format.
        block_format, char_format = cursor.blockFormat(), cursor.blockCharFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.setBlockFormat(block_format)
        cursor.setBlockCharFormat(char_format)


def _x(position: object) -> float:
    """The coordinate of `QTextLine.cursorToX`, which PySide6 returns alone or with the position."""
    value = position[0] if isinstance(position, tuple) else position
    assert isinstance(value, int | float)
    return float(value)

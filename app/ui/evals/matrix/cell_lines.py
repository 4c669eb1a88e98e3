"""Two lines of words in a cell, drawn quickly: a scroll draws many cells anew at each step."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from app.ui.theme import TYPE_SIZES, ThemeKeeper

PAD = 10
_LINE = 20
_MOST_KEPT = 4_000
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

Line = tuple[str, str]  # words, and the role of their colour


class TwoLines(QObject):
    """Remembers fonts, and where words were cut to fit."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widget = parent
        self._fonts: tuple[QFont, ...] = ()
        self._metrics: tuple[QFontMetrics, ...] = ()
        self._cut: dict[tuple[str, int, int], str] = {}
        theme.changed.connect(self._forget)

    def paint(self, painter: QPainter, area: QRect, *lines: Line) -> None:
        """Draw one or two lines in the middle of an area, the second one smaller."""
        self._make_fonts()
        pad, height = self._theme.px(PAD), self._theme.px(_LINE)
        top = area.top() + (area.height() - height * len(lines)) // 2
        width = area.width() - 2 * pad
        for at, (words, role) in enumerate(lines):
            painter.setFont(self._fonts[at])
            painter.setPen(self._theme.color(role))
            place = QRect(area.left() + pad, top + at * height, width, height)
            painter.drawText(place, _LEFT, self._fitted(words, at, width))

    def paint_waiting(self, painter: QPainter, area: QRect) -> None:
        """Draw two bars where words will be."""
        pad, height, gap = (self._theme.px(each) for each in (PAD, 8, 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("hover"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, share in enumerate((0.7, 0.4)):
            top = area.center().y() - height - gap + at * (height + 2 * gap)
            width = (area.width() - 2 * pad) * share
            painter.drawRoundedRect(QRectF(area.left() + pad, top, width, height), 4, 4)

    def _fitted(self, words: str, at: int, width: int) -> str:
        key = (words, at, width)
        if key not in self._cut:
            if len(self._cut) >= _MOST_KEPT:
                self._cut.clear()
            elide = self._metrics[at].elidedText
            self._cut[key] = elide(words, Qt.TextElideMode.ElideRight, width)
        return self._cut[key]

    def _make_fonts(self) -> None:
        if self._fonts:
            return
        fonts = []
        for size in ("ui", "caption"):
            font = QFont(self._widget.font())
            font.setPixelSize(self._theme.px(TYPE_SIZES[size]))
            font.setWeight(QFont.Weight.Normal)
            fonts.append(font)
        self._fonts = tuple(fonts)
        self._metrics = tuple(map(QFontMetrics, fonts))

    def _forget(self) -> None:
        self._fonts = self._metrics = ()
        self._cut.clear()

"""Draws a plot in the colours of the theme. The only module that knows pyqtgraph, which is slow
to import."""

from __future__ import annotations

import math

import pyqtgraph as pg  # type: ignore[import-untyped]
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.ui.evals.plots.points import PlotData, Point, View
from app.ui.theme import TYPE_SIZES, ThemeKeeper

_ROW, _AROUND, _SQUARE = 38, 64, 300  # heights in pixels
_DOT, _STAR = 10, 15
_LABEL_LENGTH = 34


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Scores with intervals: one below the other, or against speed or size."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._theme = theme
        self._data: PlotData | None = None
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        # It is never shown, but without a parent it would outlive the plot, which reads its boxes.
        self.getPlotItem().ctrlMenu.setParent(self, Qt.WindowType.Popup)
        self.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        for part in (self, self.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its words are below it
        theme.changed.connect(self._draw)

    def show_plot(self, data: PlotData) -> None:
        """Draw these points."""
        if data != self._data:
            self._data = data
            self._draw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # it scrolls the page

    def _draw(self) -> None:
        data, px = self._data, self._theme.px
        if data is None:
            return
        self.clear()
        self.setBackground(self._theme.color("raised"))
        is_list = data.view is View.SCORES
        self.setFixedHeight(px(_AROUND + _ROW * len(data.points) if is_list else _SQUARE))
        self._set_axes(data)
        for point in data.points:
            self._draw_point(point, is_list=is_list)
        self._set_range(data)

    def _set_axes(self, data: PlotData) -> None:
        is_list = data.view is View.SCORES
        bottom, left = self.getAxis("bottom"), self.getAxis("left")
        line, words = self._theme.color("border_strong"), self._theme.color("text2")
        for axis in (bottom, left):
            axis.setPen(pg.mkPen(line))
            axis.setTextPen(pg.mkPen(words))
            axis.setStyle(tickFont=self._font(), tickLength=-4)
            axis.enableAutoSIPrefix(False)
        style = {
            "color": words.name(),
            "font-size": f"{self._theme.px(TYPE_SIZES['caption'])}px",
        }
        bottom.setLabel(data.axis if is_list else data.across, **style)
        left.setLabel("" if is_list else data.axis, **style)
        left.showLabel(not is_list)
        names = [(point.at, _short(point.label)) for point in data.points]
        left.setTicks([names] if is_list else None)
        left.setWidth(self._names_width(names) if is_list else None)
        self.getPlotItem().invertY(is_list)
        self.showGrid(x=True, y=not is_list, alpha=0.18)

    def _names_width(self, names: list[tuple[float, str]]) -> int:
        metrics = pg.QtGui.QFontMetrics(self._font())
        widest = max((metrics.horizontalAdvance(name) for _at, name in names), default=0)
        return int(widest) + self._theme.px(18)

    def _draw_point(self, point: Point, *, is_list: bool) -> None:
        color = self._theme.color("accent_text" if point.is_baseline else "accent")
        pen = pg.mkPen(color, width=2)
        below, above = point.score - point.low, point.high - point.score
        if is_list:
            x, y = [point.score], [point.at]
            bar = pg.ErrorBarItem(
                x=_array(x), y=_array(y), left=_array([below]), right=_array([above]),
                beam=0.22, pen=pen,
            )  # fmt: skip
        else:
            x, y = [point.at], [point.score]
            bar = pg.ErrorBarItem(
                x=_array(x), y=_array(y), bottom=_array([below]), top=_array([above]),
                beam=point.at * 0.02, pen=pen,
            )  # fmt: skip
        self.addItem(bar)
        symbol, size = ("star", _STAR) if point.is_baseline else ("o", _DOT)
        self.addItem(
            pg.ScatterPlotItem(
                x, y, symbol=symbol, size=self._theme.px(size), pen=pen, brush=pg.mkBrush(color)
            )
        )
        if not is_list:
            name = pg.TextItem(_short(point.label), color=self._theme.color("text"), anchor=(0, 1))
            name.setFont(self._font())
            name.setPos(x[0], y[0])
            self.addItem(name, ignoreBounds=True)

    def _set_range(self, data: PlotData) -> None:
        if not data.points:
            return
        low = min(point.low for point in data.points)
        high = max(point.high for point in data.points)
        room = (high - low or abs(high) or 1.0) * 0.12
        # A share is never outside of 0 to 100; a little room lets marks at the ends be seen.
        least, most_of_all = (-2.0, 102.0) if data.is_share else (-math.inf, math.inf)
        scores = (max(low - room, least), min(high + room, most_of_all))
        if data.view is View.SCORES:
            rows = [point.at for point in data.points]
            self.setRange(
                xRange=scores, yRange=(min(rows) - 0.6, max(rows) + 0.6), padding=0, update=True
            )
            return
        most = max(point.at for point in data.points)
        self.setRange(xRange=(0, most * 1.35), yRange=scores, padding=0, update=True)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(self._theme.px(TYPE_SIZES["caption"]))
        return font


def _array(values: list[float]) -> object:
    import numpy as np  # slow to import; loaded with pyqtgraph already

    return np.array(values)


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"

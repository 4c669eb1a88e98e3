"""The sheet that shows one picture as large as the window allows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.icons import Icons
from app.ui.widgets.sheet import Sheet

_NARROWEST = 320
_BORDER = 2  # of the card, on both sides
_AROUND = 24 + 16 + 8 + _BORDER  # beside the picture: the card's margins


class PictureSheet(Sheet):
    """Opens with the picture, already decoded. Used once."""

    def __init__(self, window: QWidget, icons: Icons, name: str, image: QImage) -> None:
        natural = image.width() + _AROUND
        super().__init__(window, icons, _short(name), width=max(_NARROWEST, natural))
        self.canvas = _Canvas(image)
        self.canvas.setAccessibleName(f"Picture {name}")
        self.body.addWidget(self.canvas, 1)
        self.closed.connect(self.deleteLater)

    def card_height(self, width: int) -> int:
        layout = self.card.layout()
        assert layout is not None
        margins = layout.contentsMargins()
        header = self.header.sizeHint().height() + layout.spacing()
        inner = self.canvas.heightForWidth(width - _AROUND)
        return margins.top() + header + inner + margins.bottom() + _BORDER


class _Canvas(QWidget):
    def __init__(self, image: QImage) -> None:
        super().__init__()
        self._image = image
        self._scaled = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def heightForWidth(self, width: int) -> int:
        shown = min(width, self._image.width())
        return max(1, round(shown * self._image.height() / self._image.width()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        size = self._image.size()
        if size.width() > self.width() or size.height() > self.height():
            size.scale(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        size = size.expandedTo(QSize(1, 1))
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        corner = QPointF(self.width() - size.width(), self.height() - size.height()) / 2
        if self._scaled.size() != (wanted := size * ratio):
            smooth = Qt.TransformationMode.SmoothTransformation
            fill = Qt.AspectRatioMode.IgnoreAspectRatio
            self._scaled = self._image.scaled(wanted, fill, smooth)
            self._scaled.setDevicePixelRatio(ratio)
        painter.drawImage(corner, self._scaled)
        painter.end()


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"{name[:30]}…{name[-16:]}"

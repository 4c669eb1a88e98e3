"""A picture of a PDF page with a passage marked on it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.library.entities import PagePicture

# A page is white in either theme.
_MARK = QColor("#FFE58A")
_PAGE = QColor("#FFFFFF")
_MARK_PADDING = 2.0


class PageCanvas(QWidget):
    """The page, as wide as it is told; until a new picture comes, the old one is stretched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._marks: tuple[QRectF, ...] = ()
        self.setAccessibleName("Page")

    @property
    def has_picture(self) -> bool:
        """Whether there is a page to see."""
        return not self._image.isNull()

    def set_picture(self, picture: PagePicture, width: int) -> None:
        """Show a page at this width."""
        stride = picture.width * 3
        image = QImage(
            picture.rgb, picture.width, picture.height, stride, QImage.Format.Format_RGB888
        )
        self._image = image.copy()  # the bytes above are not kept alive by Qt
        self._marks = tuple(QRectF(*mark) for mark in picture.marks)
        self.set_width(width)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._image, self._marks = QImage(), ()
        self.resize(0, 0)

    def set_width(self, width: int) -> None:
        """Be this wide."""
        if self.has_picture:
            height = round(width * self._image.height() / self._image.width())
            self.setFixedSize(QSize(width, height))

    def first_mark(self) -> QRectF | None:
        """Where the passage begins, in the widget's coordinates; None if it is not marked."""
        return self._placed(self._marks[0]) if self._marks else None

    def _placed(self, mark: QRectF) -> QRectF:
        scale = self.width() / self._image.width()
        placed = QRectF(
            mark.x() * scale, mark.y() * scale, mark.width() * scale, mark.height() * scale
        )
        return placed.adjusted(-_MARK_PADDING, -_MARK_PADDING, _MARK_PADDING, _MARK_PADDING)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.has_picture:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), _PAGE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)
        # Like a text marker: what is black stays black.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_MARK)
        for mark in self._marks:
            painter.drawRoundedRect(self._placed(mark), 3, 3)
        painter.end()

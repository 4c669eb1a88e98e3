"""The pictures of a question, in its bubble."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.chat.entities import Picture
from app.ui.chat.look import Look
from app.ui.chat.pictures.thumbnails import Thumbnails
from app.ui.chat.stack import flow

LARGE, SMALL = 240, 116
_FEW = 2  # so many are shown large
_SMALLEST, _RADIUS, _GAP, _ICON = 40, 12, 8, 24


class SentPicture(QAbstractButton):
    """One picture, with round corners. A click asks to see all of it."""

    def __init__(
        self, picture: Picture, thumbnails: Thumbnails, look: Look, parent: QWidget, *, side: int
    ) -> None:
        super().__init__(parent)
        self.picture = picture
        self._look = look
        self._side = look.theme.px(side)
        self._is_square = side == SMALL
        self._image: QImage | None = None
        self._pixmap: QPixmap | None = None
        self._drawn = (QSize(), 0.0)
        self._awaited, self._lost = look.icons.icon("ph.image"), look.icons.icon("ph.file-x")
        self.setAccessibleName(f"Picture {picture.name}")
        self.setToolTip(picture.name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_image(thumbnails.get(picture))

    @property
    def has_image(self) -> bool:
        """Whether there is something to see."""
        return self._image is not None and not self._image.isNull()

    def set_image(self, image: QImage | None) -> None:
        """Show this; None while it is being read, null if it is lost."""
        self._image, self._pixmap = image, None
        is_lost = image is not None and image.isNull()
        self.setEnabled(not is_lost)
        if is_lost:
            self.setToolTip(f"{self.picture.name} is not in Cairn's data folder any more.")
            self.setAccessibleName(f"Picture {self.picture.name}, lost")
        self.update()

    def sizeHint(self) -> QSize:
        side = QSize(self._side, self._side)
        if self._is_square:
            return side
        if self._image is None or self._image.isNull():
            return QSize(self._side, self._side * 3 // 4)
        size = self._image.size()
        if size.width() > side.width() or size.height() > side.height():
            size.scale(side, Qt.AspectRatioMode.KeepAspectRatio)
        return size.expandedTo(QSize(_SMALLEST, _SMALLEST))

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        radius = theme.px(_RADIUS)
        outline.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.fillPath(outline, theme.color("sunken"))
        if self.has_image:
            painter.save()
            painter.setClipPath(outline)
            pixmap = self._scaled()
            size = pixmap.deviceIndependentSize()
            corner = QPointF(self.width() - size.width(), self.height() - size.height()) / 2
            painter.drawPixmap(corner, pixmap)
            painter.restore()
        else:
            self._paint_icon(painter)
        is_marked = self.hasFocus() and self.property("kbd") == "true"
        painter.setPen(QPen(theme.color("focus" if is_marked else "border"), 2 if is_marked else 1))
        painter.drawPath(outline)
        painter.end()

    def _paint_icon(self, painter: QPainter) -> None:
        area = QRect(0, 0, _ICON, _ICON)
        area.moveCenter(self.rect().center())
        icon = self._awaited if self._image is None else self._lost
        icon.paint(painter, area)

    def _scaled(self) -> QPixmap:
        """The picture at the size it is drawn in; made once for each size."""
        ratio = self.devicePixelRatioF()
        if self._pixmap is None or self._drawn != (self.size(), ratio):
            assert self._image is not None
            self._drawn = self.size(), ratio
            self._pixmap = QPixmap.fromImage(self._fitting(self._image, ratio))
            self._pixmap.setDevicePixelRatio(ratio)
        return self._pixmap

    def _fitting(self, image: QImage, ratio: float) -> QImage:
        room = self.size() * ratio
        mode = Qt.AspectRatioMode.KeepAspectRatio
        if self._is_square:  # filled, with what stands out cut off
            mode = Qt.AspectRatioMode.KeepAspectRatioByExpanding
        elif image.width() <= self.width() and image.height() <= self.height():
            room = image.size() * ratio  # a small one stays as small as it is
        return image.scaled(room, mode, Qt.TransformationMode.SmoothTransformation)


class SentPictures(QWidget):
    """All of them: one or two large, more of them as small squares.

    Signals:
        picture_requested: a `Picture` that was clicked.
        reshaped: the size is another one now: a picture has come.
    """

    picture_requested = Signal(object)
    reshaped = Signal()

    def __init__(
        self,
        pictures: Sequence[Picture],
        thumbnails: Thumbnails,
        look: Look,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._gap = look.theme.px(_GAP)
        side = LARGE if len(pictures) <= _FEW else SMALL
        self.views = tuple(
            SentPicture(each, thumbnails, look, self, side=side) for each in pictures
        )
        for view in self.views:
            view.clicked.connect(lambda _checked=False, each=view: self._on_clicked(each))
        thumbnails.arrived.connect(self._on_arrived)

    @property
    def natural_width(self) -> int:
        """The width in which all stand in one row."""
        widths = [view.sizeHint().width() for view in self.views]
        return sum(widths) + self._gap * (len(widths) - 1)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        height = flow(self.views, width, self._gap)
        self.setFixedSize(width, height)
        return height

    def _on_clicked(self, view: SentPicture) -> None:
        self.picture_requested.emit(view.picture)

    def _on_arrived(self, sha256: str) -> None:
        is_news = False
        for view in self.views:
            if view.picture.sha256 == sha256 and not view.has_image:
                view.set_image(self._thumbnails.get(view.picture))
                is_news = True
        if is_news:
            self.reshaped.emit()

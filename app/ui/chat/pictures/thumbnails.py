"""The pictures of a conversation, small and ready to be drawn; each is read and scaled once."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.chat.entities import Picture

_KEPT = 48  # less than a megabyte each


class Thumbnails(QObject):
    """Knows the last few; whoever listens to `wanted` brings the others.

    Signals:
        wanted: a `Picture` that is to be put.
        arrived: the SHA-256 of a picture that was put.
    """

    wanted = Signal(object)
    arrived = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images: OrderedDict[str, QImage] = OrderedDict()
        self._awaited: set[str] = set()

    def get(self, picture: Picture) -> QImage | None:
        """A picture, null if it is lost; None if it comes later, which `arrived` will say."""
        if picture.sha256 in self._images:
            self._images.move_to_end(picture.sha256)
            return self._images[picture.sha256]
        if picture.sha256 not in self._awaited:
            self._awaited.add(picture.sha256)
            self.wanted.emit(picture)
        return None

    def put(self, picture: Picture, image: QImage) -> None:
        """Here is a picture; a null image says that there is none."""
        self._awaited.discard(picture.sha256)
        self._images[picture.sha256] = image
        self._images.move_to_end(picture.sha256)
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)
        self.arrived.emit(picture.sha256)

"""The pictures that go with the next question: chips in the composer."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from app.ui.amounts import count_text
from app.ui.chat.pictures.images import Taken
from app.ui.chat.stack import flow
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import row

_SIDE, _RADIUS, _WIDEST_NAME, _GAP, _BELOW = 32, 6, 130, 6, 2


class PictureTray(QWidget):
    """Hidden while there is nothing in it.

    Signals:
        changed: pictures came or went, or are being read.
        emptied: the focus has no chip left to stay at.
    """

    changed = Signal()
    emptied = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._chips: list[_Chip] = []
        self._reading = 0
        self._waiting = Label("", "caption", self)
        self.setAccessibleName("Pictures for the question")
        self._show()

    @property
    def pictures(self) -> tuple[Taken, ...]:
        """What is in it, in order."""
        return tuple(chip.taken for chip in self._chips)

    @property
    def count(self) -> int:
        """How many there are, with those that are being read."""
        return len(self._chips) + self._reading

    @property
    def is_reading(self) -> bool:
        """Whether some are still on their way."""
        return self._reading > 0

    def begin(self, number: int) -> None:
        """So many are being read."""
        self._reading += number
        self._show()

    def end(self, number: int, taken: Iterable[Taken] = ()) -> None:
        """They were read, and these can be sent; what is there already is not taken twice."""
        self._reading -= number
        self._add(taken)
        self._show()

    def set_pictures(self, pictures: Iterable[Taken]) -> None:
        """Hold these and no others."""
        for chip in self._chips:
            _discard(chip)
        self._chips.clear()
        self._add(pictures)
        self._show()

    def _add(self, pictures: Iterable[Taken]) -> None:
        for each in pictures:
            if each.file.picture.sha256 in {chip.sha256 for chip in self._chips}:
                continue
            chip = _Chip(each, self._icons, self)
            chip.remove.clicked.connect(lambda _checked=False, gone=chip: self._on_removed(gone))
            chip.show()
            self._chips.append(chip)

    def _on_removed(self, chip: _Chip) -> None:
        at = self._chips.index(chip)
        had_focus = chip.remove.hasFocus()
        self._chips.remove(chip)
        if had_focus and self._chips:
            self._chips[min(at, len(self._chips) - 1)].remove.setFocus()
        elif not self._chips:
            self.emptied.emit()
        _discard(chip)
        self._show()

    def _show(self) -> None:
        self._waiting.setText(f"Reading {count_text(self._reading, 'picture')}…")
        self._waiting.setVisible(self._reading > 0)
        self.setVisible(self.count > 0)
        self._arrange()
        self.changed.emit()

    def _arrange(self) -> None:
        height = flow([*self._chips, self._waiting], self.width(), _GAP)
        self.setFixedHeight(height + _BELOW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


class _Chip(QFrame):
    """A small picture, its name, and how to be rid of it."""

    def __init__(self, taken: Taken, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self.taken = taken
        name = taken.file.picture.name
        self.setObjectName("picturechip")
        self.setAccessibleName(f"Picture {name}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        title = ElidedLabel(name, "caption", mode=Qt.TextElideMode.ElideMiddle)
        title.setMaximumWidth(_WIDEST_NAME)
        self.remove = IconButton(icons.icon("ph.x"), f"Remove {name}", size=14)
        row(_Thumbnail(taken.thumbnail), title, self.remove, margins=(4, 4, 4, 4), into=self)

    @property
    def sha256(self) -> str:
        """Tells it from the others."""
        return self.taken.file.picture.sha256


class _Thumbnail(QWidget):
    """A square out of the middle of a picture, with round corners."""

    def __init__(self, image: QImage) -> None:
        super().__init__()
        self._image = image
        self._pixmap: QPixmap | None = None
        self.setFixedSize(_SIDE, _SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._pixmap is None or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = QPixmap.fromImage(_square(self._image, round(_SIDE * ratio)))
            self._pixmap.setDevicePixelRatio(ratio)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipPath(outline)
        painter.drawPixmap(0, 0, self._pixmap)
        painter.end()


def _square(image: QImage, side: int) -> QImage:
    scaled = image.scaled(
        QSize(side, side),
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
    return scaled.copy((scaled.width() - side) // 2, (scaled.height() - side) // 2, side, side)


def _discard(chip: _Chip) -> None:
    chip.hide()
    chip.deleteLater()

"""Icons by name and colour role, drawn from the Phosphor font that QtAwesome carries.

QtAwesome itself is not imported: it opens eleven icon fonts, which costs more than the rest of the
first paint. An icon asks the theme for its colour when it is painted, so it follows a theme change
by itself.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QIcon,
    QIconEngine,
    QPainter,
    QPainterPath,
    QPixmap,
    QRawFont,
    QTransform,
)

from app.ui.theme import ThemeKeeper

PREFIX = "ph."
DISABLED_OPACITY = 0.55


class Icons:
    """Makes icons. One for the whole window."""

    def __init__(self, theme: ThemeKeeper) -> None:
        self._font = PhosphorFont()
        self._painter = GlyphPainter(theme, self._font)
        self._icons: dict[tuple[str, str], QIcon] = {}

    def icon(self, name: str, role: str = "text2") -> QIcon:
        """An icon such as "ph.file-text" in the colour of a role.

        Raises:
            KeyError: there is no icon of that name.
        """
        key = (name, role)
        if key not in self._icons:
            self._font.glyph(name)  # a wrong name shall fail here and not while painting
            engine = _GlyphEngine(self._painter, name, role)
            # WORKAROUND shiboken: `QIcon(engine)` makes the engine a child of that Python object,
            # and the garbage collector then deletes it under the C++ icon. A copy has no child.
            self._icons[key] = QIcon(QIcon(engine))
        return self._icons[key]

    def names(self) -> frozenset[str]:
        """Every icon there is."""
        return self._font.names()

    def paint(self, painter: QPainter, rect: QRectF, name: str, color: QColor) -> None:
        """Draw a glyph in any colour, for a delegate."""
        self._painter.paint(painter, rect, name, color)


class GlyphPainter:
    """Draws glyphs and keeps their pixels. It knows no icon, so that no icon is in a cycle."""

    def __init__(self, theme: ThemeKeeper, font: PhosphorFont) -> None:
        self._theme = theme
        self._font = font
        self._pixmaps: dict[tuple[str, int, int, int], QPixmap] = {}

    def color(self, role: str, mode: QIcon.Mode) -> QColor:
        """The colour to paint with."""
        if mode != QIcon.Mode.Disabled:
            return self._theme.color(role)
        # An icon alone has no fill that pales with it, so its own colour must say it.
        faint = QColor(self._theme.color("text3"))
        faint.setAlphaF(DISABLED_OPACITY)
        return faint

    def paint(self, painter: QPainter, rect: QRectF, name: str, color: QColor) -> None:
        """Draw a glyph to fill the square in the middle of `rect`."""
        path = self._font.path(name)
        side = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corner = rect.center() - QPointF(side / 2, side / 2)
        painter.setTransform(QTransform(side, 0, 0, side, corner.x(), corner.y()), True)
        painter.fillPath(path, color)
        painter.restore()

    def pixmap(self, name: str, size: QSize, color: QColor, scale: float) -> QPixmap:
        """A glyph as pixels, `scale` for each of the `size`; kept for the next time."""
        if size.isEmpty():  # a button that is squeezed to nothing while others take its room
            return QPixmap()
        key = (f"{name} {color.rgba():x}", size.width(), size.height(), round(scale * 100))
        if key not in self._pixmaps:
            pixmap = QPixmap(size * scale)
            pixmap.setDevicePixelRatio(scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            self.paint(painter, QRectF(QPointF(0, 0), size.toSizeF()), name, color)
            painter.end()
            self._pixmaps[key] = pixmap
        return self._pixmaps[key]


class PhosphorFont:
    """The Phosphor glyphs as outlines in a unit square."""

    def __init__(self) -> None:
        self._paths: dict[str, QPainterPath] = {}

    def names(self) -> frozenset[str]:
        """Every icon there is, with its prefix."""
        return frozenset(PREFIX + name for name in self._charmap)

    def glyph(self, name: str) -> str:
        """The character of an icon.

        Raises:
            KeyError: there is no icon of that name.
        """
        return chr(int(self._charmap[name.removeprefix(PREFIX)], 16))

    def path(self, name: str) -> QPainterPath:
        """The outline, scaled so that the font's em square is the unit square."""
        if name not in self._paths:
            index = self._raw.glyphIndexesForString(self.glyph(name))[0]
            em = self._raw.pixelSize()
            place = QTransform().scale(1 / em, 1 / em).translate(0, self._raw.ascent())
            self._paths[name] = place.map(self._raw.pathForGlyph(index))
        return self._paths[name]

    @cached_property
    def _folder(self) -> Path:
        spec = importlib.util.find_spec("qtawesome")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("QtAwesome, which carries the icon font, is not installed")
        return Path(spec.origin).parent / "fonts"

    @cached_property
    def _charmap(self) -> dict[str, str]:
        file = next(self._folder.glob("phosphor-charmap-*.json"))
        charmap: dict[str, str] = json.loads(file.read_bytes())
        return charmap

    @cached_property
    def _raw(self) -> QRawFont:
        file = next(self._folder.glob("phosphor-*.ttf"))
        return QRawFont(str(file), 64.0)


class _GlyphEngine(QIconEngine):
    def __init__(self, painter: GlyphPainter, name: str, role: str) -> None:
        super().__init__()
        self._painter = painter
        self._name = name
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        color = self._painter.color(self._role, mode)
        self._painter.paint(painter, QRectF(rect), self._name, color)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float
    ) -> QPixmap:
        color = self._painter.color(self._role, mode)
        return self._painter.pixmap(self._name, size, color, scale)

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._painter, self._name, self._role)

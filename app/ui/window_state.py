"""Where the window was, and how wide its parts were. Not settings: nobody edits these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

VERSION = 1
DEFAULT = QRect(0, 0, 1280, 840)
SMALLEST = (640, 480)


class WindowState:
    """The window's state in an ini file; a damaged or older file is ignored."""

    def __init__(self, path: Path) -> None:
        self._file = QSettings(str(path), QSettings.Format.IniFormat)
        if _int(self._file.value("version")) != VERSION:
            self._file.clear()
            self._file.setValue("version", VERSION)

    def restore(self, window: QWidget) -> None:
        """Give the window its last place, brought back onto a screen that is there."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        numbers = [_int(each) for each in str(self._file.value("geometry", "")).split(" ")]
        if len(numbers) == 4 and all(number is not None for number in numbers):
            wanted = QRect(*(number or 0 for number in numbers))
            window.setGeometry(clamped(wanted, screens))
        else:
            screen = screens[0] if screens else DEFAULT
            area = QRect(DEFAULT)
            area.moveCenter(screen.center())
            window.setGeometry(clamped(area, screens))
        if str(self._file.value("maximized", "")) == "true":
            window.setWindowState(window.windowState() | window.windowState().WindowMaximized)

    def save(self, window: QWidget) -> None:
        """Remember the window's place."""
        area = window.normalGeometry() if window.isMaximized() else window.geometry()
        if area.isValid():
            numbers = (area.x(), area.y(), area.width(), area.height())
            self._file.setValue("geometry", " ".join(map(str, numbers)))
        self._file.setValue("maximized", "true" if window.isMaximized() else "false")

    def text(self, name: str, default: str = "") -> str:
        """A remembered word, such as the pane last shown."""
        return str(self._file.value(f"parts/{name}", default))

    def numbers(self, name: str) -> list[int]:
        """Remembered numbers, such as the sizes of a splitter; empty if there are none."""
        numbers = [_int(each) for each in self.text(name).split(" ")]
        return [number for number in numbers if number is not None]

    def remember(self, name: str, value: str | Sequence[int]) -> None:
        """Remember a word or some numbers under a name of the pane's own."""
        text = value if isinstance(value, str) else " ".join(map(str, value))
        self._file.setValue(f"parts/{name}", text)

    def flush(self) -> None:
        """Write the file."""
        self._file.sync()


def clamped(wanted: QRect, screens: Sequence[QRect]) -> QRect:
    """`wanted`, moved and shrunk to lie on the screen it overlaps most."""
    if not screens:
        return wanted
    home = max(screens, key=lambda screen: _area(screen & wanted))
    width = min(max(wanted.width(), SMALLEST[0]), home.width())
    height = min(max(wanted.height(), SMALLEST[1]), home.height())
    x = min(max(wanted.x(), home.x()), home.x() + home.width() - width)
    y = min(max(wanted.y(), home.y()), home.y() + home.height() - height)
    return QRect(x, y, width, height)


def _area(rect: QRect) -> int:
    return max(0, rect.width()) * max(0, rect.height())


def _int(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None

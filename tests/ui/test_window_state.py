from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.window_state import WindowState, clamped

SCREEN = QRect(0, 0, 1920, 1080)
RIGHT = QRect(1920, 0, 1280, 1024)


@pytest.mark.parametrize(
    ("wanted", "screens", "result"),
    [
        (QRect(100, 100, 1280, 840), [SCREEN], QRect(100, 100, 1280, 840)),
        (QRect(-500, -300, 1280, 840), [SCREEN], QRect(0, 0, 1280, 840)),
        (QRect(5000, 4000, 1280, 840), [SCREEN], QRect(640, 240, 1280, 840)),
        (QRect(0, 0, 9000, 9000), [SCREEN], SCREEN),
        (QRect(0, 0, 3, 3), [SCREEN], QRect(0, 0, 640, 480)),
        (QRect(2000, 50, 1000, 700), [SCREEN, RIGHT], QRect(2000, 50, 1000, 700)),
        (QRect(2000, 50, 1000, 700), [SCREEN], QRect(920, 50, 1000, 700)),
        (QRect(1, 2, 700, 500), [], QRect(1, 2, 700, 500)),
    ],
)
def test_clamped_always_lies_on_a_screen(wanted: QRect, screens: list[QRect], result: QRect):
    assert clamped(wanted, screens) == result


@pytest.fixture
def window(qtbot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_state_saved_comes_back(tmp_path: Path, window: QWidget, qtbot):
    available = QApplication.primaryScreen().availableGeometry()
    window.setGeometry(10, 20, min(700, available.width()), min(500, available.height()))
    state = WindowState(tmp_path / "window.ini")
    state.save(window)
    state.remember("pane", "models")
    state.remember("sidebar", [268, 700])
    state.flush()
    other = QWidget()
    qtbot.addWidget(other)
    again = WindowState(tmp_path / "window.ini")
    again.restore(other)
    assert other.geometry() == window.geometry()
    assert again.text("pane") == "models"
    assert again.numbers("sidebar") == [268, 700]


def test_state_maximized_comes_back(tmp_path: Path, window: QWidget, qtbot):
    window.showMaximized()
    WindowState(tmp_path / "window.ini").save(window)
    other = QWidget()
    qtbot.addWidget(other)
    WindowState(tmp_path / "window.ini").restore(other)
    other.show()
    assert other.isMaximized()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\x00\x01 nonsense \xff",
        "[General]\nversion=999\ngeometry=1 2 3 4\n",
        "[General]\nversion=1\ngeometry=a b c d\nmaximized=7\n[parts]\nsidebar=x 12 y\n",
        "[General]\nversion=1\ngeometry=99999999999999 1 2\n",
    ],
)
def test_state_damaged_file_gives_a_usable_window(tmp_path: Path, window: QWidget, content: str):
    file = tmp_path / "window.ini"
    file.write_text(content, encoding="utf-8")
    state = WindowState(file)
    state.restore(window)
    screen = QApplication.primaryScreen().availableGeometry()
    assert screen.intersects(window.geometry())
    assert state.numbers("sidebar") in ([], [12])
    assert state.text("pane") == ""

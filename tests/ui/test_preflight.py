from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.ui import preflight
from app.ui.preflight import CannotOpenWindow, check_import, check_screen, missing_library

ROOT = Path(__file__).resolve().parents[2]


def test_check_screen_offscreen_needs_nothing():
    check_screen({"QT_QPA_PLATFORM": "offscreen"})
    check_screen({"QT_QPA_PLATFORM": "minimal:enable_fonts"})


def test_check_screen_no_display_points_to_ask():
    with pytest.raises(CannotOpenWindow, match="no screen") as caught:
        check_screen({})
    assert "cairn ask" in caught.value.hint


def test_check_screen_missing_x_library_names_it_and_the_line(monkeypatch):
    monkeypatch.setattr(
        preflight, "_first_missing", lambda names: "libxcb-cursor.so.0" if names else None
    )
    monkeypatch.setattr(preflight, "_system_ids", lambda: {"debian"})
    with pytest.raises(CannotOpenWindow) as caught:
        check_screen({"DISPLAY": ":0"})
    assert "libxcb-cursor.so.0" in caught.value.message
    assert caught.value.hint == "Install it with: sudo apt install libxcb-cursor0"


def test_check_screen_wayland_broken_but_x_there_is_enough(monkeypatch, tmp_path: Path):
    (tmp_path / "wayland-0").touch()
    monkeypatch.setattr(
        preflight,
        "_first_missing",
        lambda names: "libwayland-cursor.so.0" if names is preflight.WAYLAND_LIBRARIES else None,
    )
    screen = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    check_screen(screen | {"DISPLAY": ":0"})
    with pytest.raises(CannotOpenWindow, match="libwayland-cursor"):
        check_screen(screen)


def test_check_screen_everything_there_is_quiet(monkeypatch):
    monkeypatch.setattr(preflight, "_first_missing", lambda _names: None)
    check_screen({"DISPLAY": ":0"})


def test_missing_library_on_fedora_uses_dnf(monkeypatch):
    monkeypatch.setattr(preflight, "_system_ids", lambda: {"fedora"})
    assert missing_library("libEGL.so.1").hint == "Install it with: sudo dnf install libglvnd-egl"


def test_missing_library_unknown_one_is_still_named():
    error = missing_library("libstrange.so.9")
    assert "libstrange.so.9" in error.message
    assert error.hint


def test_first_missing_finds_what_is_not_there():
    assert preflight._first_missing(("libc.so.6", "libsurely-not-there.so.1")) == (
        "libsurely-not-there.so.1"
    )


def test_check_import_loader_error_becomes_one_sentence(monkeypatch):
    words = "libEGL.so.1: cannot open shared object file: No such file or directory"

    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "PySide6.QtWidgets":
                raise ImportError(words)

    monkeypatch.delitem(sys.modules, "PySide6.QtWidgets")
    monkeypatch.setattr("PySide6.QtWidgets", None, raising=False)
    monkeypatch.delattr("PySide6.QtWidgets")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(CannotOpenWindow, match=r"libEGL\.so\.1"):
        check_import()


def test_run_window_no_screen_ends_with_one_sentence_and_no_traceback(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path\n"
        "from app.base.errors import AppError\nfrom app.base.paths import DataPaths\n"
        "from app.ui.application import run_window\n"
        "paths = DataPaths(Path(sys.argv[1])); paths.make()\n"
        "try: run_window(paths, [])\n"
        "except AppError as error: print(error); sys.exit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env={"PATH": "", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    if sys.platform.startswith("linux"):
        assert done.returncode == 3, done.stderr
        assert done.stdout.startswith("There is no screen to open a window on.")
        assert "Traceback" not in done.stderr

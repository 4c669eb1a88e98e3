"""Checks before Qt is imported that it will be able to open a window; Qt itself aborts if not.

Imports nothing of Qt. Each problem is one sentence with the line that solves it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from app.base.errors import AppError

# Shared library -> (Debian and Ubuntu package, Fedora package).
PACKAGES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libGLX.so.0": ("libglx0", "libglvnd-glx"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
}
# What the two window plugins load, in the order the loader would miss it.
XCB_LIBRARIES = tuple(name for name in PACKAGES if name.startswith(("libX", "libxcb", "libxkb")))
WAYLAND_LIBRARIES = ("libwayland-client.so.0", "libwayland-cursor.so.0", "libxkbcommon.so.0")
SCREENLESS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs", "vkkhrdisplay")
ASK = 'Without a screen, ask in the terminal: cairn ask "your question" FILE'


class CannotOpenWindow(AppError):
    """Qt would not start here."""


def check() -> None:
    """Make sure that a window can open.

    Raises:
        CannotOpenWindow: a system library or a screen is missing.
    """
    check_import()
    if sys.platform.startswith("linux"):
        check_screen(os.environ)


def check_import() -> None:
    """Import Qt; a missing system library is named, any other failure is passed on.

    Raises:
        CannotOpenWindow: Qt is not installed, or one of its libraries is missing.
    """
    if importlib.util.find_spec("PySide6") is None:
        raise CannotOpenWindow(
            "Qt is not installed in this Python.", "Install it with: pip install PySide6-Essentials"
        )
    try:
        from PySide6 import QtWidgets  # noqa: F401 - only to see whether it loads
    except ImportError as error:
        found = re.match(r"(lib[\w.+-]+\.so[\d.]*): cannot open shared object", str(error))
        if found is None:
            raise
        raise missing_library(found[1]) from error


def check_screen(environment: Mapping[str, str]) -> None:
    """Make sure there is a screen and that Qt's plugin for it finds its libraries.

    Raises:
        CannotOpenWindow: it would not.
    """
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if platform in SCREENLESS:
        return
    has_wayland = _has_wayland(environment)
    if not platform and not environment.get("DISPLAY") and not has_wayland:
        raise CannotOpenWindow("There is no screen to open a window on.", ASK)
    wants_wayland = platform.startswith("wayland") or (has_wayland and not platform)
    missing_wayland = _first_missing(WAYLAND_LIBRARIES) if wants_wayland else None
    if wants_wayland and missing_wayland is None:
        return
    can_use_x = platform == "xcb" or (not platform and bool(environment.get("DISPLAY")))
    if not can_use_x:
        if missing_wayland is not None:
            raise missing_library(missing_wayland)
        return
    missing = _first_missing(XCB_LIBRARIES)
    if missing is not None:
        raise missing_library(missing)


def missing_library(name: str) -> CannotOpenWindow:
    """The error for a shared library that is not there."""
    debian, fedora = PACKAGES.get(name, ("", ""))
    message = f"Qt needs the system library {name}, which is not installed."
    if not debian:
        return CannotOpenWindow(message, f"Install the package that contains {name}.")
    if _system_ids() & {"fedora", "rhel", "centos"}:
        return CannotOpenWindow(message, f"Install it with: sudo dnf install {fedora}")
    return CannotOpenWindow(message, f"Install it with: sudo apt install {debian}")


def _has_wayland(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY", "")
    folder = environment.get("XDG_RUNTIME_DIR", "")
    return bool(name) and (Path(folder) / name).exists()


def _first_missing(names: tuple[str, ...]) -> str | None:
    bundled = _bundled_libraries()
    for name in names:
        if name in bundled:
            continue
        try:
            ctypes.CDLL(name)
        except OSError:
            return name
    return None


def _bundled_libraries() -> frozenset[str]:
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        return frozenset()
    folder = Path(spec.origin).parent / "Qt" / "lib"
    return frozenset(file.name for file in folder.glob("lib*.so*"))


def _system_ids() -> set[str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    values = [line.split("=", 1)[1] for line in lines if line.startswith(("ID=", "ID_LIKE="))]
    return {word for value in values for word in value.strip('"').split()}

"""Shows a file in the system's file manager."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from app.base.errors import AppError


def show_in_folder(path: Path) -> None:
    """Open the folder of a file, with the file marked where the system can do that.

    Raises:
        AppError: the folder is gone, or no file manager could be opened.
    """
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise AppError(
            f"The folder {folder} is not there any more.",
            "It may be on a drive that is not connected, or it was moved or deleted.",
        )
    if path.exists() and _show_marked(path):
        return
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        raise AppError("The file manager could not be opened.", f"The file is at {path}.")


def _show_marked(path: Path) -> bool:
    if sys.platform == "win32":
        return _started("explorer.exe", ["/select,", str(path)])
    if sys.platform == "darwin":
        return _started("open", ["-R", str(path)])
    return False


def _started(program: str, arguments: list[str]) -> bool:
    started = QProcess.startDetached(program, arguments)
    return bool(started[0] if isinstance(started, tuple) else started)

"""Opens the window. Imports Qt only once it is sure that Qt can start here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.base.paths import DataPaths
from app.ui import preflight


def run_window(paths: DataPaths, files: Sequence[Path] = ()) -> int:
    """Open the window, or bring the one that is open to the front, and run until it closes.

    Args:
        paths: the data folder; its folders exist.
        files: to be opened as if they were dropped on the window.

    Returns:
        the exit code.

    Raises:
        CannotOpenWindow: a system library or a screen is missing.
    """
    preflight.check()
    # Qt may be imported now, and its network half only if a window has left its sign.
    if paths.open_window.exists():
        from app.ui.single_instance import hand_over

        if hand_over(paths, files):
            return 0
    from app.ui.session import Session, make_application

    app = make_application()
    session = Session(app, paths)
    session.open(files)
    return app.exec()

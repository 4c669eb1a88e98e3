"""Entry of the library child. The window's process imports this module too, so it stays light."""

from __future__ import annotations

import os
import sys

from app.base.child_side import Handler
from app.library.protocol import LibraryChildOptions

# Enough that the window and a streaming answer go first, without any loss while they rest.
NICENESS = 5


def library_child(options: LibraryChildOptions) -> Handler:
    """The handler that serves `app.library.protocol`; runs in the child."""
    _yield_to_the_window()
    from app.library.serving import LibraryHandler  # readers and numpy belong to the child

    return LibraryHandler(options)


def _yield_to_the_window() -> None:
    if sys.platform == "win32":
        import psutil  # only Windows needs it here

        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(NICENESS)

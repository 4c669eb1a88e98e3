"""What a database that was never used begins with."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.storage.db import Database, Session
from app.storage.named import NamedRow, is_untouched


class Seeding:
    """Rows that are written once, before anything else is read or written.

    Threads and processes may come at the same time: threads wait for the first, and of two
    processes one writes.
    """

    def __init__(
        self,
        database: Database,
        kind: type[NamedRow],
        prepare: Callable[[], Callable[[Session], object]],
    ) -> None:
        """Write nothing yet.

        Args:
            database: to write to.
            kind: of rows. Where there ever was one, even if it is deleted by now, nothing is
                written.
            prepare: reads and checks what there is to begin with, and returns what writes it.
        """
        self._database = database
        self._kind = kind
        self._prepare = prepare
        self._lock = threading.Lock()
        self._was_tried = False

    def ensure(self) -> None:
        """Write the rows if that is to be done. Where it fails it is not tried again."""
        with self._lock:
            if self._was_tried:
                return
            self._was_tried = True
            with self._database.read() as session:
                if not is_untouched(session, self._kind):
                    return
            write = self._prepare()

            def work(session: Session) -> None:
                if is_untouched(session, self._kind):
                    write(session)

            self._database.write(work)

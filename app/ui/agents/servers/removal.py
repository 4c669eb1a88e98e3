"""Removing a server so that it can be undone: it is off at once, and gone when the page is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.agents.mcp.entities import ServerView
from app.base.errors import AppError
from app.ui.agents.servers.words import is_alive
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.agents.mcp.service import McpServers


@dataclass(frozen=True, slots=True)
class Removed:
    """A server that waits to be removed, as it was."""

    view: ServerView

    @property
    def was_on(self) -> bool:
        """Whether agents could use it; an entry that cannot be read is as good as off."""
        return not self.view.is_disabled and self.view.transport is not None


class ServerRemoval(QObject):
    """At most one server waits: its entry, consent, choices and keys can still come back.

    Signals:
        hidden: the server of this name shall not be shown any more; it is stopped and off.
        restored: it is there again.
        failed: the name, and the AppError.
    """

    hidden = Signal(str)
    restored = Signal(str)
    failed = Signal(str, object)

    def __init__(self, jobs: JobRunner, servers: McpServers, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._servers = servers
        self._waiting: Removed | None = None
        self.gone: set[str] = set()  # names that are not shown

    def remove(self, view: ServerView) -> None:
        """Stop a server, switch it off and hide it."""
        self.settle()
        removed, name = Removed(view), view.name

        def work() -> None:
            if removed.was_on:
                self._servers.update(name, {"disabled": True})

        def done(_nothing: None) -> None:
            self._waiting = removed
            self.gone.add(name)
            self.hidden.emit(name)

        self._jobs.submit(work, owner=self, done=done, failed=partial(self.failed.emit, name))

    def undo(self) -> None:
        """Bring it back as it was."""
        removed, self._waiting = self._waiting, None
        if removed is None:
            return
        name = removed.view.name

        def work() -> None:
            if removed.was_on:
                self._servers.update(name, {"disabled": None})
            if is_alive(removed.view):
                self._servers.start(name)

        def failed(error: AppError) -> None:
            self._show_again(name)
            self.failed.emit(name, error)

        self._jobs.submit(
            work, owner=self, done=lambda _nothing: self._show_again(name), failed=failed
        )

    def settle(self, only: str = "") -> None:
        """Nobody undoes it any more: forget the server, what was agreed to, and its keys.

        Args:
            only: the name of the server that is meant; empty for whichever waits.
        """
        removed = self._waiting
        if removed is None or only not in ("", removed.view.name):
            return
        self._waiting, name = None, removed.view.name

        def done(_nothing: None) -> None:
            self.gone.discard(name)

        def failed(error: AppError) -> None:
            self._show_again(name)
            self.failed.emit(name, error)

        self._jobs.submit(self._servers.remove, name, owner=self, done=done, failed=failed)

    def _show_again(self, name: str) -> None:
        self.gone.discard(name)
        self.restored.emit(name)

"""What the page does to servers and their tools: the call off the GUI thread, and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.agents.entities import Risk
from app.agents.mcp.entities import ToolReview
from app.base.errors import AppError
from app.ui.agents.servers.add import AddSheet
from app.ui.agents.servers.change import ChangeSheet
from app.ui.agents.servers.draft import ServerDraft, add_draft, change_server
from app.ui.agents.servers.review import ReviewSheet
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.agents.mcp.service import McpServers


class ServerActions(QObject):
    """Everything but starting and removing.

    Signals:
        began: something that takes a moment is done to a server, in words.
        ended: it is done, or it failed.
        failed: the server's name, and the AppError.
        added: the names of new servers.
    """

    began = Signal(str, str)
    ended = Signal(str)
    failed = Signal(str, object)
    added = Signal(tuple)

    def __init__(self, context: PaneContext, servers: McpServers, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._servers = servers
        self._parent = parent

    def stop(self, name: str) -> None:
        """End a server."""
        self._do(name, partial(self._servers.stop, name), "Stopping…")

    def switch(self, name: str, is_on: bool) -> None:
        """Let agents use a server, or not; one that is switched off is stopped."""
        changes = {"enabled": None, "disabled": None} if is_on else {"disabled": True}
        words = "Switching on…" if is_on else "Switching off…"
        self._do(name, partial(self._servers.update, name, changes), words)

    def set_tool(self, name: str, tool: str, is_on: bool, risk: Risk) -> None:
        """Switch a tool on or off, and say what it can do at worst."""
        self._do(name, partial(self._servers.set_tool, name, tool, is_on, risk))

    def review(self, name: str, tool: str) -> None:
        """Show what a server changed about a tool, and allow it if the person does."""
        self._context.jobs.submit(
            self._servers.review_tool,
            name,
            tool,
            owner=self,
            done=partial(self._show_review, name),
            failed=partial(self.failed.emit, name),
        )

    def add(self) -> AddSheet:
        """Ask what is to be added."""
        sheet = AddSheet(self._parent.window(), self._context.icons, self._context.theme)
        sheet.pasted.connect(
            lambda text: self._add(sheet, partial(self._servers.import_json, text))
        )
        sheet.filled_in.connect(lambda draft: self._add(sheet, partial(self._add_draft, draft)))
        sheet.open()
        return sheet

    def change(self, name: str) -> None:
        """Ask what of a server is to be other."""
        self._context.jobs.submit(
            self._servers.values,
            name,
            owner=self,
            done=partial(self._show_change, name),
            failed=partial(self.failed.emit, name),
        )

    def _show_change(self, name: str, values: Mapping[str, Any]) -> None:
        icons, theme = self._context.icons, self._context.theme
        sheet = ChangeSheet(self._parent.window(), icons, theme, name, values)

        def done(_nothing: None) -> None:
            sheet.dismiss()
            self.ended.emit(name)

        def save(draft: ServerDraft) -> None:
            work = partial(change_server, self._servers, draft)
            self._context.jobs.submit(work, owner=sheet, done=done, failed=sheet.show_problem)

        sheet.changed.connect(save)
        sheet.open()

    def _add_draft(self, draft: ServerDraft) -> tuple[str, ...]:
        return (add_draft(self._servers, draft),)

    def _add(self, sheet: AddSheet, work: Callable[[], tuple[str, ...]]) -> None:
        def done(names: tuple[str, ...]) -> None:
            sheet.dismiss()
            self.added.emit(names)

        sheet.set_busy(True)
        self._context.jobs.submit(work, owner=sheet, done=done, failed=sheet.show_problem)

    def _show_review(self, name: str, review: ToolReview) -> None:
        icons, theme = self._context.icons, self._context.theme
        sheet = ReviewSheet(self._parent.window(), icons, theme, name, review)
        accept = partial(self._servers.accept_tool, name, review.tool, review.seal)
        sheet.accepted.connect(lambda: self._do(name, accept))
        sheet.open()

    def _do(self, name: str, work: Callable[[], object], words: str = "") -> None:
        def failed(error: AppError) -> None:
            self.ended.emit(name)
            self.failed.emit(name, error)

        if words:
            self.began.emit(name, words)
        self._context.jobs.submit(
            work, owner=self, done=lambda _result: self.ended.emit(name), failed=failed
        )

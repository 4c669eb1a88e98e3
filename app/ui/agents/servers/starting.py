"""Starting a server: agreement first, then the keys it needs, then the start itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.agents.mcp.entities import LaunchTerms
from app.base.errors import AppError
from app.ui.agents.servers.consent import ConsentSheet
from app.ui.agents.servers.keys import KeysSheet
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.agents.mcp.service import McpServers

# What has to be asked for before a server can start; None once it was started.
Needs = LaunchTerms | tuple[str, ...] | None


def start_or_ask(servers: McpServers, name: str) -> Needs:
    """Begin to start a server, or say what is needed first; runs off the GUI thread."""
    terms = servers.to_agree(name)
    if not terms.is_agreed:
        return terms
    if missing := servers.keys_missing(name):
        return missing
    servers.start(name)
    return None


class ServerStarting(QObject):
    """Asks what has to be asked.

    Signals:
        began, ended: something is being done to start the server of this name.
        failed: its name, and the AppError.
    """

    began = Signal(str)
    ended = Signal(str)
    failed = Signal(str, object)

    def __init__(self, context: PaneContext, servers: McpServers, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._servers = servers
        self._parent = parent

    def start(self, name: str) -> None:
        """Start a server, asking for whatever is missing."""
        self._go_on(name, lambda: None, partial(self._on_failed, name))

    def show_terms(self, name: str) -> None:
        """Show what would run; nothing is started unless the person agrees to it now."""
        self._context.jobs.submit(
            self._servers.to_agree,
            name,
            owner=self,
            done=partial(self._ask, name),
            failed=partial(self._on_failed, name),
        )

    def _go_on(
        self, name: str, first: Callable[[], object], failed: Callable[[AppError], object]
    ) -> None:
        def work() -> Needs:
            first()
            return start_or_ask(self._servers, name)

        self.began.emit(name)
        self._context.jobs.submit(
            work, owner=self, done=partial(self._on_answered, name), failed=failed
        )

    def _on_answered(self, name: str, needs: Needs) -> None:
        self.ended.emit(name)
        if needs is not None:
            self._ask(name, needs)

    def _on_failed(self, name: str, error: AppError) -> None:
        self.ended.emit(name)
        self.failed.emit(name, error)

    def _ask(self, name: str, needs: LaunchTerms | tuple[str, ...]) -> None:
        window, icons = self._parent.window(), self._context.icons
        if isinstance(needs, LaunchTerms):
            consent = ConsentSheet(window, icons, self._context.theme, needs)
            consent.agreed.connect(partial(self._on_agreed, name, needs.seal))
            consent.open()
            return
        sheet = KeysSheet(window, icons, name, needs)
        sheet.given.connect(partial(self._on_keys_given, name, sheet))
        sheet.open()

    def _on_agreed(self, name: str, seal: str) -> None:
        agree = partial(self._servers.agree, name, seal)
        self._go_on(name, agree, partial(self._on_failed, name))

    def _on_keys_given(
        self, name: str, sheet: KeysSheet, keys: dict[str, str], this_run: bool
    ) -> None:
        def keep() -> None:
            for reference, text in keys.items():
                self._servers.keep_key(name, reference, text, this_run=this_run)

        def kept(_nothing: None) -> None:
            sheet.dismiss()
            self.start(name)

        self._context.jobs.submit(keep, owner=sheet, done=kept, failed=sheet.show_problem)

"""Opens sources beside the chat: fetches pages and texts for the source view, and gives focus back.

It decides nothing about how a source looks.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from app.base.errors import AppError
from app.ui.chat.sources.view import PageWish, PartWish
from app.ui.chat.view import ChatView
from app.ui.jobs import Job, JobRunner
from app.ui.sources.request import SourceRequest

if TYPE_CHECKING:
    from app.library.service import LibraryService


class SourcePanel(QObject):
    """The source view with its library behind it.

    Signals:
        failed: an `AppError` that belongs to no page.
    """

    failed = Signal(object)

    def __init__(self, chat: ChatView, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._chat = chat
        self._view = view = chat.source
        self._jobs = jobs
        self._library: LibraryService | None = None
        self._job: Job | None = None
        self._focus_before: QWidget | None = None
        view.page_wanted.connect(self._on_page_wanted)
        view.part_wanted.connect(self._on_part_wanted)
        view.open_requested.connect(self._on_open_requested)
        view.closed.connect(self.close)

    def attach(self, library: LibraryService) -> None:
        """The library is there."""
        self._library = library

    def open(self, request: SourceRequest, parts: int) -> None:
        """Show a source; its document has so many parts, 0 when that is not known."""
        if not self._view.isVisible():
            self._focus_before = QApplication.focusWidget()
        self._chat.show_source()
        self._view.open(request, parts)
        self._view.focus_content()

    def close(self) -> None:
        """Close it; the focus goes back to where it was."""
        if self._view.isHidden():
            return
        self._chat.hide_source()
        before, self._focus_before = self._focus_before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus()

    def _on_page_wanted(self, wish: PageWish) -> None:
        if self._library is None:
            return
        request = wish.request
        quote = request.quote if wish.number == request.place.page else ""
        self._replace_job(
            self._jobs.submit(
                self._library.render_page,
                request.path,
                wish.number,
                wish.width,
                quote,
                owner=self._view,
                done=partial(self._view.show_page, wish),
                failed=partial(self._view.show_failure, wish),
            )
        )

    def _on_part_wanted(self, wish: PartWish) -> None:
        if self._library is None:
            return
        self._replace_job(
            self._jobs.submit(
                self._library.part_text,
                wish.request.content,
                wish.part,
                owner=self._view,
                done=partial(self._view.show_part, wish),
                failed=partial(self._view.show_failure, wish),
            )
        )

    def _replace_job(self, job: Job) -> None:
        if self._job is not None:
            self._job.drop()
        self._job = job

    def _on_open_requested(self, path: Path) -> None:
        if not path.exists():
            self.failed.emit(
                AppError(
                    f"The file {path.name} is not there any more.",
                    "It may have been moved or deleted, or be on a drive that is not connected.",
                )
            )
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.failed.emit(AppError(f"No program opened {path.name}.", f"The file is at {path}."))

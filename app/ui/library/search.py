"""One search after the other: from the search bar to the service, and into the results."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.library.entities import Document, Passage
from app.settings.schema import SearchMode
from app.ui.amounts import count_text
from app.ui.jobs import Job, JobRunner
from app.ui.library.rows import EVERYTHING, Shelf
from app.ui.library.search_bar import SearchBar
from app.ui.library.search_results import SearchResults

PASSAGES_SHOWN = 30
Retrieve = Callable[..., tuple[Passage, ...]]


class LibrarySearch(QObject):
    """Searches a shelf as long as there is something in the search bar.

    Signals:
        began: results are to be shown instead of the documents.
        ended: the search bar is empty again.
        failed: the AppError of a search.
    """

    began = Signal()
    ended = Signal()
    failed = Signal(object)

    def __init__(
        self, jobs: JobRunner, bar: SearchBar, results: SearchResults, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._bar = bar
        self._results = results
        self._retrieve: Retrieve | None = None
        self._job: Job | None = None
        self._shelf = EVERYTHING
        self._place = "all documents"
        self._documents: tuple[Document, ...] = ()
        bar.searched.connect(self._search)
        bar.cleared.connect(self._on_cleared)
        results.mode_wanted.connect(self._on_mode_wanted)

    def use(self, retrieve: Retrieve) -> None:
        """Search with this from now on."""
        self._retrieve = retrieve

    def set_documents(self, documents: tuple[Document, ...]) -> None:
        """Know what is in the library; nothing is searched again by that."""
        self._documents = documents

    def set_shelf(self, shelf: Shelf, title: str) -> None:
        """Search in another shelf, the present words too."""
        self._shelf = shelf
        self._place = "all documents" if shelf == EVERYTHING else f"“{title}”"
        self._bar.set_place(self._place)
        if self._bar.text:
            self._search(self._bar.text, self._bar.mode)

    def _search(self, text: str, mode: SearchMode) -> None:
        if self._retrieve is None:
            return
        self._drop()
        self.began.emit()
        self._results.show_searching()
        token = CancelToken()
        self._job = self._jobs.submit(
            partial(self._retrieve, mode=mode, limit=PASSAGES_SHOWN, cancel=token),
            text,
            self._shelf.scope(self._documents),
            owner=self,
            done=partial(self._on_found, text, mode),
            failed=self._on_failed,
            cancel=token,
        )

    def _drop(self) -> None:
        if self._job is not None:
            self._job.drop()
            self._job = None

    def _on_found(self, text: str, mode: SearchMode, passages: tuple[Passage, ...]) -> None:
        if passages:
            self._results.show_found(passages, text, self._place)
        else:
            self._results.show_nothing(text, self._place, mode, self._pending_note())

    def _on_failed(self, error: AppError) -> None:
        self._results.show_failed()
        self.failed.emit(error)

    def _on_cleared(self) -> None:
        self._drop()
        self.ended.emit()

    def _on_mode_wanted(self, mode: SearchMode) -> None:
        self._bar.set_mode(mode)
        self._search(self._bar.text, mode)

    def _pending_note(self) -> str:
        pending = sum(
            each.status.is_pending and self._shelf.accepts(each) for each in self._documents
        )
        if not pending:
            return ""
        verb = "is" if pending == 1 else "are"
        return f"{count_text(pending, 'document')} {verb} still being read."

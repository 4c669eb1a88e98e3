"""Which documents a chat is asked over: shown by the composer, chosen in the picker, or dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.library.entities import Collection, Document, DocumentId, Scope
from app.ui.chat.adding import Attached, attach_files
from app.ui.chat.composer import Composer
from app.ui.chat.loading import Loading
from app.ui.chat.scope.items import ScopeItems
from app.ui.chat.scope.picker import ScopePicker
from app.ui.chat.words import pending_text, scope_title
from app.ui.pane import PaneContext
from app.ui.widgets.labels import Label

if TYPE_CHECKING:
    from app.library.service import LibraryService


class ScopeControl(QObject):
    """The scope of the chat that is shown.

    Signals:
        scope_chosen: a person chose another `Scope`.
        documents_changed: the library's documents are others now.
        failed: an `AppError`.
    """

    scope_chosen = Signal(object)
    documents_changed = Signal()
    failed = Signal(object)

    def __init__(
        self, composer: Composer, pending: Label, context: PaneContext, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._composer, self._pending = composer, pending
        self._jobs, self._theme, self._icons = context.jobs, context.theme, context.icons
        self._window = parent
        self._library: LibraryService | None = None
        self._loading: Loading[tuple[tuple[Document, ...], tuple[Collection, ...]]] | None = None
        self.scope = Scope()
        self.documents: tuple[Document, ...] = ()
        self.collections: tuple[Collection, ...] = ()
        composer.scope_requested.connect(self.open_picker)
        composer.attach_requested.connect(self.choose_files)
        self._show()

    def attach(self, library: LibraryService) -> None:
        """The library is there: read what is in it."""
        self._library = library

        def read() -> tuple[tuple[Document, ...], tuple[Collection, ...]]:
            return library.documents(), library.collections()

        self._loading = Loading(self._jobs, self, read, self._on_read, self.failed.emit)
        self.reload()

    def reload(self) -> None:
        """Read the documents again."""
        if self._loading is not None:
            self._loading.reload()

    def show_scope(self, scope: Scope) -> None:
        """Another chat is shown."""
        self.scope = scope
        self._show()

    def choose(self, scope: Scope) -> None:
        """A person wants these documents asked."""
        self.show_scope(scope)
        self.scope_chosen.emit(scope)

    def parts_of(self, content: str) -> int:
        """How many pages or parts a document has; 0 when that is not known."""
        return next((each.pages for each in self.documents if each.content == content), 0)

    def open_picker(self) -> None:
        """Let a person choose."""
        items = ScopeItems(self.documents, self.collections, self.scope, self._icons)
        picker = ScopePicker(items, self._theme, self._icons, self._window.window())
        picker.chosen.connect(self.choose)
        picker.open()

    def choose_files(self) -> None:
        """Let a person choose files to add and ask."""
        dialog = QFileDialog(self._window, "Add documents")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add files to the library, and ask them from now on."""
        if self._library is None:
            return
        self._jobs.submit(
            attach_files,
            self._library,
            tuple(paths),
            owner=self,
            done=self._on_attached,
            failed=self.failed.emit,
        )

    def _on_files_selected(self, names: Iterable[str]) -> None:
        self.add_files([Path(name) for name in names])

    def _on_attached(self, attached: Attached) -> None:
        if attached.problem is not None:
            self.failed.emit(attached.problem)
        if attached.documents:
            old: tuple[DocumentId, ...] = self.scope.documents
            new = tuple(each for each in attached.documents if each not in old)
            self.choose(Scope(self.scope.collections, old + new))
        self.reload()

    def _on_read(self, read: tuple[tuple[Document, ...], tuple[Collection, ...]]) -> None:
        self.documents, self.collections = read
        self._show()
        self.documents_changed.emit()

    def _show(self) -> None:
        title = scope_title(self.scope, self.documents, self.collections)
        self._composer.set_scope(title, is_everything=self.scope.is_everything)
        text = pending_text(self.documents)
        self._pending.setText(text)
        self._pending.setVisible(bool(text))

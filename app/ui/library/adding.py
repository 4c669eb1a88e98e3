"""Adding files and folders: the file dialog, the service, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.base.errors import AppError
from app.library.entities import CollectionId
from app.ui.library.refused_bar import RefusedBar
from app.ui.pane import Pane
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import Bars

if TYPE_CHECKING:
    from app.library.service import AddReport


class DocumentAdding(QObject):
    """Adds to the library in the pane's name.

    Signals:
        busy_changed: whether files are being looked through.
        files_chosen: paths from the file dialog.
    """

    busy_changed = Signal(bool)
    files_chosen = Signal(list)

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane
        self._running = 0

    def choose_files(self) -> None:
        """Ask which files to add."""
        self._choose("Add documents", QFileDialog.FileMode.ExistingFiles)

    def choose_folder(self) -> None:
        """Ask which folder to add."""
        self._choose("Add a folder", QFileDialog.FileMode.Directory)

    def add(self, paths: Sequence[Path], collection: CollectionId | None, place: Bars) -> None:
        """Add these; what is refused is listed at `place`."""
        self._running += 1
        self.busy_changed.emit(True)
        self._pane.context.jobs.submit(
            self._pane.services.library.add,
            tuple(paths),
            collection,
            owner=self,
            done=partial(self._on_added, tuple(paths), place),
            failed=self._on_failed,
        )

    def _choose(self, title: str, mode: QFileDialog.FileMode) -> None:
        if not self._pane.is_ready:
            return
        dialog = QFileDialog(self._pane, title)
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_files_selected(self, files: list[str]) -> None:
        self.files_chosen.emit([Path(file) for file in files])

    def _on_added(self, paths: tuple[Path, ...], place: Bars, report: AddReport) -> None:
        self._ended()
        if report.refused:
            place.add(RefusedBar(self._pane.context.icons, report.refused), first=True)
        elif not report.added:
            names = ", ".join(f"“{path.name or path}”" for path in paths[:3])
            nothing_new = AppError(f"There is nothing new to add in {names}.")
            self._pane.show_problem(nothing_new, severity=Severity.INFO)

    def _on_failed(self, error: AppError) -> None:
        self._ended()
        self._pane.show_problem(error)

    def _ended(self) -> None:
        self._running -= 1
        self.busy_changed.emit(self._running > 0)

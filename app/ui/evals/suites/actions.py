"""What is done to many items of a suite: pasting, removing, exporting; with a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.base.errors import AppError
from app.evals.runs.entities import StoredSuite, SuiteId
from app.ui.amounts import count_text
from app.ui.evals.suites.drafts import ItemKeeper
from app.ui.evals.suites.reading import ItemFilter, pasted_items
from app.ui.pane import PaneContext
from app.ui.reveal import show_in_folder
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.evals.suites.service import SuiteService


def paste_rows(suites: SuiteService, suite_id: SuiteId, text: str) -> tuple[str, ...]:
    """Make items of two columns separated by tabs. Returns their keys."""
    return tuple(each.key for each in suites.add_items(suite_id, pasted_items(text)))


def remove_rows(
    suites: SuiteService,
    suite_id: SuiteId,
    wanted: ItemFilter,
    rows: Sequence[tuple[int, str]],
) -> tuple[str, ...]:
    """Remove items by their rows and keys; a key that is not known yet is read by its row.

    Returns:
        the keys.
    """
    keys = [key for _row, key in rows]
    if not all(keys):
        items = suites.items(suite_id, search=wanted.search, tag=wanted.tag, limit=-1)
        keys = [key or items[row].key for row, key in rows if key or row < len(items)]
    suites.remove_items(suite_id, keys)
    return tuple(keys)


def export_file(suites: SuiteService, suite_id: SuiteId, path: Path) -> Path:
    """Write a suite as JSON Lines."""
    from app.evals.suites.writing import write_suite

    write_suite(suites.whole(suite_id), path)
    return path


class SuiteActions(QObject):
    """Does it after everything typed is saved, and tells of it.

    Signals:
        changed: the items are others now.
        failed: the `AppError` that stopped it.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, context: PaneContext, keeper: ItemKeeper, page: QWidget) -> None:
        super().__init__(page)
        self._context, self._keeper, self._page = context, keeper, page

    def paste(self, suites: SuiteService, suite_id: SuiteId, text: str) -> None:
        """Make items of copied rows."""

        def done(keys: tuple[str, ...]) -> None:
            undo = partial(self._do, partial(suites.remove_items, suite_id, keys))
            words = f"{count_text(len(keys), 'item was', 'items were')} added."
            self._tell(words, Choice("Undo", undo))

        self._keeper.then(partial(paste_rows, suites, suite_id, text), done, self.failed.emit)

    def remove(
        self,
        suites: SuiteService,
        suite_id: SuiteId,
        wanted: ItemFilter,
        rows: Sequence[tuple[int, str]],
    ) -> None:
        """Take items out."""

        def done(keys: tuple[str, ...]) -> None:
            undo = partial(self._do, partial(suites.restore_items, suite_id, keys))
            words = f"{count_text(len(keys), 'item was', 'items were')} removed."
            self._tell(words, Choice("Undo", undo))

        work = partial(remove_rows, suites, suite_id, wanted, rows)
        self._keeper.then(work, done, self.failed.emit)

    def export(self, services: Services, suite: StoredSuite) -> None:
        """Ask where to, and write the file."""
        suites = services.evals.suites
        name = f"{suite.name.replace('/', '-')}.jsonl"
        dialog = QFileDialog(self._page.window(), "Export suite", name, "JSON Lines (*.jsonl)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.fileSelected.connect(lambda file: self.export_to(suites, suite.id, Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, suites: SuiteService, suite_id: SuiteId, path: Path) -> None:
        """Write the file."""

        def done(written: Path) -> None:
            choice = Choice("Show in folder", partial(self._show_in_folder, written))
            self._context.notify.toast(f"{written.name} was written.", Severity.OK, choice=choice)

        self._keeper.then(partial(export_file, suites, suite_id, path), done, self.failed.emit)

    def _do(self, work: Callable[[], object]) -> None:
        self._keeper.then(work, lambda _nothing: self.changed.emit(), self.failed.emit)

    def _tell(self, words: str, choice: Choice) -> None:
        self._context.notify.toast(words, choice=choice)
        self.changed.emit()

    def _show_in_folder(self, path: Path) -> None:
        try:
            show_in_folder(path)
        except AppError as error:
            self.failed.emit(error)

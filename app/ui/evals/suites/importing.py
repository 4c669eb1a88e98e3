"""Takes suite files in: asks for them, shows what is in them, and never drops a row silently."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.base.errors import AppError
from app.evals.runs.entities import StoredSuite
from app.evals.suites.imported import SuiteFormat
from app.ui.amounts import count_text
from app.ui.evals.suites.file import Look, read_file
from app.ui.pane import Pane, PaneContext
from app.ui.widgets.choice import Severity

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.ui.evals.suites.import_sheet import ImportSheet

ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")
_DIALOG_FILTER = f"Suites ({' '.join(f'*{each}' for each in ENDINGS)});;All files (*)"

Done = Callable[[StoredSuite], object]


def is_suite_file(path: Path) -> bool:
    """Whether a file's name says that a suite may be in it."""
    return path.suffix.lower() in ENDINGS


def choose_and_import(pane: Pane, context: PaneContext, services: Services, done: Done) -> None:
    """Ask for files and take them in.

    Args:
        pane: whose sheets and bars tell of it.
        context: of the pane.
        services: where the suites go.
        done: called with each suite as it is stored.
    """
    dialog = QFileDialog(pane.window(), "Import suites", "", _DIALOG_FILTER)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(
        lambda files: import_paths([Path(each) for each in files], pane, context, services, done)
    )
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def import_paths(
    paths: Sequence[Path], pane: Pane, context: PaneContext, services: Services, done: Done
) -> None:
    """Take these files in, one after the other; one that cannot be read stops no other."""
    _Importer(paths, pane, context, services, done).go_on()


class _Importer(QObject):
    """Goes through the files."""

    def __init__(
        self,
        paths: Sequence[Path],
        pane: Pane,
        context: PaneContext,
        services: Services,
        done: Done,
    ) -> None:
        super().__init__(pane)
        self._paths = deque(paths)
        self._pane, self._context, self._services, self._done = pane, context, services, done

    def go_on(self) -> None:
        """Read the next file."""
        if not self._paths:
            self.deleteLater()
            return
        path = self._paths.popleft()
        self._context.jobs.submit(
            read_file,
            path,
            owner=self,
            done=self._on_read,
            failed=partial(self._on_failed, path),
        )

    def _on_read(self, look: Look) -> None:
        is_table = look.imported.format is SuiteFormat.TABLE
        if look.imported.items and not look.imported.problems and not is_table:
            self._take_in(look, None)
            return
        from app.ui.evals.suites.import_sheet import ImportSheet

        sheet = ImportSheet(self._pane.window(), self._context, look)
        sheet.given.connect(lambda chosen: self._take_in(chosen, sheet))
        sheet.closed.connect(self.go_on)
        sheet.open()

    def _take_in(self, look: Look, sheet: ImportSheet | None) -> None:
        failed = partial(self._on_failed, look.path) if sheet is None else sheet.refuse
        self._context.jobs.submit(
            self._services.evals.suites.take_in,
            look.imported.suite,
            owner=self,
            done=lambda suite: self._on_taken(suite, sheet),
            failed=failed,
        )

    def _on_taken(self, suite: StoredSuite, sheet: ImportSheet | None) -> None:
        hint = ""
        if suite.without_targets:
            are = count_text(suite.without_targets, "item has", "items have")
            hint = f"{are} no right answer."
        words = f"“{suite.name}” has {count_text(suite.items, 'item')}."
        self._context.notify.toast(words, Severity.OK, hint=hint)
        self._done(suite)
        if sheet is not None:
            sheet.dismiss()  # goes on with the next file
        else:
            self.go_on()

    def _on_failed(self, path: Path, error: AppError) -> None:
        self._pane.show_problem(AppError(f"{path.name}: {error.message}", error.hint))
        self.go_on()

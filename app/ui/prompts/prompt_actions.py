"""What is done to whole prompts: the question where there is one, then the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from app.prompts.entities import Prompt, PromptId
from app.ui.pane import Pane
from app.ui.prompts.details_sheet import Details, DetailsSheet, change_details, create
from app.ui.prompts.drafts import DraftKeeper
from app.ui.prompts.export_sheet import ExportSheet
from app.ui.prompts.import_bar import ImportBar, import_title
from app.ui.prompts.importing import DIALOG_FILTER, Imported, import_files
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.prompts.service import PromptService

T = TypeVar("T")


class PromptActions(QObject):
    """Asks in the pane's window and tells the pane what went wrong.

    Signals:
        appeared: the `PromptId` of a prompt that is there now and should be shown.
        created: the `PromptId` of a new one, to be written.
        left: the `PromptId` of one that was deleted.
    """

    appeared = Signal(object)
    created = Signal(object)
    left = Signal(object)

    def __init__(self, pane: Pane, drafts: DraftKeeper) -> None:
        super().__init__(pane)
        self._pane = pane
        self._drafts = drafts

    def create(self, folder: str, folders: Sequence[str]) -> None:
        """Ask what a new prompt is to be called, and begin it."""
        sheet = DetailsSheet(
            self._pane.window(),
            self._pane.context.icons,
            "New prompt",
            confirm="Create prompt",
            details=Details(folder=folder),
            folders=folders,
        )
        sheet.given.connect(partial(self._create, sheet))
        sheet.open()

    def edit_details(self, prompt: Prompt, folders: Sequence[str]) -> None:
        """Ask for another name, description, folder or tags."""
        sheet = DetailsSheet(
            self._pane.window(),
            self._pane.context.icons,
            f"About “{prompt.name}”",
            confirm="Save",
            details=Details.of(prompt),
            folders=folders,
        )
        sheet.given.connect(partial(self._change, sheet, prompt.id))
        sheet.open()

    def duplicate(self, prompt: Prompt) -> None:
        """Make a copy, and show it."""
        self._do(partial(self._prompts.duplicate, prompt.id), self._on_appeared)

    def delete(self, prompt: Prompt) -> None:
        """Delete it; a toast offers to bring it back."""
        work = partial(self._prompts.delete, prompt.id)
        self._do(work, lambda _nothing: self._on_deleted(prompt))

    def copy_name(self, prompt: Prompt) -> None:
        """Put into the clipboard what it is called by in chat."""
        self._copy(f"/{prompt.name}")

    def copy_reference(self, prompt: Prompt, number: int) -> None:
        """Put into the clipboard what a version is found by."""
        self._copy(f"{prompt.name}@{number}")

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._pane.context.notify.toast(f"{text} is copied.")

    def export(self, prompt: Prompt) -> None:
        """Ask for the notation and the file, and write it."""

        def show(_nothing: None) -> None:
            sheet = ExportSheet(
                self._pane.window(),
                self._pane.context.icons,
                self._pane.context.jobs,
                self._prompts,
                prompt.id,
                prompt.name,
            )
            sheet.exported.connect(self._on_exported)
            sheet.open()

        self._do(lambda: None, show)  # what is being typed belongs into the file

    def choose_files(self) -> None:
        """Ask which files to import."""
        dialog = QFileDialog(self._pane, "Import prompts", "", DIALOG_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_files(self, paths: Sequence[Path]) -> None:
        """Take these files in, and say what could not be."""
        self._do(partial(import_files, self._prompts, tuple(paths)), self._on_imported)

    def make_menu(self, prompt: Prompt, folders: Sequence[str]) -> QMenu:
        """What can be done to a prompt."""
        menu = QMenu(self._pane)
        icon = self._pane.context.icons.icon
        offers: tuple[tuple[str, str, Callable[[], object]], ...] = (
            (
                "ph.pencil-simple",
                "Name and details…",
                lambda: self.edit_details(prompt, folders),
            ),
            ("ph.copy", "Duplicate", lambda: self.duplicate(prompt)),
            ("ph.at", f"Copy /{prompt.name}", lambda: self.copy_name(prompt)),
            ("ph.export", "Export…", lambda: self.export(prompt)),
            ("ph.trash", "Delete", lambda: self.delete(prompt)),
        )
        for name, words, run in offers:
            if run is offers[-1][2]:
                menu.addSeparator()
            menu.addAction(icon(name), words).triggered.connect(lambda _on=False, run=run: run())
        return menu

    @property
    def _prompts(self) -> PromptService:
        return self._pane.services.prompts

    def _do(self, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self._drafts.then(work, done, self._pane.show_problem)

    def _create(self, sheet: DetailsSheet, details: Details) -> None:
        self._submit(sheet, partial(create, self._prompts, details), self._on_created)

    def _change(self, sheet: DetailsSheet, prompt_id: PromptId, details: Details) -> None:
        self._submit(sheet, partial(change_details, self._prompts, prompt_id, details), None)

    def _submit(
        self,
        sheet: DetailsSheet,
        work: Callable[[], Prompt],
        done: Callable[[Prompt], object] | None,
    ) -> None:
        def close(prompt: Prompt) -> None:
            sheet.dismiss()
            if done is not None:
                done(prompt)

        self._pane.context.jobs.submit(work, owner=sheet, done=close, failed=sheet.refuse)

    def _restore(self, prompt_id: PromptId) -> None:
        self._do(partial(self._prompts.restore, prompt_id), self._on_appeared)

    def _on_created(self, prompt: Prompt) -> None:
        self.created.emit(prompt.id)

    def _on_appeared(self, prompt: Prompt) -> None:
        self.appeared.emit(prompt.id)

    def _on_deleted(self, prompt: Prompt) -> None:
        self._drafts.forget(prompt.id)
        self.left.emit(prompt.id)
        self._pane.context.notify.toast(
            f"“{prompt.name}” is deleted.",
            choice=Choice("Undo", partial(self._restore, prompt.id)),
        )

    def _on_exported(self, path: Path) -> None:
        self._pane.context.notify.toast(f"{path.name} is written.", Severity.OK)

    def _on_files_selected(self, files: list[str]) -> None:
        self.import_files([Path(file) for file in files])

    def _on_imported(self, outcome: tuple[Imported, ...]) -> None:
        taken = next((each.prompt_id for each in outcome if each.prompt_id is not None), None)
        if any(each.problem or each.left_out for each in outcome):
            bar = ImportBar(self._pane.context.icons, outcome)
            self._pane.problem_place().add(bar, first=True)
        elif outcome:
            self._pane.context.notify.toast(f"{import_title(outcome)}.", Severity.OK)
        if taken is not None:
            self.appeared.emit(taken)

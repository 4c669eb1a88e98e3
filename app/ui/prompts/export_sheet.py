"""The sheet that writes a prompt to a file, and says beforehand what the file cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.base.errors import AppError
from app.base.files import export_whole
from app.prompts.entities import PromptId
from app.ui.icons import Icons
from app.ui.jobs import Job, JobRunner
from app.ui.prompts.view_switch import ViewSwitch
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.prompts.files import Written
    from app.prompts.service import PromptService

PROMPTY, MARKDOWN = "prompty", "md"
_WIDTH = 480
_WHOLE = "The file holds the text as it is now, with its variables, examples and settings."
_NEVER = "Earlier versions, their notes and their labels stay here."


def written_prompt(prompts: PromptService, prompt_id: PromptId, form: str) -> Written:
    """A prompt as it is now as the text of a file; runs off the GUI thread."""
    from app.prompts.files import PromptFile, write_markdown, write_prompty  # YAML, only here

    prompt = prompts.get(prompt_id)
    content = prompts.newest_content(prompt_id)
    file = PromptFile(prompt.name, content, prompt.description, prompt.tags, prompt.folder)
    return write_prompty(file) if form == PROMPTY else write_markdown(file)


class ExportSheet(Sheet):
    """Chooses the notation and the file. Used once.

    Signals:
        exported: the path that was written.
    """

    exported = Signal(object)

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        jobs: JobRunner,
        prompts: PromptService,
        prompt_id: PromptId,
        name: str,
    ) -> None:
        super().__init__(window, icons, f"Export “{name}”", width=_WIDTH)
        self._jobs, self._prompts = jobs, prompts
        self._prompt_id, self._name = prompt_id, name
        self._written: Written | None = None
        self._job: Job | None = None
        self.form = ViewSwitch("Notation", {PROMPTY: ".prompty", MARKDOWN: "Markdown"})
        self.form.chosen.connect(self._read)
        self.notes = Label("", "body2", wrap=True)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.save_button = Button("Save as…", "primary")
        self.save_button.clicked.connect(self._choose_file)
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(self.form, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.notes, self.problem, row(None, back, self.save_button)):
            self.body.addWidget(part)
        self.closed.connect(self.deleteLater)
        self._read()

    def save_as(self, path: Path) -> None:
        """Write the file."""
        if self._written is None:
            return
        self.save_button.setEnabled(False)
        data = self._written.text.encode()
        self._jobs.submit(
            export_whole,
            path,
            data,
            owner=self,
            done=lambda _nothing: self._on_exported(path),
            failed=self._refuse,
        )

    def _read(self) -> None:
        if self._job is not None:
            self._job.drop()
        self._written = None
        self.save_button.setEnabled(False)
        self._job = self._jobs.submit(
            written_prompt,
            self._prompts,
            self._prompt_id,
            self.form.current,
            owner=self,
            done=self._on_written,
            failed=self._refuse,
        )

    def _on_written(self, written: Written) -> None:
        self._written = written
        self.problem.hide()
        self.save_button.setEnabled(True)
        lines = [_WHOLE]
        if written.left_out:
            lines.append("This notation cannot hold:")
            lines += [f"•  {each}" for each in written.left_out]
        self.notes.setText("\n".join([*lines, _NEVER]))
        self._fit()

    def _refuse(self, error: AppError) -> None:
        self.problem.setText(str(error))
        self.problem.show()
        self.save_button.setEnabled(self._written is not None)
        self._fit()

    def _fit(self) -> None:
        layout = self.card.layout()
        if layout is not None:
            layout.activate()  # the height is asked for before the new words are laid out
        self.place()

    def _choose_file(self) -> None:
        ending = self.form.current
        dialog = QFileDialog(self, "Export prompt", f"{self._name}.{ending}", f"*.{ending}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.fileSelected.connect(lambda file: self.save_as(Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_exported(self, path: Path) -> None:
        self.dismiss()
        self.exported.emit(path)

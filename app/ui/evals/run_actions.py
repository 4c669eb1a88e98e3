"""What is done to runs and suites: the service call off the GUI thread, then what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.base.errors import AppError
from app.evals.reports.writing import ReportFormat, write_report
from app.evals.runs.entities import Run, RunId, StoredSuite
from app.ui.pane import Pane
from app.ui.reveal import show_in_folder
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.evals.service import EvalService

FORMATS = {
    ReportFormat.HTML: ("ph.browser", "Web page (HTML)…"),
    ReportFormat.MARKDOWN: ("ph.file-text", "Markdown…"),
    ReportFormat.CSV: ("ph.table", "Table (CSV)…"),
    ReportFormat.JSONL: ("ph.brackets-curly", "All data (JSON Lines)…"),
    ReportFormat.JUNIT: ("ph.check-square", "Test results (JUnit XML)…"),
}


class RunActions(QObject):
    """Does it, and shows in the pane what went wrong."""

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane

    def pause(self, run_id: RunId) -> None:
        """Stop working on a run for now."""
        self._do(partial(self._evals.pause, run_id))

    def stop(self, run_id: RunId) -> None:
        """Stop a run; what it has is kept."""
        self._do(partial(self._evals.cancel, run_id))

    def resume(self, run: Run) -> None:
        """Go on with a run."""
        self._do(partial(self._evals.resume, run.id))

    def rename(self, run_id: RunId, name: str) -> None:
        """Call a run by another name."""
        self._do(partial(self._evals.rename, run_id, name))

    def set_baseline(self, run_id: RunId, candidate: int) -> None:
        """Compare the others with this one."""
        self._do(partial(self._evals.set_baseline, run_id, candidate))

    def ask_metrics(self, run: Run) -> None:
        """Ask for other metrics, and measure the answers of a run by them."""
        from app.ui.evals.score_sheet import ScoreSheet  # with the metrics, when it is wanted

        pane, evals = self._pane, self._evals
        sheet = ScoreSheet(pane.window(), pane.context, pane.services, run)

        def score(documents: Sequence[Mapping[str, Any]]) -> None:
            pane.context.jobs.submit(
                evals.score,
                run.id,
                documents,
                owner=sheet,
                done=lambda _run: sheet.dismiss(),
                failed=sheet.refuse,
            )

        sheet.given.connect(score)
        sheet.open()

    def delete(self, run: Run, done: Callable[[], object] = lambda: None) -> None:
        """Delete a run; a toast offers to bring it back."""

        def tell(_nothing: None) -> None:
            undo = Choice("Undo", partial(self._do, partial(self._evals.restore, run.id)))
            self._pane.context.notify.toast(f"“{run.name}” is deleted.", choice=undo)
            done()

        self._do(partial(self._evals.delete, run.id), tell)

    def delete_suite(self, suite: StoredSuite) -> None:
        """Delete a suite; its runs stay. A toast offers to bring it back."""
        suites = self._evals.suites

        def tell(_nothing: None) -> None:
            undo = Choice("Undo", partial(self._do, partial(suites.restore, suite.id)))
            self._pane.context.notify.toast(
                f"“{suite.name}” is deleted.", hint="Its runs are kept.", choice=undo
            )

        self._do(partial(suites.delete, suite.id), tell)

    def choose_export(self, run: Run, form: ReportFormat) -> None:
        """Ask where to write a report of a run, and write it."""
        name = "".join(each if each.isalnum() or each in " -_." else "-" for each in run.name)
        dialog = QFileDialog(
            self._pane,
            "Export run",
            f"{name.strip()[:80] or 'run'}{form.suffix}",
            f"*{form.suffix}",
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(form.suffix.removeprefix("."))
        dialog.fileSelected.connect(lambda file: self.export(run.id, form, Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, run_id: RunId, form: ReportFormat, path: Path) -> None:
        """Write a report of a run; a toast offers to show it."""

        def work() -> None:
            write_report(self._evals.report_data(run_id), form, path)

        def tell(_nothing: None) -> None:
            show = Choice("Show in folder", partial(self._show_in_folder, path))
            self._pane.context.notify.toast(f"{path.name} is written.", Severity.OK, choice=show)

        self._do(work, tell)

    @property
    def _evals(self) -> EvalService:
        return self._pane.services.evals

    def _show_in_folder(self, path: Path) -> None:
        try:
            show_in_folder(path)
        except AppError as error:
            self._pane.show_problem(error)

    def _do(self, work: Callable[[], Any], done: Callable[[Any], object] | None = None) -> None:
        self._pane.context.jobs.submit(
            work, owner=self._pane, done=done, failed=self._pane.show_problem
        )

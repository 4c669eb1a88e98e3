"""What is done to runs and suites: the service call off the GUI thread, then what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.base.errors import AppError
from app.evals.reports.writing import ReportFormat, write_report
from app.evals.runs.entities import Run, RunId, StoredSuite
from app.evals.runs.results import PairResult
from app.ui.evals.pair_words import pair_title
from app.ui.pane import Pane
from app.ui.reveal import show_in_folder
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet

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
    """Does it, and shows in the pane what went wrong.

    Signals:
        run_wanted: a `RunId` to be opened.
    """

    run_wanted = Signal(object)

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

    def ask_name(self, run: Run) -> None:
        """Ask for another name of a run."""
        from app.ui.evals.rename_sheet import RenameSheet  # nobody misses it before

        pane = self._pane
        sheet = RenameSheet(pane.window(), pane.context.icons, run)
        sheet.given.connect(
            lambda name: self._ask(partial(self._evals.rename, run.id, name), sheet)
        )
        sheet.open()

    def set_baseline(self, run_id: RunId, candidate: int) -> None:
        """Compare the others with this one."""
        self._do(partial(self._evals.set_baseline, run_id, candidate))

    def ask_metrics(self, run: Run) -> None:
        """Ask for other metrics, and measure the answers of a run by them."""
        from app.ui.evals.score_sheet import ScoreSheet  # with the metrics, when it is wanted

        pane, evals = self._pane, self._evals
        sheet = ScoreSheet(pane.window(), pane.context, pane.services, run)

        sheet.given.connect(
            lambda documents: self._ask(partial(evals.score, run.id, documents), sheet)
        )
        sheet.open()

    def ask_judge(self, run: Run) -> None:
        """Ask who shall judge which candidates of a run side by side, and let it."""
        from app.ui.evals.judging_sheet import JudgingSheet  # with the metrics, when it is wanted

        pane, evals = self._pane, self._evals
        sheet = JudgingSheet(pane.window(), pane.context, pane.services, run)
        sheet.given.connect(
            lambda one, other, judge: self._ask(
                partial(evals.judge_pairs, run.id, one, other, judge), sheet
            )
        )
        sheet.open()

    def remove_pairing(self, run_id: RunId, result: PairResult) -> None:
        """Forget what a judge found of two candidates, once that is confirmed."""
        remove = partial(self._evals.remove_pairing, run_id, result.pairing.id)
        ConfirmSheet(
            self._pane.window(),
            self._pane.context.icons,
            "Remove what the judge found?",
            f"{pair_title(result)}: its verdicts and reasons are gone for good. The answers stay, "
            "and can be judged again.",
            Choice("Remove", partial(self._do, remove)),
            is_dangerous=True,
        ).open()

    def ask_comparison(self, run: Run) -> None:
        """Ask for another run, and show the two beside each other."""
        from app.ui.evals.compare_sheet import CompareSheet  # nobody misses it before

        sheet = CompareSheet(self._pane.window(), self._pane.context, self._evals, run)
        sheet.run_wanted.connect(self.run_wanted)
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

    def _ask(self, work: Callable[[], Any], sheet: Any) -> None:
        """Do what a sheet asks for; it closes then, or says why it cannot be done."""
        self._pane.context.jobs.submit(
            work, owner=sheet, done=lambda _done: sheet.dismiss(), failed=sheet.refuse
        )

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

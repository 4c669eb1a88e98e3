"""What is done to a run that is over, and what is fetched of one that is shown."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.agents.trace import Run, RunId, Step
from app.base.errors import AppError
from app.engine.messages import Turn
from app.ui.agents import run_end
from app.ui.agents.reading import case_of, open_run
from app.ui.agents.sent_sheet import SentSheet
from app.ui.agents.trace_view import TraceView
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet

if TYPE_CHECKING:
    from app.agents.runs import RunService


class CannotWrite(AppError):
    """A file could not be written."""


class RunActions(QObject):
    """Asks in the pane's window, and tells the pane what went wrong.

    Signals:
        go_on_requested: the `OpenedRun` to continue.
        changed: the `RunId` of a run that is shown and is another now.
        left: the `RunId` of a run that was deleted.
        case_made: an `Item` to put into a suite.
    """

    go_on_requested = Signal(object)
    changed = Signal(object)
    left = Signal(object)
    case_made = Signal(object)

    def __init__(self, pane: Pane, trace: TraceView) -> None:
        super().__init__(pane)
        self._pane = pane
        self._trace = trace
        trace.sent_requested.connect(self._show_sent)
        trace.whole_requested.connect(self._show_whole)

    def do(self, action: str, run: Run) -> None:
        """Do what a button below the run says."""
        match action:
            case run_end.CONTINUE:
                self._submit(open_run, run.id, done=self.go_on_requested.emit)
            case run_end.DISCARD:
                self._pane.context.jobs.submit(
                    self._runs.discard,
                    run.id,
                    owner=self,
                    done=lambda left: self.changed.emit(left.id),
                    failed=self._pane.show_problem,
                )
            case run_end.COPY:
                QGuiApplication.clipboard().setText(run.answer)
                self._pane.context.notify.toast("The answer is copied.")
            case run_end.CASE:
                self._submit(case_of, run.id, done=self.case_made.emit)
            case run_end.EXPORT:
                self._ask_where(run)
            case run_end.DELETE:
                self._ask_delete(run)

    @property
    def _runs(self) -> RunService:
        return self._pane.services.agent_runs

    def _submit(self, work: object, run_id: RunId, *, done: object) -> None:
        self._pane.context.jobs.submit(
            work,  # type: ignore[arg-type]
            self._runs,
            run_id,
            owner=self,
            done=done,  # type: ignore[arg-type]
            failed=self._pane.show_problem,
        )

    def _ask_where(self, run: Run) -> None:
        dialog = QFileDialog(self._pane, "Export trace", f"run-{run.id}.json", "JSON (*.json)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(lambda path: self.export(run, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, run: Run, path: Path) -> None:
        """Write the whole trace into a file."""
        self._pane.context.jobs.submit(
            write_trace,
            self._runs,
            run.id,
            path,
            owner=self,
            done=self._on_exported,
            failed=self._pane.show_problem,
        )

    def _on_exported(self, path: Path) -> None:
        self._pane.context.notify.toast(f"{path.name} is written.", Severity.OK)

    def _ask_delete(self, run: Run) -> None:
        choice = Choice("Delete", partial(self._delete, run))
        words = "Its steps and results are gone for good. What it changed stays changed."
        ConfirmSheet(
            self._pane.window(),
            self._pane.context.icons,
            "Delete this run?",
            words,
            choice,
            is_dangerous=True,
        ).open()

    def _delete(self, run: Run) -> None:
        self._pane.context.jobs.submit(
            self._runs.delete,
            run.id,
            owner=self,
            done=lambda _nothing: self.left.emit(run.id),
            failed=self._pane.show_problem,
        )

    def _show_sent(self, step: Step) -> None:
        self._pane.context.jobs.submit(
            self._runs.sent,
            step.run_id,
            step.id,
            owner=self,
            done=self._on_sent_read,
            failed=self._pane.show_problem,
        )

    def _on_sent_read(self, turns: tuple[Turn, ...]) -> None:
        context = self._pane.context
        SentSheet(self._pane.window(), context.icons, context.theme, turns).open()

    def _show_whole(self, step: Step) -> None:
        self._pane.context.jobs.submit(
            self._runs.whole_result,
            step,
            owner=self,
            done=partial(self._on_whole_read, step),
            failed=self._pane.show_problem,
        )

    def _on_whole_read(self, step: Step, text: str) -> None:
        card = self._trace.card(step.id)
        if card is not None:
            card.show_whole(text or card.use.text)


def write_trace(runs: RunService, run_id: RunId, path: Path) -> Path:
    """Write a run with all of its steps as JSON."""
    text = json.dumps(runs.export(run_id), ensure_ascii=False, indent=2, default=str)
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise CannotWrite(
            f"{path.name} could not be written: {error.strerror or error}.", "Choose another place."
        ) from error
    return path

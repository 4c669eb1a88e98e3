"""Waiting for a run on the command line, with how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.base.jobs import Activity
from app.cli.output import Printer

if TYPE_CHECKING:
    from app.base.changes import Notice
    from app.bootstrap import Services
    from app.evals.runs.entities import RunId


def wait_for(services: Services, run_id: RunId, printer: Printer) -> None:
    """Until a run is not worked on any more; Ctrl+C pauses it."""
    unsubscribe = services.notices.subscribe(_Progress(printer).take)
    try:
        services.evals.wait(run_id)
    except KeyboardInterrupt:
        services.evals.pause(run_id)
        services.evals.wait(run_id)
        printer.note(f"Paused. Go on with: cairn eval resume {run_id}")
        raise
    finally:
        unsubscribe()


class _Progress:
    """Tells how far a run is, at every tenth."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._told = ("", -1)

    def take(self, notice: Notice) -> None:
        """Called with every notice."""
        if not isinstance(notice, Activity) or not notice.total or notice.finished:
            return
        reached = (notice.unit, 10 * notice.done // notice.total)
        if reached != self._told and notice.done:
            self._told = reached
            self._printer.note(f"{notice.done} of {notice.total} {notice.unit}")

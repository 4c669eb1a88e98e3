"""Takes what a pane wants to become a test case through the sheet and into a suite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from app.base.errors import AppError
from app.evals.entities import Item
from app.evals.runs.entities import SuiteId
from app.ui.forms.case_draft import CaseDraft, SavedCase, place_of, save_case, take_back
from app.ui.forms.test_case_sheet import CaseSheet
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService

_LAST = "forms/last_suite"


class CaseKeeper(QObject):
    """Opens the sheet over a pane, and tells of what came of it.

    Signals:
        suite_wanted: the `SuiteId` of a suite that a person wants to see.
    """

    suite_wanted = Signal(object)

    def __init__(self, pane: Pane, *, can_open: bool) -> None:
        """Serve a pane.

        Args:
            pane: over which the sheet opens.
            can_open: somebody listens to `suite_wanted`.
        """
        super().__init__(pane)
        self._pane = pane
        self._can_open = can_open

    def offer(self, wanted: CaseDraft | Item) -> CaseSheet:
        """Open the sheet."""
        context = self._pane.context
        draft = CaseDraft.of(wanted) if isinstance(wanted, Item) else wanted
        sheet = CaseSheet(self._pane.window(), context.icons, context.theme, draft)
        sheet.saved.connect(partial(self._save, sheet))
        sheet.open()
        last = [SuiteId(each) for each in context.state.numbers(_LAST)]
        context.jobs.submit(
            self._suites.suites,
            owner=sheet,
            done=lambda suites: sheet.show_suites(suites, last[0] if last else None),
            failed=sheet.refuse,
        )
        return sheet

    def keep(self, draft: CaseDraft) -> None:
        """Put it into the suite of the last time at once; the toast says which, and undoes it."""
        last = [SuiteId(each) for each in self._pane.context.state.numbers(_LAST)]
        suites = self._suites

        def save() -> SavedCase:
            return save_case(suites, place_of(suites, last[0] if last else None), draft.item)

        self._pane.context.jobs.submit(
            save, owner=self, done=self._tell, failed=self._pane.context.notify.problem
        )

    @property
    def _suites(self) -> SuiteService:
        return self._pane.services.evals.suites

    def _save(self, sheet: CaseSheet, item: Item, place: SuiteId | str) -> None:
        self._pane.context.jobs.submit(
            save_case,
            self._suites,
            place,
            item,
            owner=self,
            done=partial(self._on_saved, sheet),
            failed=partial(self._on_failed, sheet),
        )

    def _on_saved(self, sheet: CaseSheet, saved: SavedCase) -> None:
        if isValid(sheet):
            sheet.dismiss()
        self._tell(saved)

    def _tell(self, saved: SavedCase) -> None:
        context = self._pane.context
        context.state.remember(_LAST, [saved.suite.id])
        see = None
        if self._can_open:
            see = Choice("Open", partial(self.suite_wanted.emit, saved.suite.id))
        if saved.was_there:
            context.notify.toast(f"“{saved.suite.name}” has this test case already.", choice=see)
            return
        undo = Choice("Undo", partial(self._undo, saved))
        text = f"Saved to “{saved.suite.name}”"
        context.notify.toast(text, Severity.OK, choice=undo, second=see)

    def _on_failed(self, sheet: CaseSheet, error: AppError) -> None:
        if isValid(sheet) and sheet.isVisible():
            sheet.refuse(error)
        else:  # it was closed meanwhile
            self._pane.context.notify.problem(error)

    def _undo(self, saved: SavedCase) -> None:
        context = self._pane.context
        context.jobs.submit(
            take_back,
            self._suites,
            saved,
            owner=self,
            done=lambda _nothing: context.notify.toast("The test case is taken out again."),
            failed=context.notify.problem,
        )

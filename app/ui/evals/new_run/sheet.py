"""The sheet that asks what is to be measured, says what that takes, and begins it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.evals.runs.entities import Run, SuiteId, Task
from app.ui.evals.new_run.fields import Offers, RunFields, read_offers
from app.ui.evals.new_run.foot import RunFoot
from app.ui.evals.new_run.forecast import Forecast, begin, forecast
from app.ui.evals.presets import Preset
from app.ui.evals.refreshing import Refresher
from app.ui.pane import PaneContext
from app.ui.widgets.layout import ScrollPage
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.bootstrap import Services

_APART_MS = 300
_AROUND = QSize(48, 124)  # of the card, around its content
_HIGHEST = 860
_TITLES = {
    Preset.NONE: "New evaluation",
    Preset.WHICH_QUANT: "Which quant?",
    Preset.BETTER_PROMPT: "Did my prompt get better?",
}


class NewRunSheet(Sheet):
    """Asks for a run and begins it. Used once.

    Signals:
        started: the `Run`.
    """

    started = Signal(object)

    def __init__(
        self,
        root: QWidget,
        context: PaneContext,
        services: Services,
        suite_id: SuiteId | None,
        preset: Preset,
    ) -> None:
        super().__init__(root, context.icons, _TITLES[preset], width=740)
        self._context, self._services, self._suite_id = context, services, suite_id
        self._is_read = self._is_starting = False
        self._height = 0
        self.fields = RunFields(context, services, preset)
        self.foot = RunFoot(context.icons)
        page = self._page = ScrollPage(_TITLES[preset], width=700, margins=(0, 0, 14, 12))
        page.body.addWidget(self.fields)
        page.body.addStretch(1)
        self.body.setSpacing(8)
        self.body.addWidget(page, 1)
        self.body.addWidget(self.foot)
        self._refresher = Refresher(context.jobs, self._work, self, apart_ms=_APART_MS)
        self._refresher.done.connect(self._on_forecast)
        self._refresher.failed.connect(self._on_failed)
        self.fields.changed.connect(self._on_changed)
        self.foot.start_requested.connect(self._on_start_requested)
        self.foot.cancel_requested.connect(self.dismiss)
        self.foot.wait()
        context.jobs.submit(
            read_offers, services, owner=self, done=self._on_offers, failed=self._on_failed
        )

    @property
    def is_busy(self) -> bool:
        """Whether something is being read or worked out."""
        return not self._is_read or self._refresher.is_busy or self._is_starting

    def take_drop(self, paths: Sequence[Path]) -> bool:
        """Take a text file that was dropped on the window; False where no text is asked for."""
        if self.fields.task is not Task.READ or len(paths) != 1:
            return False
        self.fields.take_text(paths[0])
        return True

    def card_height(self, width: int) -> int:
        room, content = width - _AROUND.width(), self._page.widget()
        needed = content.heightForWidth(room) if content is not None else 0
        foot = max(self.foot.heightForWidth(room), self.foot.sizeHint().height())
        # It only grows: a sheet that shrinks under the pointer is hard to hit.
        self._height = max(self._height, min(needed + foot + _AROUND.height(), _HIGHEST))
        return self._height

    def first_focus(self) -> QWidget | None:
        return self.fields.source

    def _on_offers(self, offers: Offers) -> None:
        self._is_read = True
        self.fields.show_offers(offers, self._suite_id)

    def _on_changed(self) -> None:
        if missing := self.fields.missing:
            self.foot.show_missing(missing)
        else:
            self.foot.wait()
        self._refresher.request()
        self._fit()

    def _work(self) -> Callable[[], Any] | None:
        if self.fields.missing:
            return None
        return partial(forecast, self._services, self.fields.draft)

    def _on_forecast(self, found: Forecast) -> None:
        self.fields.models.show_fits(found.fits)
        # With another one under way, this one is about what was asked before.
        if not (self._refresher.is_busy or self._is_starting or self.fields.missing):
            self.foot.show_forecast(found, self.fields.task)
        self._fit()

    def _fit(self) -> None:
        layout = self.card.layout()
        if layout is not None and self.isVisible():
            layout.activate()  # the height is asked for before new parts are laid out
            self.place()

    def _on_failed(self, error: AppError) -> None:
        self._is_starting = False
        self.foot.show_missing(str(error))

    def _on_start_requested(self) -> None:
        self._is_starting = True
        self.foot.wait()
        self._context.jobs.submit(
            begin,
            self._services,
            self.fields.draft,
            owner=self,
            done=self._on_started,
            failed=self._on_failed,
        )

    def _on_started(self, run: Run) -> None:
        self._is_starting = False
        self.started.emit(run)
        self.dismiss()

"""The line below a run that goes on: how far it is, what it took, and Stop."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from app.ui.agents.live_run import LiveRun
from app.ui.agents.words import WAITS, seconds_text, spent_text
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, IconLabel
from app.ui.widgets.layout import row
from app.ui.widgets.progress import ProgressBar

_TICK_MS = 500
_NARROW = 520  # in less room the bar is left out


class RunStrip(QFrame):
    """Watches one run.

    Signals:
        stop_requested: Stop was clicked.
    """

    stop_requested = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runstrip")
        self._context = context
        self._live: LiveRun | None = None
        self._icon = IconLabel(context.icons.icon("ph.spinner-gap", "info"))
        self._state = ElidedLabel("", "h3")
        self._state.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._spent = ElidedLabel("", "caption")
        self._bar = ProgressBar("Steps of this run")
        self._bar.setFixedWidth(context.theme.px(90))
        self.stop = Button("Stop", "", context.icons.icon("ph.stop"))
        self.stop.clicked.connect(self.stop_requested)
        row(
            self._icon,
            self._state,
            self._spent,
            None,
            self._bar,
            self.stop,
            margins=(14, 8, 10, 8),
            spacing=10,
            into=self,
        )
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self.show_state)

    def watch(self, live: LiveRun | None) -> None:
        """Follow this run; None follows none."""
        self._live = live
        if live is None:
            self._timer.stop()
        else:
            self._timer.start()
            self.show_state()

    def show_state(self) -> None:
        """Say how far the run is now."""
        live = self._live
        if live is None:
            return
        run = live.trace.run
        self.stop.setEnabled(not live.is_stopping)
        name, color = ("ph.hand", "warn") if live.asked is not None else ("ph.spinner-gap", "info")
        self._icon.set_icon(self._context.icons.icon(name, color))
        self._state.set_text(_state(live))
        if run is None:
            self._spent.set_text(seconds_text(live.work_s))
            self._bar.show_progress(0, 0)
        else:
            budgets = run.agent.budgets
            self._spent.set_text(spent_text(run.spent, budgets, live.work_s))
            self._bar.show_progress(min(run.spent.steps, budgets.steps), budgets.steps)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._bar.setVisible(event.size().width() >= self._context.theme.px(_NARROW))


def _state(live: LiveRun) -> str:
    if live.is_stopping:
        return "Stopping…"
    if live.asked is not None:
        return WAITS.text
    return "Getting the model…" if live.trace.run is None else "Working…"

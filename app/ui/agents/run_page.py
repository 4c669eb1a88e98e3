"""The runs of one agent: a task to be written, a run that goes on, or one of the past."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.agents.approvals import ApprovalRequest
from app.agents.entities import Agent
from app.agents.tools.asking import Question
from app.agents.trace import Run, RunId, Step, StepId
from app.ui.agents.approval_card import ApprovalCard
from app.ui.agents.live_run import LiveRun
from app.ui.agents.question_card import QuestionCard
from app.ui.agents.run_strip import RunStrip
from app.ui.agents.shown_trace import ShownTrace
from app.ui.agents.start_page import Start, StartPage
from app.ui.agents.task_composer import TaskComposer
from app.ui.agents.trace_view import TraceView
from app.ui.pane import PaneContext
from app.ui.widgets.layout import column
from app.ui.widgets.sheet import Overlay

_WIDTH = 780
_CARD_SHARE = 0.7  # of the height, that what asks the person may take


class _Pages(QStackedWidget):
    """Gives way to what asks the person."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 60)


class RunPage(QWidget):
    """Shows one of the three.

    Signals:
        task_submitted: a task was written.
        folder_requested: a person wants to give the agent a folder.
        run_known: the id of the run that goes on here; it was begun only after it was shown.
    """

    task_submitted = Signal(str)
    folder_requested = Signal()
    run_known = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._live: LiveRun | None = None
        self.shown_run: RunId | None = None
        self.start = StartPage(context)
        self.start.example_chosen.connect(self._on_example_chosen)
        self.start.folder_requested.connect(self.folder_requested)
        self.trace = TraceView(context)
        self.approval = ApprovalCard(context)
        self.approval.decided.connect(self._on_decided)
        self.question = QuestionCard(context)
        self.question.answered.connect(self._on_answered)
        self.strip = RunStrip(context)
        self.strip.stop_requested.connect(self.stop)
        self.composer = TaskComposer(context.icons)
        self.composer.submitted.connect(self.task_submitted)
        self._top = _Pages()
        self._top.addWidget(self.start)
        self._top.addWidget(self.trace)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._top, 1)
        layout.addWidget(self._build_dock())
        self._show_dock()

    @property
    def live(self) -> LiveRun | None:
        """The run that goes on and is shown."""
        return self._live

    @property
    def regions(self) -> tuple[QWidget, ...]:
        """The parts that can be seen, for the keyboard."""
        parts = (self._top, self.approval, self.question, self.strip, self.composer)
        return tuple(each for each in parts if each.isVisible())

    def show_start(self, start: Start) -> None:
        """Invite a person to give the agent a task."""
        self._leave()
        self.shown_run = None
        self.start.show_start(start)
        self._top.setCurrentWidget(self.start)
        self._show_dock()

    def invite(self, agent: Agent, note: str) -> None:
        """Say whose tasks are written here."""
        self.composer.invite(f"Give “{agent.name}” a task", note)

    def show_live(self, live: LiveRun) -> None:
        """Show a run that goes on, as it happens."""
        if live is self._live:
            return
        self._leave()
        self._live = live
        self.shown_run = live.run_id
        live.restarted.connect(self._show_steps)
        live.advanced.connect(self._on_advanced)
        live.asked_changed.connect(self._show_asked)
        self._show_steps()
        self._top.setCurrentWidget(self.trace)
        self.strip.watch(live)
        self._show_asked()

    def show_past(self, run: Run, steps: Sequence[Step]) -> None:
        """Show a run that is over."""
        self._leave()
        self.shown_run = run.id
        self.trace.show_trace(ShownTrace(run, steps), run.task, is_live=False)
        self._top.setCurrentWidget(self.trace)
        self._show_dock()

    @property
    def is_at_start(self) -> bool:
        """Whether a task is written, and no run shown."""
        return self._top.currentWidget() is self.start

    def finish(self, live: LiveRun) -> None:
        """The run that is shown is over."""
        had_focus = self.strip.stop.hasFocus()
        self._leave()
        self.shown_run = live.run_id
        self.trace.finish()
        self._show_dock()
        if had_focus:
            self.composer.setFocus()

    def stop(self) -> None:
        """Stop the run that is shown."""
        if self._live is not None:
            self._live.stop()
            self.strip.show_state()

    def take_focus(self) -> None:
        """Put the focus on what waits, or where a task is written."""
        for card in (self.approval, self.question):
            if card.isVisible():
                card.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self.composer.setFocus()

    def _leave(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.restarted.disconnect(self._show_steps)
            live.advanced.disconnect(self._on_advanced)
            live.asked_changed.disconnect(self._show_asked)
        self.strip.watch(None)

    def _build_dock(self) -> QWidget:
        inner = column(self.approval, self.question, self.strip, self.composer, spacing=8)
        inner.setMaximumWidth(_WIDTH)
        dock = QWidget()
        around = QHBoxLayout(dock)
        around.setContentsMargins(16, 4, 16, 16)
        around.addStretch(1)
        around.addWidget(inner, 1000)  # as the pages above: all the width there is, up to its own
        around.addStretch(1)
        return dock

    def _show_dock(self) -> None:
        asked = self._live.asked if self._live is not None else None
        self.approval.setVisible(isinstance(asked, ApprovalRequest))
        self.question.setVisible(isinstance(asked, Question))
        self.strip.setVisible(self._live is not None)
        self.composer.setVisible(self._live is None)

    def _show_asked(self) -> None:
        live = self._live
        if live is None:
            return
        match live.asked:
            case ApprovalRequest() as request:
                self.approval.show_request(request)
            case Question() as question:
                self.question.show_question(live.agent.name, question)
        focused = QApplication.focusWidget()
        cards = (self.approval, self.question)
        had_focus = focused is not None and any(
            card is focused or card.isAncestorOf(focused) for card in cards
        )
        self._show_dock()
        self.strip.show_state()
        if live.asked is not None and self._may_take_focus():
            self.take_focus()
        elif had_focus:
            self.trace.setFocus()  # not on Stop, where one more key would end the run

    def _may_take_focus(self) -> bool:
        is_covered = any(each.isVisible() for each in self.window().findChildren(Overlay))
        return self.isVisible() and not is_covered

    def _show_steps(self) -> None:
        if self._live is not None:
            self.trace.show_trace(self._live.trace, self._live.task, is_live=True)

    def _on_advanced(self, changed: frozenset[StepId]) -> None:
        if self._live is not None:
            if self.shown_run != self._live.run_id:
                self.shown_run = self._live.run_id
                self.run_known.emit(self.shown_run)
            self.trace.refresh(changed)
            self.strip.show_state()

    def _on_decided(self, step: StepId, decision: object) -> None:
        if self._live is not None:
            self._live.decide(step, decision)  # type: ignore[arg-type]  # Qt knows objects only

    def _on_answered(self, answer: str | None) -> None:
        if self._live is not None:
            self._live.reply(answer)

    def _on_example_chosen(self, task: str) -> None:
        self.composer.set_text(task)
        self.composer.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        most = round(self.height() * _CARD_SHARE)
        self.approval.setMaximumHeight(min(most, self._context.theme.px(620)))

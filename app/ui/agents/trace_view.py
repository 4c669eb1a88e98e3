"""A run on screen, as the tree that it is: replies of the model, and the calls below each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.agents.trace import ModelReply, Note, Run, Step, StepId, ToolUse
from app.ui.agents.plain_text import PagedText, PlainText
from app.ui.agents.reply_view import ReplyView
from app.ui.agents.run_end import RunEnd
from app.ui.agents.shown_trace import ShownTrace
from app.ui.agents.tool_card import ToolCard
from app.ui.agents.words import one_line
from app.ui.pane import PaneContext
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import ScrollPage, row

_LONG_TASK = 1_500
_WIDEST_TASK = 560
_SLICE_S = 0.05  # that the window is kept busy for at a time; each slice lays out all again


class TraceView(ScrollPage):
    """Shows one trace; it follows the end of a run that goes on, unless one scrolls away.

    Signals:
        action_requested: a button below a run that is over; its name in `run_end`.
        citation_requested: the `Citation` that was clicked.
        sent_requested: the `Step` of a reply.
        whole_requested: the `Step` of a call.
        built: every step is on screen.
    """

    action_requested = Signal(str)
    citation_requested = Signal(object)
    sent_requested = Signal(object)
    whole_requested = Signal(object)
    built = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__("Run", parent, margins=(24, 16, 24, 16))
        self._context = context
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._trace = ShownTrace()
        self._widgets: dict[StepId, ReplyView | ToolCard | QWidget] = {}
        self._pending: deque[StepId] = deque()
        self._replies = 0
        self._is_live = self._follows = False
        self._column = QWidget()
        self.body.addWidget(self._column)
        self.body.addStretch(1)
        self._steps = QVBoxLayout(self._column)
        self.end: RunEnd | None = None
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._build)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(self._on_range_changed)
        bar.valueChanged.connect(self._on_value_changed)

    def show_trace(self, trace: ShownTrace, task: str, *, is_live: bool) -> None:
        """Show another run."""
        self._trace, self._replies, self._widgets = trace, 0, {}
        self._pending = deque(each.id for each in trace.steps)
        self.end = None
        self._follows = is_live
        self.body.removeWidget(self._column)
        self._column.hide()
        self._column.deleteLater()
        self._column = QWidget()
        self._steps = QVBoxLayout(self._column)
        self._steps.setContentsMargins(0, 0, 0, 0)
        self._steps.setSpacing(14)
        self._steps.addWidget(self._task(task))
        self.body.insertWidget(0, self._column)
        self.verticalScrollBar().setValue(0)
        self._is_live = is_live
        self._build()

    def refresh(self, changed: Iterable[StepId]) -> None:
        """Show what is other than before."""
        for step_id in sorted(changed):
            widget = self._widgets.get(step_id)
            if widget is not None:
                self._show_step(widget, self._trace.step(step_id))
            elif step_id not in self._pending:
                self._pending.append(step_id)
        self._build()

    def finish(self) -> None:
        """The run that is shown is over."""
        self._is_live = False
        for card in self.cards:
            if card.use.outcome.is_open:
                self._show_step(card, card.step)
        self._build()

    @property
    def run(self) -> Run | None:
        """The run that is shown."""
        return self._trace.run

    def card(self, step_id: StepId) -> ToolCard | None:
        """The card of a call."""
        widget = self._widgets.get(step_id)
        return widget if isinstance(widget, ToolCard) else None

    @property
    def cards(self) -> tuple[ToolCard, ...]:
        """The cards of all calls."""
        return tuple(each for each in self._widgets.values() if isinstance(each, ToolCard))

    @property
    def replies(self) -> tuple[ReplyView, ...]:
        """The replies of the model."""
        return tuple(each for each in self._widgets.values() if isinstance(each, ReplyView))

    def _build(self) -> None:
        ends = time.perf_counter() + _SLICE_S
        while self._pending and time.perf_counter() < ends:
            self._add(self._trace.step(self._pending.popleft()))
        if self._pending:
            self._timer.start()
            return
        run = self._trace.run
        if not self._is_live and run is not None and self.end is None:
            self._add_end(run)
        self.built.emit()

    def _add(self, step: Step) -> None:
        made: QWidget
        match step.detail:
            case ModelReply():
                self._replies += 1
                made = self._reply()
            case ToolUse():
                made = self._tool_card()
            case Note() as note:
                made = self._note(note)
            case _:
                return  # shown with its call
        self._widgets[step.id] = made
        parent = self._widgets.get(step.parent) if step.parent is not None else None
        place = parent.calls if isinstance(parent, ReplyView) else self._steps
        place.addWidget(made)
        self._show_step(made, step)

    def _show_step(self, widget: QWidget, step: Step) -> None:
        if isinstance(widget, ReplyView):
            widget.show_step(step, self._trace.growth(step.id))
        elif isinstance(widget, ToolCard):
            approvals = self._trace.approvals(step.id)
            widget.show_step(step, approvals, is_live=self._is_live)

    def _reply(self) -> ReplyView:
        view = ReplyView(self._context, self._replies)
        view.sent_requested.connect(self.sent_requested)
        view.citation_requested.connect(self._on_chip_clicked)
        return view

    def _tool_card(self) -> ToolCard:
        card = ToolCard(self._context)
        card.whole_requested.connect(self.whole_requested)
        card.citation_requested.connect(self.citation_requested)
        return card

    def _note(self, note: Note) -> QWidget:
        words = f"The model was told: {note.text}" if note.to_model else note.text
        icon = IconLabel(self._context.icons.icon("ph.info"), 16)
        holder = row(icon, Label(visible(words), "caption", wrap=True), spacing=8)
        layout = holder.layout()
        assert layout is not None  # row() has just made it
        layout.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
        return holder

    def _task(self, task: str) -> QWidget:
        bubble = QFrame()
        bubble.setObjectName("user")
        layout = QVBoxLayout(bubble)
        layout.setContentsMargins(14, 10, 14, 10)
        px = self._context.theme.px
        if len(task) > _LONG_TASK:
            layout.addWidget(PagedText(PlainText(self._context.theme, "Task", most_lines=10), task))
        else:
            label = Label(visible(task), "prose")
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.ensurePolished()
            label.setWordWrap(label.sizeHint().width() > px(_WIDEST_TASK - 28))
            layout.addWidget(label)
            if not label.wordWrap():
                bubble.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        bubble.setMaximumWidth(px(_WIDEST_TASK))
        holder = QWidget()
        around = QHBoxLayout(holder)
        around.setContentsMargins(0, 0, 0, 0)
        around.addStretch(1)
        around.addWidget(bubble, 1000)  # all the width there is, up to its own
        return holder

    def _add_end(self, run: Run) -> None:
        if self.replies and run.answer and self.replies[-1].text.strip() == run.answer:
            titles = {each.number: one_line(each.title) for each in run.citations}
            self.replies[-1].cite(titles)
        self.end = RunEnd(self._context, run, self._trace.steps)
        self.end.action_requested.connect(self.action_requested)
        self.end.citation_requested.connect(self.citation_requested)
        self._steps.addWidget(self.end)

    def _on_chip_clicked(self, number: int) -> None:
        run = self._trace.run
        for each in run.citations if run is not None else ():
            if each.number == number:
                self.citation_requested.emit(each)

    def _on_range_changed(self, _low: int, high: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(high)

    def _on_value_changed(self, value: int) -> None:
        if self._is_live:
            self._follows = value >= self.verticalScrollBar().maximum() - 8

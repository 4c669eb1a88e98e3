"""What stands below a run that is over: how it ended, what it took, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.agents.trace import Outcome, Run, RunState, Step, ToolUse
from app.ui.agents.source_chips import SourceChips
from app.ui.agents.words import RUN_WORDS, call_text, one_line, spent_text
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.flow import FlowLayout
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import row

CONTINUE, DISCARD, COPY, CASE, EXPORT, DELETE = (
    "continue",
    "discard",
    "copy",
    "case",
    "export",
    "delete",
)
_TITLES = {
    CONTINUE: "Continue",
    DISCARD: "Leave it at that",
    COPY: "Copy answer",
    CASE: "Make a test case",
    EXPORT: "Export trace…",
    DELETE: "Delete",
}
_NOBODY_KNOWS = (Outcome.RUNNING, Outcome.UNKNOWN, Outcome.STOPPED, Outcome.TIMED_OUT)


class RunEnd(QFrame):
    """Made for one run.

    Signals:
        action_requested: one of the names above.
        citation_requested: the `Citation` whose chip was clicked.
    """

    action_requested = Signal(str)
    citation_requested = Signal(object)

    def __init__(self, context: PaneContext, run: Run, steps: Sequence[Step]) -> None:
        super().__init__()
        self.setObjectName("runend")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(8)
        if run.citations:
            chips = SourceChips(context, run.citations)
            chips.citation_requested.connect(self.citation_requested)
            layout.addWidget(chips)
        words = RUN_WORDS[run.state]
        icon = IconLabel(context.icons.icon(words.icon, words.color))
        said = Label(words.text, "h3")
        spent = Label(spent_text(run.spent, run.agent.budgets), "caption")
        layout.addWidget(row(icon, said, spent, None, spacing=8))
        why = ending(run, steps)
        if why:
            layout.addWidget(Label(why, "body2", wrap=True))
        self.buttons = {name: self._button(name) for name in _offered(run)}
        first = [self.buttons[name] for name in (CONTINUE, DISCARD) if name in self.buttons]
        if first:
            layout.addWidget(row(*first, None))
        rest = [each for name, each in self.buttons.items() if name not in (CONTINUE, DISCARD)]
        more = QWidget()
        FlowLayout(more, *rest)
        layout.addWidget(more)

    def _button(self, name: str) -> Button:
        kind = {CONTINUE: "primary", DISCARD: ""}.get(name, "linklike")
        button = Button(_TITLES[name], kind)
        button.clicked.connect(partial(self._on_clicked, name))
        return button

    def _on_clicked(self, name: str) -> None:
        self.action_requested.emit(name)


def ending(run: Run, steps: Sequence[Step]) -> str:
    """Why a run is not simply done, and of what nobody knows whether it happened."""
    parts = [visible(run.problem)] if run.problem else []
    if run.state is RunState.INTERRUPTED:
        parts.append("Cairn was closed, or ended, in the middle of this run.")
    if run.state.can_continue:
        doubtful = [use for each in steps if (use := _doubtful(each)) is not None]
        for use in doubtful[-3:]:
            parts.append(
                f"Nobody knows whether this was done: {one_line(use.title)} ({call_text(use)})."
                " Look before you go on."
            )
        if run.state is RunState.INTERRUPTED and not doubtful:
            parts.append("Nothing that changes anything was going on. It can go on where it was.")
    return " ".join(parts)


def _doubtful(step: Step) -> ToolUse | None:
    use = step.detail
    if not isinstance(use, ToolUse) or use.risk is None or not use.risk.has_effect:
        return None
    return use if use.outcome in _NOBODY_KNOWS and use.allowed else None


def _offered(run: Run) -> tuple[str, ...]:
    first: tuple[str, ...] = (CONTINUE,) if run.state.can_continue else ()
    if run.state is RunState.INTERRUPTED:
        first = (CONTINUE, DISCARD)
    copy = (COPY,) if run.answer else ()
    return (*first, *copy, CASE, EXPORT, DELETE)

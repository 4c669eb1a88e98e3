"""One call of a tool in the tree: what it does in words, how far it is, and what came of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.agents.trace import ApprovalAsked, Outcome, Step, ToolUse
from app.ui.agents.arguments_view import ArgumentsView
from app.ui.agents.plain_text import PAGE, DiffText, PagedText, PlainText
from app.ui.agents.source_chips import SourceChips
from app.ui.agents.words import (
    GROUND_WORDS,
    RISK_WORDS,
    VERDICT_WORDS,
    call_text,
    of_server,
    one_line,
    seconds_text,
    use_words,
)
from app.ui.amounts import size_text
from app.ui.pane import PaneContext
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label, Tag
from app.ui.widgets.layout import column, row

_MOST_PEEK = 4_000  # characters of what changed, while it is folded
_SHORT = 2_000  # characters of a result that are shown at first


class ToolCard(QFrame):
    """Folded to two lines and what changed, or with everything that is known of the call.

    Signals:
        whole_requested: all of a result is wanted; the `Step`. `show_whole` answers.
        citation_requested: the `Citation` whose chip was clicked.
    """

    whole_requested = Signal(object)
    citation_requested = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._step: Step | None = None
        self._approvals: tuple[ApprovalAsked, ...] = ()
        self._is_open = False
        self._below: QWidget | None = None  # the details, or what changed
        self._whole = ""
        self.setObjectName("toolcard")
        self._icon = IconLabel(context.icons.icon("ph.spinner-gap"))
        self._title = ElidedLabel("", "h3")
        self._facts = ElidedLabel("", "caption")
        self._tag = Tag("")
        self._tag.setMinimumSize(QSize(0, 0))
        self._fold = IconButton(context.icons.icon("ph.caret-down"), "Show the details", size=14)
        self._fold.setMinimumSize(28, 28)  # also while a layout is not done: no empty icon
        self._fold.clicked.connect(lambda: self.set_open(not self.is_open))
        words = column(self._title, self._facts, spacing=2)
        head = row(self._icon, words, self._tag, self._fold, spacing=10)
        head_layout = head.layout()
        assert head_layout is not None  # row() has just made it
        for part in (self._icon, self._tag, self._fold):
            head_layout.setAlignment(part, Qt.AlignmentFlag.AlignVCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 8, 8)
        self._layout.setSpacing(8)
        self._layout.addWidget(head)

    @property
    def is_open(self) -> bool:
        """Whether the details are shown."""
        return self._is_open

    @property
    def step(self) -> Step:
        """The step as it is shown."""
        assert self._step is not None  # it shows one from the start
        return self._step

    @property
    def use(self) -> ToolUse:
        """The call as it is shown."""
        assert isinstance(self.step.detail, ToolUse)
        return self.step.detail

    def show_step(self, step: Step, approvals: tuple[ApprovalAsked, ...], *, is_live: bool) -> None:
        """Show how far the call is, in a run that goes on or in one that is over."""
        self._step, self._approvals = step, approvals
        use = self.use
        words = use_words(use, is_live=is_live)
        self._icon.set_icon(self._context.icons.icon(words.icon, words.color))
        self._title.set_text(one_line(use.title, 200))
        server = of_server(use.server) if use.server else ""
        self._facts.set_text(" · ".join(filter(None, (server, call_text(use)))) or use.call.name)
        taken = "" if step.seconds is None else f" · {seconds_text(step.seconds)}"
        is_quick = use.outcome is not Outcome.DONE or (step.seconds or 0) < 1
        self._tag.setText(words.text if is_quick else f"{words.text}{taken}")
        set_look(self._tag, "sev", words.sev)
        said = f"{use.title}, {words.text}"
        self.setAccessibleName(visible(said))
        self._fold.setAccessibleName(f"Details of {visible(said)}")
        self.set_open(self.is_open)

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold it; the details are made anew."""
        self._is_open = is_open
        if self._below is not None:
            self._below.hide()
            self._below.deleteLater()
            self._below = None
        if is_open:
            self._below = self._build_details()
        elif self.use.diff and self.use.outcome is Outcome.DONE:
            text = DiffText(self._context.theme, "What changed", most_lines=8)
            self._below = PagedText(text, self.use.diff[:_MOST_PEEK])
        if self._below is not None:
            self._layout.addWidget(self._below)
        name, tip = ("caret-up", "Hide") if is_open else ("caret-down", "Show")
        self._fold.setIcon(self._context.icons.icon(f"ph.{name}"))
        self._fold.setToolTip(f"{tip} the details")

    def show_whole(self, text: str) -> None:
        """Show all of the result that a window can show; the rest is in an export."""
        self._whole = text
        if self.is_open:
            self.set_open(True)

    def _build_details(self) -> QWidget:
        use, theme = self.use, self._context.theme
        details = QWidget()
        layout = QVBoxLayout(details)
        layout.setContentsMargins(0, 0, 6, 4)
        layout.setSpacing(6)
        layout.addWidget(Label(self._about(use), "caption", wrap=True))
        arguments = ArgumentsView(theme)
        arguments.show_arguments(use.arguments)
        layout.addWidget(Label("Arguments", "overline"))
        layout.addWidget(arguments)
        for asked in self._approvals:
            layout.addWidget(Label(_approval(asked), "caption", wrap=True))
        if use.diff:
            changed = use.outcome in (Outcome.DONE, Outcome.RUNNING)
            title = "What changed" if changed else "What would have changed"
            layout.addWidget(Label(title, "overline"))
            layout.addWidget(PagedText(DiffText(theme, title), use.diff))
        if use.text:
            self._add_result(layout, use)
        if use.citations:
            chips = SourceChips(self._context, use.citations)
            chips.citation_requested.connect(self.citation_requested)
            layout.addWidget(chips)
        return details

    def _about(self, use: ToolUse) -> str:
        risk = RISK_WORDS[use.risk].more if use.risk else "There is no such tool."
        parts = [f"Tool {one_line(use.call.name)}, {of_server(use.server)}.", risk]
        if use.allowed:
            parts.append(GROUND_WORDS[use.allowed])
        if use.is_edited:
            parts.append("You changed the arguments.")
        return " ".join(parts)

    def _add_result(self, layout: QVBoxLayout, use: ToolUse) -> None:
        text = self._whole or use.text
        shown = text[:PAGE] if self._whole else text[:_SHORT]
        size = max(use.size_bytes, len(text))
        title = Label(f"Result · {size_text(size)}", "overline")
        is_cut = len(shown) < len(text) or (not self._whole and use.size_bytes > len(use.text) + 8)
        show_all = Button("Show all", "small")
        show_all.clicked.connect(lambda: self.whole_requested.emit(self._step))
        show_all.setVisible(is_cut and not self._whole)
        layout.addWidget(row(title, None, show_all))
        layout.addWidget(PagedText(PlainText(self._context.theme, "Result"), shown))
        if self._whole and is_cut:
            rest = "The rest is in the exported trace."
            layout.addWidget(Label(f"The first {size_text(len(shown))}. {rest}", "caption"))
        if use.is_untrusted:
            words = f"Others may have written this: {visible(use.source)}."
            layout.addWidget(Label(words, "caption", wrap=True))


def _approval(asked: ApprovalAsked) -> str:
    if asked.verdict is None:
        return "You were asked, and did not answer."
    who = "" if asked.by == "person" else f" by {one_line(asked.by)}"
    changed = ", with other arguments" if asked.arguments is not None else ""
    reason = f": “{visible(asked.reason)}”" if asked.reason else ""
    return f"{VERDICT_WORDS[asked.verdict]}{who}{changed}{reason}"

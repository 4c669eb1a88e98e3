"""One reply of the model: what it thought, folded, and what it said."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.trace import ModelReply, Step
from app.engine.protocol import FinishReason
from app.ui.agents.markdown_view import MarkdownView
from app.ui.agents.plain_text import PagedText, PlainText
from app.ui.agents.shown_trace import Growth
from app.ui.agents.words import seconds_text
from app.ui.amounts import count_text
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row


class ReplyView(QWidget):
    """A step of the tree; the calls that it asked for go into `calls`, below it.

    Signals:
        sent_requested: a person wants to see what the model was sent; the `Step`.
        citation_requested: the number of a chip that was clicked.
    """

    sent_requested = Signal(object)
    citation_requested = Signal(int)

    def __init__(self, context: PaneContext, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._number = number
        self._step: Step | None = None
        self._taken = 0  # characters of a reply that is coming
        self._thoughts = ""
        self._thinking: PagedText | None = None
        self._title = Label("", "caption")
        self._sent = IconButton(
            context.icons.icon("ph.paper-plane-right"), "What the model was sent", size=14
        )
        self._sent.setMinimumSize(28, 28)  # also while a layout is not done: no empty icon
        self._sent.clicked.connect(lambda: self.sent_requested.emit(self._step))
        self._sent.hide()
        self._fold = FoldButton("Thoughts", context.icons)
        self._fold.unfolded.connect(self._on_unfolded)
        self._fold.hide()
        self._text = MarkdownView(context)
        self._text.citation_requested.connect(self.citation_requested)
        self._text.hide()
        self._error = Label("", "danger", wrap=True)
        self._error.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(row(self._title, self._sent, None, spacing=4))
        self._layout.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(self._text)
        self._layout.addWidget(self._error)
        self.calls = QVBoxLayout()
        self.calls.setContentsMargins(20, 4, 0, 0)
        self.calls.setSpacing(8)
        self._layout.addLayout(self.calls)

    @property
    def text(self) -> str:
        """What of the model's words is shown."""
        return self._text.text

    def show_step(self, step: Step, growth: Growth) -> None:
        """Show how far the reply is."""
        reply = step.detail
        assert isinstance(reply, ModelReply)
        if self._step is step and step.seconds is not None:
            return
        self._step = step
        self._title.setText(_title(self._number, step, reply))
        if step.seconds is None:
            self._grow(growth)
            return
        self._sent.show()
        self._set_thoughts(reply.reasoning)
        if self._text.text != reply.text:
            self._text.show_text(reply.text)
        self._text.setVisible(bool(reply.text.strip()))
        self._error.setText(reply.error or _broken(reply))
        self._error.setVisible(bool(self._error.text()))

    def cite(self, citations: Mapping[int, str]) -> None:
        """This is the answer: its chips stand for these."""
        self._text.show_text(self._text.text, citations)
        facts = self._title.text().partition(" · ")[2]
        self._title.setText(f"Answer · {facts}" if facts else "Answer")

    def _grow(self, growth: Growth) -> None:
        text = "".join(growth.text)
        growth.text[:] = [text]
        if len(text) > self._taken:
            self._text.show()
            self._text.feed(text[self._taken :])
            self._taken = len(text)
        thoughts = "".join(growth.reasoning)
        growth.reasoning[:] = [thoughts]
        self._set_thoughts(thoughts)

    def _set_thoughts(self, thoughts: str) -> None:
        new, self._thoughts = thoughts[len(self._thoughts) :], thoughts
        self._fold.setVisible(bool(thoughts.strip()))
        if self._thinking is not None and new:
            self._thinking.view.add(new)

    def _on_unfolded(self, is_open: bool) -> None:
        if self._thinking is None:
            self._thinking = PagedText(
                PlainText(self._context.theme, "Thoughts", most_lines=12), self._thoughts
            )
            self._layout.insertWidget(2, self._thinking)
        self._thinking.setVisible(is_open)


def _title(number: int, step: Step, reply: ModelReply) -> str:
    parts = ["Last answer" if reply.is_last else f"Step {number}"]
    if step.seconds is None:
        parts.append("the model answers…")
    else:
        parts.append(seconds_text(step.seconds))
        if reply.timings.output_tokens:
            parts.append(count_text(reply.timings.output_tokens, "token"))
        if reply.finish is FinishReason.STOPPED:
            parts.append("stopped")
    return " · ".join(parts)


def _broken(reply: ModelReply) -> str:
    return f"It wrote a tool call that cannot be read: {reply.problem}" if reply.problem else ""

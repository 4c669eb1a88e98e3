"""What was sent to a model for a sample, to the letter."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.evals.runs.entities import Sample
from app.ui.evals.text_page import TextPage
from app.ui.pane import PaneContext
from app.ui.widgets.labels import Label
from app.ui.widgets.sheet import Sheet

_ROLES = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
_NOTHING = "Nothing is stored of what was sent."


class SentSheet(Sheet):
    """Shows the turns of a sample. Used once."""

    def __init__(self, window: QWidget, context: PaneContext, sample: Sample) -> None:
        super().__init__(window, context.icons, "What was sent", width=720)
        self.body.setSpacing(8)
        words = f"In this order, through the model's own template, with the seed {sample.seed}."
        self.body.addWidget(Label(words if sample.turns else _NOTHING, "body2", wrap=True))
        self.page = TextPage(context.theme, "What was sent")
        for turn in sample.turns:
            self.page.heading(_ROLES[turn.role.value])
            self.page.line(turn.content or "(no text)")
            for call in turn.tool_calls:
                self.page.line(f"→ {call.name} {dict(call.arguments)}")
        self.page.setMinimumHeight(320)
        self.body.addWidget(self.page, 1)
        self.closed.connect(self.deleteLater)

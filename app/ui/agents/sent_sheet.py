"""Shows what the model was sent for one reply, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.engine.messages import Turn
from app.ui.agents.plain_text import PagedText, PlainText
from app.ui.agents.words import json_text
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage
from app.ui.widgets.sheet import Sheet


class SentSheet(Sheet):
    """Each turn under its role. Used once."""

    def __init__(
        self, window: QWidget, icons: Icons, theme: ThemeKeeper, turns: Sequence[Turn]
    ) -> None:
        super().__init__(window, icons, "What the model was sent", width=720)
        page = ScrollPage("Turns", width=2000, margins=(0, 0, 12, 0))
        page.body.setSpacing(4)
        for turn in turns:
            page.body.addWidget(Label(turn.role.value.capitalize(), "overline"))
            calls = [{"name": e.name, "arguments": dict(e.arguments)} for e in turn.tool_calls]
            text = "\n".join(filter(None, (turn.content, json_text(calls) if calls else "")))
            page.body.addWidget(PagedText(PlainText(theme, turn.role.value), text))
            page.body.addSpacing(8)
        page.body.addStretch(1)
        self.body.addWidget(page)
        self.closed.connect(self.deleteLater)

    def card_height(self, _width: int) -> int:
        return 640

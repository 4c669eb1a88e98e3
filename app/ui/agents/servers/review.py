"""The sheet that shows what a server changed about one of its tools, or a tool that is new."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.agents.mcp.entities import ToolReview
from app.ui.agents.servers.lines import LinesBox
from app.ui.agents.servers.sheet import ServerSheet, titled
from app.ui.agents.servers.words import one_line
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label

_TONES = {"+": "ok", "-": "danger", "@": "text2"}


class ReviewSheet(ServerSheet):
    """Shows the whole change.

    Signals:
        accepted: the person allows the tool as it is shown.
    """

    accepted = Signal()

    def __init__(
        self, window: QWidget, icons: Icons, theme: ThemeKeeper, server: str, review: ToolReview
    ) -> None:
        tool, is_new = one_line(review.tool), not review.before
        title = f"New tool “{tool}”" if is_new else f"What changed about “{tool}”"
        super().__init__(window, icons, title, width=720)
        words = (
            "A model reads all of this as part of what it is told to do. Do not allow it if it "
            f"asks for anything that a tool of “{one_line(server)}” should not need."
        )
        self.content.addWidget(Label(words, "body2", wrap=True))
        lines = review.after.splitlines() if is_new else review.diff.splitlines()[2:]
        tones = [""] * len(lines) if is_new else [_TONES.get(each[:1], "") for each in lines]
        self.box = LinesBox(theme, "Its description", most=18)
        self.box.show_lines([each.replace("\t", "    ") for each in lines], tones)
        caption = (
            "Its description" if is_new else "Red is what you allowed, green is what it is now"
        )
        self.content.addWidget(titled(caption, self.box))
        self.back.setText("Leave off")
        self.back.setAccessibleName("Leave off")
        self.accept = Button("Allow it")
        self.accept.clicked.connect(self._on_accept_clicked)
        self.arm_later(self.accept)
        self.finish(self.accept)

    def first_focus(self) -> QWidget | None:
        return self.back

    def _on_accept_clicked(self) -> None:
        self.dismiss()
        self.accepted.emit()

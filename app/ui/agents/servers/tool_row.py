"""One tool of a server: what the server says it does, what it may do, and whether it is on."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.agents.entities import Risk
from app.agents.mcp.entities import ToolView
from app.ui.agents.servers.lines import PlainElided
from app.ui.agents.servers.words import RISK_WORDS, one_line, plain, tool_mark
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper, set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label, Tag
from app.ui.widgets.switch import Switch

_SHORT: Final = 180  # characters of a description that are always shown


class ToolRow(QWidget):
    """Shows a ToolView. All signals carry the tool's name.

    Signals:
        set_requested: switch it on or off, and what it can do at worst (a Risk).
        review_requested: show what the server changed.
    """

    set_requested = Signal(str, bool, object)
    review_requested = Signal(str)

    def __init__(
        self, icons: Icons, theme: ThemeKeeper, view: ToolView, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._view: ToolView | None = None
        self._is_touched = False  # the person chose something that may not come true
        name = one_line(view.name)
        self.title = PlainElided("", "h3")
        self.mark = Tag("")
        self.review = Button("Review…", "small")
        self.review.setAccessibleName(f"Review the tool {name}")
        self.risk = _RiskChoice(f"What {name} can do")
        self.switch = Switch(theme, f"Tool {name}")
        self.about = Label("", "caption", wrap=True)
        self.more = FoldButton("All of it", icons)
        self._lay_out()
        self.switch.clicked.connect(self._on_chosen)
        self.risk.activated.connect(self._on_chosen)
        self.review.clicked.connect(lambda: self.review_requested.emit(view.name))
        self.more.unfolded.connect(self._show_about)
        self.show_view(view)

    def show_view(self, view: ToolView) -> None:
        """Show another state of the same tool."""
        if view == self._view and not self._is_touched:
            return
        self._view, self._is_touched = view, False
        name = one_line(view.name)
        has_title = view.title and view.title != name
        self.title.set_text(f"{view.title} ({name})" if has_title else name)
        mark = tool_mark(view)
        self.mark.setVisible(mark is not None)
        if mark is not None:
            self.mark.setText(mark.words)
            set_look(self.mark, "sev", mark.sev)
        waits = (view.is_changed or view.is_new) and not view.problem
        self.review.setVisible(waits)
        self.risk.setVisible(not waits)
        self.risk.setEnabled(not view.problem)
        self.risk.choose(view.risk)
        self.switch.setVisible(not waits)
        self.switch.setEnabled(not view.problem)
        self.switch.setChecked(view.is_on)
        self.more.setVisible(len(view.description) > _SHORT)
        self._show_about()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        for words in (self.title, self.mark):
            line.addWidget(words)
        line.addStretch(1)
        for control in (self.review, self.risk, self.switch):
            line.addWidget(control)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self.about)
        layout.addWidget(self.more)

    def _show_about(self) -> None:
        view = self._view
        if view is None:
            return
        text = view.description.strip() or "The server does not say what it does."
        if not self.more.is_open and len(text) > _SHORT:
            text = f"{' '.join(text.split())[:_SHORT].rstrip()}…"
        self.about.setText(plain(f"{view.problem} {text}".strip()))

    def _on_chosen(self) -> None:
        view = self._view
        if view is not None:
            self._is_touched = True
            self.set_requested.emit(view.name, self.switch.isChecked(), self.risk.chosen)


class _RiskChoice(QComboBox):
    """What a tool can do at worst, in words. The wheel scrolls the page, not the choice."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip("When you are asked before an agent uses it depends on this.")
        for risk, words in RISK_WORDS.items():
            self.addItem(words, risk)

    @property
    def chosen(self) -> Risk:
        """What is shown."""
        return Risk(self.currentData())

    def choose(self, risk: Risk) -> None:
        """Show a risk; those below "Reads" are shown as that."""
        self.setCurrentIndex(max(0, self.findData(risk)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

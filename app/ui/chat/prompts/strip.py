"""The prompt that a question is written with, shown above the question."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from app.chat.prompt_use import PromptUse
from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel
from app.ui.widgets.layout import row


class PromptStrip(QFrame):
    """Names it, says what goes with the question beside its words, and lets it be taken away.

    Signals:
        changed: the prompt is another one now, or none.
    """

    changed = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("promptstrip")
        self._use: PromptUse | None = None
        self._name = ElidedLabel("", "caption")
        self._searches = Button("Search documents", "chip", icons.icon("ph.books"))
        self._searches.setCheckable(True)
        self._searches.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._searches.clicked.connect(self._on_searches_clicked)
        drop = IconButton(icons.icon("ph.x"), "Ask without this prompt; your words stay", size=14)
        drop.clicked.connect(lambda: self._change(None))
        icon = IconLabel(icons.icon("ph.article"), 16)
        row(icon, self._name, None, self._searches, drop, margins=(8, 2, 2, 2), into=self)
        self.hide()

    @property
    def use(self) -> PromptUse | None:
        """The prompt."""
        return self._use

    def show_use(self, use: PromptUse | None) -> None:
        """Show another prompt; nothing is emitted."""
        self._use = use
        self.setVisible(use is not None)
        if use is None:
            return
        self._name.set_text(f"{use.ref.title}: {carried_text(use)}")
        self._searches.setChecked(use.searches)
        does = "Your documents are searched for this question"
        does_not = "Your documents are not searched for this question; click to search them"
        self._searches.setToolTip(does if use.searches else does_not)

    def _on_searches_clicked(self, is_wanted: bool) -> None:
        if self._use is not None:
            self._change(replace(self._use, searches=is_wanted))

    def _change(self, use: PromptUse | None) -> None:
        self.show_use(use)
        self.changed.emit()


def carried_text(use: PromptUse) -> str:
    """What of a prompt goes with a question beside its words."""
    parts = ["instructions"] if use.instructions else []
    if use.shown:
        parts.append(count_text((len(use.shown) + 1) // 2, "example"))
    if use.output_schema is not None:
        parts.append("the form of the answer")
    if use.sampling is not None:
        parts.append("its sampling")
    if not parts:
        return "only its words"
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{listed}, for this question only"

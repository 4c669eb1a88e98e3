"""How many tokens each part of a prompt takes, and how much of the context that is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.prompts.preview import Preview
from app.ui.theme import set_look
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.progress import ProgressBar


class TokenTable(QWidget):
    """The total with a bar, and a line for each part."""

    def __init__(self) -> None:
        super().__init__()
        self.total = Label("", "h3", wrap=True)
        self._bar = ProgressBar("Share of the context that the prompt takes")
        self._lines = QWidget()
        self._grid = QGridLayout(self._lines)
        self._grid.setContentsMargins(0, 2, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._parts: tuple[tuple[str, int], ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.total, self._bar, self._lines):
            layout.addWidget(widget)
        self.hide()

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The lines: a name and its tokens."""
        return self._parts

    def show_preview(self, preview: Preview) -> None:
        """Show the tokens of a prompt; nothing if they are not counted."""
        total, room = preview.total, preview.context_length
        self.setVisible(total is not None)
        if total is None:
            self._parts = ()
            return
        is_over = room is not None and total >= room
        words = f"{total:,} of {room:,} tokens" if room else f"{total:,} tokens"
        more = ": too long for this model as it is loaded" if is_over else ""
        self.total.setText(words + more)
        set_look(self.total, "role", "danger" if is_over else "h3")
        self._bar.setVisible(bool(room))
        self._bar.show_progress(total, room or 0)
        parts = tuple((each.name, each.tokens) for each in preview.tokens)
        if parts != self._parts:
            self._parts = parts
            self._fill()

    def _fill(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for line, (name, tokens) in enumerate(self._parts):
            count = Label(f"{tokens:,}", "caption")
            count.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(ElidedLabel(name, "caption"), line, 0)
            self._grid.addWidget(count, line, 1)

"""A heading that unfolds what is below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import Button


class FoldButton(Button):
    """A caret and words; a click, Space or Enter folds and unfolds.

    Signals:
        unfolded: a person unfolded it (True) or folded it (False).
    """

    unfolded = Signal(bool)

    def __init__(self, text: str, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(text, "fold", icons.icon("ph.caret-right"), parent)
        self._icons = icons
        self._words = text
        self._is_open = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._on_clicked)
        self._show()

    @property
    def is_open(self) -> bool:
        """Whether what is below is shown."""
        return self._is_open

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold it; nothing is emitted."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._show()

    def set_words(self, text: str) -> None:
        """Show other words."""
        if text != self._words:
            self._words = text
            self._show()

    def _show(self) -> None:
        name = "ph.caret-down" if self._is_open else "ph.caret-right"
        self.setIcon(self._icons.icon(name))
        self.setText(f" {self._words}")
        state = "unfolded" if self._is_open else "folded"
        self.setAccessibleName(f"{self._words}, {state}")

    def _on_clicked(self) -> None:
        self.set_open(not self._is_open)
        self.unfolded.emit(self._is_open)

"""A row of segments of which one is always chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QWidget

from app.ui.widgets.buttons import Button


class ViewSwitch(QFrame):
    """Chooses between views.

    Signals:
        chosen: the key of a segment, by a person's hand or `choose`.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, segments: Mapping[str, str], parent: QWidget | None = None
    ) -> None:
        """Offer segments, words by key; the first is chosen. `name` is for screen readers."""
        super().__init__(parent)
        self.setObjectName("segments")
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Button] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(2)
        for key, words in segments.items():
            button = Button(words, "segment")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._on_clicked)
            self._buttons[key] = button
            self._group.addButton(button)
            layout.addWidget(button)
        self._current = next(iter(segments))
        self._buttons[self._current].setChecked(True)

    @property
    def current(self) -> str:
        """The key of the chosen segment."""
        return self._current

    def button(self, key: str) -> Button:
        """The button of a segment."""
        return self._buttons[key]

    def choose(self, key: str) -> None:
        """Choose a segment, as a click does."""
        self._buttons[key].setChecked(True)
        if key != self._current:
            self._current = key
            self.chosen.emit(key)

    def _on_clicked(self) -> None:
        self.choose(next(key for key, each in self._buttons.items() if each.isChecked()))

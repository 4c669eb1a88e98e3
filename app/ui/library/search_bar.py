"""The search field and the choice of how to search."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from app.settings.schema import Library, SearchMode
from app.ui.icons import Icons

DEBOUNCE_MS = 350


class SearchField(QLineEdit):
    """A field that Escape empties.

    Signals:
        down_pressed: the arrow down, to go on in the results.
    """

    down_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        else:
            super().keyPressEvent(event)


class SearchBar(QWidget):
    """Asks for a search when a person pauses, presses Enter, or changes the mode.

    Signals:
        searched: the text, stripped, and the SearchMode.
        cleared: the field is empty now.
    """

    searched = Signal(str, object)
    cleared = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField()
        self.field.setAccessibleName("Search in documents")
        self.field.setClearButtonEnabled(True)
        self.field.addAction(
            icons.icon("ph.magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.mode_choice = QComboBox()
        self.mode_choice.setAccessibleName("Search by")
        for mode, label in _mode_labels().items():
            self.mode_choice.addItem(label, mode)
        self._pause = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 0, 24, 12)
        layout.setSpacing(8)
        layout.addWidget(self.field, 1)
        layout.addWidget(self.mode_choice)
        self.set_place("all documents")
        self._pause.timeout.connect(self._search)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._search)
        self.mode_choice.activated.connect(self._search)

    @property
    def text(self) -> str:
        """What is searched for, without space around it."""
        return self.field.text().strip()

    @property
    def mode(self) -> SearchMode:
        """How to search."""
        return SearchMode(self.mode_choice.currentData())  # Qt gives a plain string back

    def set_mode(self, mode: SearchMode) -> None:
        """Choose how to search; nothing is searched by that."""
        self.mode_choice.setCurrentIndex(self.mode_choice.findData(mode))

    def set_place(self, place: str) -> None:
        """Say where a search looks, such as "all documents"."""
        self.field.setPlaceholderText(f"Search in {place}")

    def _search(self) -> None:
        self._pause.stop()
        if self.text:
            self.searched.emit(self.text, self.mode)

    def _on_text_changed(self) -> None:
        if self.text:
            self._pause.start()
        else:
            self._pause.stop()
            self.cleared.emit()


def _mode_labels() -> dict[SearchMode, str]:
    metadata: Any = next(each.metadata for each in fields(Library) if each.name == "search_mode")
    return {mode: metadata["labels"][mode.value] for mode in SearchMode}

"""The chips above the table: which status is shown, with counts."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QWidget

from app.ui.library.rows import StatusFilter
from app.ui.widgets.buttons import Button

_LABELS = {
    StatusFilter.ALL: "All",
    StatusFilter.INDEXED: "Indexed",
    StatusFilter.IN_PROGRESS: "In progress",
    StatusFilter.FAILED: "Failed",
    StatusFilter.CANCELLED: "Cancelled",
}


class FilterChips(QWidget):
    """One chip is always chosen. "Cancelled" appears only when there is something to show.

    Signals:
        chosen: a StatusFilter.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._chips: dict[StatusFilter, Button] = {}
        self._counts: dict[StatusFilter, int] = {}
        self._is_compact = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for status, label in _LABELS.items():
            chip = Button(label, "chip")
            chip.setCheckable(True)
            self._chips[status] = chip
            self._group.addButton(chip)
            layout.addWidget(chip)
        layout.addStretch(1)
        self._chips[StatusFilter.ALL].setChecked(True)
        self._group.buttonClicked.connect(self._on_clicked)

    def chip(self, status: StatusFilter) -> Button:
        """The button of a filter."""
        return self._chips[status]

    def choose(self, status: StatusFilter) -> None:
        """Choose a chip, as a click does."""
        if not self._chips[status].isChecked():
            self._chips[status].setChecked(True)
            self.chosen.emit(status)

    def show_counts(self, counts: Mapping[StatusFilter, int]) -> None:
        """Put the counts on the chips."""
        for status, chip in self._chips.items():
            count = counts.get(status, 0)
            chip.setText(f"{_LABELS[status]}  {count:,}")
            chip.setAccessibleName(f"{_LABELS[status]}, {count:,}")
        self._counts = dict(counts)
        self._show_needed()

    def set_compact(self, compact: bool) -> None:
        """Leave out what would show nothing, or bring it back."""
        self._is_compact = compact
        self._show_needed()

    def _show_needed(self) -> None:
        for status, chip in self._chips.items():
            optional = status is StatusFilter.CANCELLED or self._is_compact
            needed = status is StatusFilter.ALL or self._counts.get(status) or chip.isChecked()
            chip.setVisible(bool(needed) or not optional)

    def _on_clicked(self, chip: Button) -> None:
        self.chosen.emit(next(each for each, one in self._chips.items() if one is chip))

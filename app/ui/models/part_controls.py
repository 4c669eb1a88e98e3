"""Controls for lists among the load options: LoRA adapters, and graphics cards to use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QVBoxLayout, QWidget

from app.engine.options import Adapter
from app.engine.protocol import Device
from app.modelhub.options import BOUNDS
from app.ui.amounts import size_text
from app.ui.icons import Icons
from app.ui.models.option_controls import DecimalBox, OptionControl, choose_gguf, decimal_box
from app.ui.models.option_specs import OptionSpec
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import row


class AdaptersControl(OptionControl):
    """A line for each adapter: its file, its scale, and a way to take it out.

    Attributes:
        scales: the fields, in the order of the adapters.
    """

    is_wide = True

    def __init__(self, spec: OptionSpec, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._title = spec.title
        self._adapters: tuple[Adapter, ...] = ()
        self._rows: list[QWidget] = []
        self.scales: list[DecimalBox] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self.line.addLayout(self._column, 1)
        self.add = Button("Add adapter…", "small", icons.icon("ph.plus", "text"))
        self.add.clicked.connect(self._on_add_clicked)
        self._column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def show_value(self, value: Any) -> None:
        if [each.path for each in value] == [each.path for each in self._adapters]:
            self._adapters = tuple(value)  # the scale being edited keeps its field and focus
            return
        self._adapters = tuple(value)
        for old in self._rows:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.scales = []
        self._rows = [self._make_row(index) for index in range(len(value))]
        for place, line in enumerate(self._rows):
            self._column.insertWidget(place, line)

    def _make_row(self, index: int) -> QWidget:
        adapter = self._adapters[index]
        file = Path(adapter.path).name
        name = ElidedLabel(file, mode=Qt.TextElideMode.ElideMiddle)
        name.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        low, high = BOUNDS["adapters.scale"]
        scale = decimal_box(f"Scale of {file}", low, high, 0.1)
        scale.setFixedWidth(96)
        self.scales.append(scale)
        scale.setValue(adapter.scale)
        scale.valueChanged.connect(lambda value, index=index: self._on_scaled(index, value))
        remove = IconButton(self._icons.icon("ph.x"), f"Remove {file}", size=14)
        remove.clicked.connect(lambda _checked=False, index=index: self._on_removed(index))
        return row(name, scale, remove)

    def _on_scaled(self, index: int, value: float) -> None:
        changed = list(self._adapters)
        changed[index] = replace(changed[index], scale=round(value, 2))
        self.edited.emit(tuple(changed))

    def _on_removed(self, index: int) -> None:
        self.edited.emit(self._adapters[:index] + self._adapters[index + 1 :])

    def _on_add_clicked(self) -> None:
        choose_gguf(self, self._title, self._take, many=True)

    def _take(self, files: list[str]) -> None:
        known = {each.path for each in self._adapters}
        added = tuple(Adapter(each) for each in files if each not in known)
        if added:
            self.edited.emit(self._adapters + added)


class CardsControl(OptionControl):
    """A check box for each graphics card, with what is free on it. All of them is the default."""

    is_wide = True

    def __init__(self, cards: tuple[Device, ...]) -> None:
        super().__init__()
        self._boxes: dict[str, QCheckBox] = {}
        holder = QVBoxLayout()
        holder.setSpacing(4)
        self.line.addLayout(holder, 1)
        for card in cards:
            box = QCheckBox(card_words(card))
            box.clicked.connect(self._on_clicked)
            self._boxes[card.name] = box
            holder.addWidget(box)

    def show_value(self, value: Any) -> None:
        for name, box in self._boxes.items():
            box.setChecked(not value or name in value)

    def _on_clicked(self) -> None:
        chosen = tuple(name for name, box in self._boxes.items() if box.isChecked())
        # None chosen would mean all of them, so the last one stays.
        if not chosen:
            sender = self.sender()
            assert isinstance(sender, QCheckBox)  # only check boxes are connected
            sender.setChecked(True)
            return
        self.edited.emit(() if len(chosen) == len(self._boxes) else chosen)


def card_words(card: Device) -> str:
    """A graphics card in one line: name and free memory."""
    name = card.description or card.name
    return f"{name} · {size_text(card.free_bytes)} of {size_text(card.total_bytes)} free"

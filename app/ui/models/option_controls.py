"""Controls for load options: numbers, choices, switches and files. Each shows one value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app.modelhub.options import BOUNDS
from app.ui.icons import Icons
from app.ui.models.option_specs import GGUF_FILTER, OptionSpec
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.switch import Switch

FIELD_WIDTH = 148
FILE_WIDTH = 200
_WIDEST = "As in the file"
MOST_SEGMENTS = 3


class OptionControl(QWidget):
    """Something to choose a value with. `show_value` never emits.

    Signals:
        edited: a person chose this value.
    """

    edited = Signal(object)
    is_wide = False  # stands below the words instead of beside them

    def __init__(self) -> None:
        super().__init__()
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(0, 0, 0, 0)
        self.line.setSpacing(6)

    def show_value(self, value: Any) -> None:
        """Show this value."""
        raise NotImplementedError


class SwitchControl(OptionControl):
    """For yes and no."""

    def __init__(self, spec: OptionSpec, theme: ThemeKeeper) -> None:
        super().__init__()
        self.switch = Switch(theme, spec.title)
        self.line.addWidget(self.switch)
        self.switch.clicked.connect(self._on_clicked)

    def show_value(self, value: Any) -> None:
        self.switch.setChecked(value)

    def _on_clicked(self, is_on: bool) -> None:
        self.edited.emit(is_on)


class SegmentControl(OptionControl):
    """For one of a few: all of them side by side."""

    def __init__(self, spec: OptionSpec) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.buttons: dict[str, Button] = {}
        for value, words in spec.labels.items():
            button = Button(words, "chip")
            button.setCheckable(True)
            button.setAccessibleName(f"{spec.title}: {words}")
            button.clicked.connect(lambda _checked=False, value=value: self.edited.emit(value))
            self._group.addButton(button)
            self.buttons[str(value)] = button
            self.line.addWidget(button)

    def show_value(self, value: Any) -> None:
        self.buttons[str(value)].setChecked(True)


class PickBox(QComboBox):
    """A list to pick from. The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class ListControl(OptionControl):
    """For one of many."""

    def __init__(self, name: str, labels: Mapping[Any, str]) -> None:
        super().__init__()
        self._values = list(labels)
        self.box = PickBox()
        self.box.setAccessibleName(name)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.setMinimumWidth(FIELD_WIDTH)
        self.box.addItems(list(labels.values()))
        self.line.addWidget(self.box)
        self.box.activated.connect(lambda index: self.edited.emit(self._values[index]))

    def show_value(self, value: Any) -> None:
        if value in self._values:
            self.box.setCurrentIndex(self._values.index(value))


class WholeBox(QSpinBox):
    """A whole number. The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DecimalBox(QDoubleSpinBox):
    """A number. The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


def whole_box(name: str, low: float, high: float, step: float) -> WholeBox:
    """A field for a whole number within bounds."""
    box = WholeBox()
    box.setRange(int(low), int(high))
    box.setSingleStep(int(step))
    _set_up(box, name, f"{int(low):,} to {int(high):,}")
    return box


def decimal_box(name: str, low: float, high: float, step: float) -> DecimalBox:
    """A field for a number within bounds."""
    box = DecimalBox()
    box.setDecimals(2)
    box.setRange(low, high)
    box.setSingleStep(step)
    _set_up(box, name, f"{low:,.0f} to {high:,.0f}")
    return box


def _set_up(box: WholeBox | DecimalBox, name: str, bounds: str) -> None:
    box.setAccessibleName(name)
    box.lineEdit().setAccessibleName(name)
    box.setAccessibleDescription(bounds)
    box.setToolTip(bounds)
    # The widest words must fit at any text size, beside the padding and the arrows.
    box.setFixedWidth(max(FIELD_WIDTH, box.fontMetrics().horizontalAdvance(_WIDEST) + 48))
    box.setKeyboardTracking(False)  # a number half typed is no choice
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setGroupSeparatorShown(True)
    box.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding does not reach it


class NumberControl(OptionControl):
    """For numbers, of which the least may have a meaning in words."""

    def __init__(self, spec: OptionSpec, *, whole: bool) -> None:
        super().__init__()
        low, high = BOUNDS[spec.name]
        make = whole_box if whole else decimal_box
        self.box: WholeBox | DecimalBox = make(spec.title, low, high, spec.step)
        self.box.setSpecialValueText(spec.special.get(int(low), ""))
        self.line.addWidget(self.box)
        self.box.valueChanged.connect(self._on_value_changed)

    def show_value(self, value: Any) -> None:
        self.box.blockSignals(True)
        self.box.setValue(value)
        self.box.blockSignals(False)

    def _on_value_changed(self, value: float) -> None:
        self.edited.emit(value if isinstance(self.box, WholeBox) else round(value, 6))


class CountControl(OptionControl):
    """For numbers of which several have a meaning in words: pick one of those, or count."""

    def __init__(self, spec: OptionSpec) -> None:
        super().__init__()
        _low, high = BOUNDS[spec.name]
        self._special = dict(spec.special)
        self._values = list(spec.special)
        self.pick = ListControl(spec.title, {**self._special, None: spec.many})
        first = min(high, max(1, spec.step))
        self.box = whole_box(f"{spec.title}: number", first, high, spec.step)
        self.box.hide()
        self.line.addWidget(self.box)
        self.line.addWidget(self.pick)
        self.pick.edited.connect(self._on_picked)
        self.box.valueChanged.connect(self.edited.emit)

    def show_value(self, value: Any) -> None:
        is_count = value not in self._special
        self.pick.show_value(None if is_count else value)
        self.box.setVisible(is_count)
        if is_count:
            self.box.blockSignals(True)
            self.box.setValue(value)
            self.box.blockSignals(False)

    def _on_picked(self, value: int | None) -> None:
        self.edited.emit(int(self.box.value()) if value is None else value)


class FileControl(OptionControl):
    """For a file, or none."""

    def __init__(self, spec: OptionSpec, icons: Icons) -> None:
        super().__init__()
        self._title = spec.title
        self.name = ElidedLabel("", "caption", mode=Qt.TextElideMode.ElideMiddle)
        self.name.setFixedWidth(FILE_WIDTH)
        self.name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.choose = Button("Choose…", "small")
        self.choose.setAccessibleName(f"Choose the file: {spec.title}")
        self.clear = IconButton(icons.icon("ph.x"), f"No file: {spec.title}", size=14)
        for part in (self.name, self.clear, self.choose):
            self.line.addWidget(part)
        self.choose.clicked.connect(self._on_choose_clicked)
        self.clear.clicked.connect(lambda: self.edited.emit(""))

    def show_value(self, value: Any) -> None:
        self.name.set_text(Path(value).name if value else "")
        self.name.setToolTip(value)
        self.name.setVisible(bool(value))
        self.clear.setVisible(bool(value))

    def _on_choose_clicked(self) -> None:
        choose_gguf(self, self._title, self._take, many=False)

    def _take(self, files: list[str]) -> None:
        self.edited.emit(files[0])


class TextControl(OptionControl):
    """For numbers with commas between them."""

    def __init__(self, spec: OptionSpec) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setAccessibleName(spec.title)
        self.field.setPlaceholderText("Automatic")
        self.field.setFixedWidth(FIELD_WIDTH)
        self.line.addWidget(self.field)
        self.field.editingFinished.connect(self._on_editing_finished)
        self._shown: tuple[float, ...] = ()

    def show_value(self, value: Any) -> None:
        self._shown = tuple(value)
        self.field.setText(", ".join(f"{each:g}" for each in value))

    def _on_editing_finished(self) -> None:
        low, high = BOUNDS["tensor_split"]
        try:
            shares = tuple(float(each) for each in self.field.text().split(",") if each.strip())
        except ValueError:
            shares = self._shown
        if not all(low <= each <= high for each in shares):
            shares = self._shown
        if shares == self._shown:
            self.show_value(self._shown)  # what cannot be read goes back to what was there
        else:
            self.edited.emit(shares)


def choose_gguf(owner: QWidget, title: str, take: Any, *, many: bool) -> None:
    """Ask for one or several GGUF files and give their paths to `take`."""
    dialog = QFileDialog(owner, title, "", GGUF_FILTER)
    modes = QFileDialog.FileMode
    dialog.setFileMode(modes.ExistingFiles if many else modes.ExistingFile)
    dialog.filesSelected.connect(take)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def plain_control(
    spec: OptionSpec, default: object, icons: Icons, theme: ThemeKeeper
) -> OptionControl:
    """The control that fits the type of an option's default."""
    match default:
        case bool():
            return SwitchControl(spec, theme)
        case StrEnum() if len(spec.labels) <= MOST_SEGMENTS:
            return SegmentControl(spec)
        case StrEnum():
            return ListControl(spec.title, spec.labels)
        case int() if len(spec.special) > 1:
            return CountControl(spec)
        case int() | float():
            return NumberControl(spec, whole=isinstance(default, int))
        case str():
            return FileControl(spec, icons)
    return TextControl(spec)

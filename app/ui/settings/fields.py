"""A control for one setting, made from its entry in the schema."""

from __future__ import annotations

from dataclasses import Field
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.ui.icons import Icons
from app.ui.settings.control import Control
from app.ui.settings.lists import OrderControl, TextsControl
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label, Tag
from app.ui.widgets.layout import row
from app.ui.widgets.switch import Switch

MOST_SEGMENTS = 3
FIELD_WIDTH = 132
WORDS_WIDTH = 220


class SettingRow(QWidget):
    """Title and help at the left, the control and a way back to the default at the right.

    Signals:
        edited: a person chose this value.
    """

    edited = Signal(object)

    def __init__(self, spec: Field[Any], icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__()
        self._default = spec.default
        title: str = spec.metadata["title"]
        self.control = make_control(spec, theme)
        self.control.edited.connect(self.edited)
        self.reset = IconButton(
            icons.icon("ph.arrow-counter-clockwise"), f"Reset “{title}” to its default", size=16
        )
        self.reset.clicked.connect(lambda: self.edited.emit(self._default))
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self._theme = theme
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 6, 0, 6)
        self._layout.setSpacing(12)
        self._marks: dict[float, str] = spec.metadata["marks"]
        self._mark = Tag("")
        self._mark.hide()
        if self.control.is_wide:
            self._choice: QWidget = self.control
            self._layout.setDirection(QBoxLayout.Direction.TopToBottom)
            self._layout.setSpacing(8)
            self._layout.addLayout(self._words(spec, self.reset))
            self._layout.addWidget(self.control)
        else:
            self._choice = row(self.reset, self.control)
            self._layout.addLayout(self._words(spec), 1)
            self._layout.addWidget(self._choice, 0, Qt.AlignmentFlag.AlignVCenter)

    def _words(self, spec: Field[Any], *after: QWidget) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(0 if after else 2)
        heading: list[QWidget | None] = [Label(spec.metadata["title"]), self._mark]
        if spec.metadata["restart"]:
            heading.append(Tag("At the next start"))
        words.addWidget(row(*heading, None, *after))
        if spec.metadata["help"]:
            words.addWidget(Label(spec.metadata["help"], "caption", wrap=True))
        return words

    def show_value(self, value: object) -> None:
        """Show the stored value."""
        self.control.show_value(value)
        self.reset.setVisible(self.is_changed(value))
        mark = self._marks.get(value, "") if isinstance(value, int | float) else ""
        self._mark.setText(mark)
        self._mark.setVisible(bool(mark))

    def is_changed(self, value: object) -> bool:
        """Whether this is not the default."""
        return bool(value != self._default)

    def minimumSizeHint(self) -> QSize:
        # Or a row that could put its control below its words would never get so narrow.
        hint = super().minimumSizeHint()
        least = self.control.minimumSizeHint() if self.control.is_wide else self._choice.sizeHint()
        return QSize(min(hint.width(), least.width()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.control.is_wide:
            super().resizeEvent(event)
            return
        # Where the words would become a thin column, the control goes below them.
        room = event.size().width() - self._choice.sizeHint().width()
        is_tight = room < self._theme.px(WORDS_WIDTH)
        self._layout.setDirection(
            QBoxLayout.Direction.TopToBottom if is_tight else QBoxLayout.Direction.LeftToRight
        )
        self._layout.setAlignment(
            self._choice,
            Qt.AlignmentFlag.AlignRight if is_tight else Qt.AlignmentFlag.AlignVCenter,
        )
        super().resizeEvent(event)


class SwitchControl(Control):
    """For yes and no."""

    def __init__(self, theme: ThemeKeeper, name: str) -> None:
        self._switch = Switch(theme, name)
        super().__init__(self._switch)
        self._switch.clicked.connect(self._on_clicked)

    def _on_clicked(self, is_on: bool) -> None:
        self.edited.emit(is_on)

    def show_value(self, value: Any) -> None:
        self._switch.setChecked(value)


class SegmentControl(Control):
    """For one of a few: all of them side by side."""

    def __init__(self, kind: type[StrEnum], labels: dict[str, str], name: str) -> None:
        self._group = QButtonGroup()
        self._buttons: dict[str, Button] = {}
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for value in kind:
            button = Button(labels.get(value.value, value.value), "chip")
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {button.text()}")
            button.clicked.connect(lambda _checked=False, value=value: self.edited.emit(value))
            self._group.addButton(button)
            self._buttons[value.value] = button
            layout.addWidget(button)
        super().__init__(holder)
        self._group.setParent(self)

    def show_value(self, value: Any) -> None:
        self._buttons[str(value)].setChecked(True)


class ListControl(Control):
    """For one of many."""

    def __init__(self, kind: type[StrEnum], labels: dict[str, str], name: str) -> None:
        self._box = QComboBox()
        self._box.setAccessibleName(name)
        self._box.setMinimumWidth(FIELD_WIDTH)
        self._values = list(kind)
        for value in self._values:
            self._box.addItem(labels.get(value.value, value.value))
        super().__init__(self._box)
        self._box.activated.connect(lambda index: self.edited.emit(self._values[index]))

    def show_value(self, value: Any) -> None:
        self._box.setCurrentIndex(self._values.index(value))


class NumberBox(QSpinBox):
    """A whole number. The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DecimalBox(QDoubleSpinBox):
    """A number. The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class NumberControl(Control):
    """For numbers within bounds."""

    def __init__(self, spec: Field[Any], name: str) -> None:
        box: NumberBox | DecimalBox
        is_whole = isinstance(spec.default, int)
        box = NumberBox() if is_whole else DecimalBox()
        low, high, step = (spec.metadata[key] for key in ("low", "high", "step"))
        unbounded = 2**31 - 1
        low = -unbounded if low is None else low
        high = unbounded if high is None else high
        if isinstance(box, NumberBox):
            box.setRange(int(low), int(high))
            box.setSingleStep(int(step or 1))
        else:
            box.setDecimals(2)
            box.setRange(low, high)
            box.setSingleStep(step or 0.1)
        box.setAccessibleName(name)
        box.lineEdit().setAccessibleName(name)
        box.setAccessibleDescription(f"{low} to {high}")
        box.setToolTip(f"{low:,} to {high:,}")
        box.setFixedWidth(FIELD_WIDTH)
        box.setKeyboardTracking(False)  # a number half typed is no choice
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.setGroupSeparatorShown(True)
        box.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding does not reach it
        self._box = box
        super().__init__(box)
        box.valueChanged.connect(self._on_value_changed)

    def _on_value_changed(self, value: float) -> None:
        self.edited.emit(value if isinstance(self._box, NumberBox) else round(value, 6))

    def show_value(self, value: Any) -> None:
        self._box.blockSignals(True)
        self._box.setValue(value)
        self._box.blockSignals(False)


class TextControl(Control):
    """For words."""

    def __init__(self, name: str) -> None:
        self._field = QLineEdit()
        self._field.setAccessibleName(name)
        self._field.setMinimumWidth(220)
        super().__init__(self._field)
        self._field.editingFinished.connect(lambda: self.edited.emit(self._field.text()))

    def show_value(self, value: Any) -> None:
        if self._field.text() != value:
            self._field.setText(value)


def make_control(spec: Field[Any], theme: ThemeKeeper) -> Control:
    """The control that fits the type of a setting's default."""
    name: str = spec.metadata["title"]
    default = spec.default
    if isinstance(default, bool):
        return SwitchControl(theme, name)
    if isinstance(default, StrEnum):
        kind = type(default)
        labels: dict[str, str] = spec.metadata["labels"]
        control = SegmentControl if len(kind) <= MOST_SEGMENTS else ListControl
        return control(kind, labels, name)
    if isinstance(default, int | float):
        return NumberControl(spec, name)
    if isinstance(default, tuple):
        known: dict[str, str] = spec.metadata["labels"]
        if known:
            return OrderControl(known, name, theme)
        return TextsControl(name, theme, lines=len(default) + 1)
    return TextControl(name)

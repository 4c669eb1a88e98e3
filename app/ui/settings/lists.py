"""Controls for settings that are lists: texts one a line, and steps in an order."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QWidget,
)

from app.ui.settings.control import Control
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.layout import column, row

_FEWEST_LINES, _MOST_LINES = 3, 6
_ROW_HEIGHT = 34
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}
_NAMED = {escape[1]: text for text, escape in _ESCAPES.items()}
_WRITTEN = re.compile(r"\\([ntr\\])")
_STEP = Qt.ItemDataRole.UserRole


def lines_of(texts: Collection[str]) -> str:
    """Texts as lines; what would break a line is written with a backslash."""
    return "\n".join("".join(_ESCAPES.get(each, each) for each in text) for text in texts)


def texts_of(lines: str) -> tuple[str, ...]:
    """What such lines say: each text once, without empty lines."""
    texts = (_WRITTEN.sub(lambda found: _NAMED[found[1]], line) for line in lines.split("\n"))
    return tuple(dict.fromkeys(text for text in texts if text))


class _TextLines(QPlainTextEdit):
    """A few lines of text.

    Signals:
        left: the focus went elsewhere.
    """

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class TextsControl(Control):
    """For texts, one a line. They count when the field is left."""

    is_wide = True

    def __init__(self, name: str, theme: ThemeKeeper, *, lines: int = 0) -> None:
        self._field = _TextLines()
        self._field.setObjectName("texts")
        self._field.setAccessibleName(name)
        self._field.setTabChangesFocus(True)
        self._field.setAcceptDrops(False)
        self._field.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._field.setFont(theme.code_font())
        self._field.setPlaceholderText("None")
        line = self._field.fontMetrics().lineSpacing()
        lines = min(max(lines, _FEWEST_LINES), _MOST_LINES)
        self._field.setFixedHeight(lines * line + 22)
        super().__init__(self._field)
        self._value: tuple[str, ...] = ()
        self._field.left.connect(self._on_left)

    def show_value(self, value: Any) -> None:
        self._value = tuple(value)
        if texts_of(self._field.toPlainText()) != self._value:
            self._field.setPlainText(lines_of(self._value))

    def _on_left(self) -> None:
        texts = texts_of(self._field.toPlainText())
        if texts != self._value:
            self._value = texts
            self.edited.emit(texts)


class _StepList(QListWidget):
    """Rows that can be dragged, and moved with Alt and the arrow keys.

    Signals:
        rearranged: the rows stand in another order now.
    """

    rearranged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.model().rowsMoved.connect(self.rearranged)

    def move_current(self, offset: int) -> None:
        """Move the chosen row up (-1) or down (1); the ends hold."""
        at = self.currentRow()
        to = at + offset
        if at < 0 or not 0 <= to < self.count():
            return
        item = self.takeItem(at)
        self.insertItem(to, item)
        self.setCurrentRow(to)
        self.rearranged.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in arrows:
            self.move_current(arrows[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class OrderControl(Control):
    """For steps in an order; one without a tick is left out."""

    is_wide = True

    def __init__(self, labels: Mapping[str, str], name: str, theme: ThemeKeeper) -> None:
        self._labels = labels
        self._idle: frozenset[str] = frozenset()
        self._steps = _StepList()
        self._steps.setObjectName("order")
        self._steps.setAccessibleName(name)
        self._steps.setAccessibleDescription("Alt and the arrow keys move a step.")
        self._steps.setFixedHeight(len(labels) * theme.px(_ROW_HEIGHT) + 8)
        self._up, self._down = Button("Move up", "small"), Button("Move down", "small")
        for button, offset in ((self._up, -1), (self._down, 1)):
            button.clicked.connect(lambda _checked=False, by=offset: self._steps.move_current(by))
        buttons: QWidget = row(self._up, self._down, None)
        super().__init__(column(self._steps, buttons))
        self._row_height = theme.px(_ROW_HEIGHT)
        self._steps.currentRowChanged.connect(self._on_row_changed)
        self._steps.rearranged.connect(self._on_edited)
        self._steps.itemChanged.connect(self._on_edited)

    @property
    def value(self) -> tuple[str, ...]:
        """The steps with a tick, in their order."""
        return tuple(
            item.data(_STEP) for item in self._items() if item.checkState() is Qt.CheckState.Checked
        )

    def show_value(self, value: Any) -> None:
        if value == self.value and self._steps.count():
            return
        chosen = self._steps.currentRow()
        self._steps.blockSignals(True)
        self._steps.clear()
        left_out = [each for each in self._labels if each not in value]
        for step in (*value, *left_out):
            item = QListWidgetItem()
            item.setData(_STEP, step)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsDragEnabled
                | Qt.ItemFlag.ItemIsUserCheckable
            )
            is_in = step in value
            item.setCheckState(Qt.CheckState.Checked if is_in else Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, self._row_height))
            self._steps.addItem(item)
        self._steps.setCurrentRow(max(chosen, 0))
        self._steps.blockSignals(False)
        self._name_all()
        self._on_row_changed(self._steps.currentRow())

    def show_idle(self, steps: Collection[str]) -> None:
        """Say which steps change nothing as they are set."""
        self._idle = frozenset(steps)
        self._name_all()

    def _name_all(self) -> None:
        self._steps.blockSignals(True)
        for item in self._items():
            step = item.data(_STEP)
            is_idle = step in self._idle and item.checkState() is Qt.CheckState.Checked
            item.setText(self._labels[step] + ("   (does nothing as it is set)" if is_idle else ""))
        self._steps.blockSignals(False)

    def _items(self) -> list[QListWidgetItem]:
        return [self._steps.item(index) for index in range(self._steps.count())]

    def _on_row_changed(self, at: int) -> None:
        self._up.setEnabled(at > 0)
        self._down.setEnabled(0 <= at < self._steps.count() - 1)

    def _on_edited(self, *_what: object) -> None:
        self._name_all()
        self._on_row_changed(self._steps.currentRow())
        self.edited.emit(self.value)

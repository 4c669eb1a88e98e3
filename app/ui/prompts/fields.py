"""Fields of the prompt editor: texts that grow, lines and lists. Showing a value emits nothing.

A field gives back exactly what it was shown until a person edits it, also what Qt cannot hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QWidget

from app.ui.forms.fields import WheelShyBox
from app.ui.widgets.buttons import Button
from app.ui.widgets.grown_text import GrownText
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row

FEWEST_LINES, MOST_LINES = 2, 24
_PADDING = 12  # of the style sheet and the frame, above and below


class GrowingText(GrownText):
    """A text that is as high as its lines, within bounds; then it scrolls.

    Signals:
        edited: a person changed the text.
        cursor_moved: the place of the cursor in this widget, for a page that follows it.
    """

    edited = Signal()
    cursor_moved = Signal(QRect)

    def __init__(
        self,
        name: str,
        parent: QWidget | None = None,
        *,
        fewest: int = FEWEST_LINES,
        most: int = MOST_LINES,
        is_code: bool = False,
    ) -> None:
        super().__init__(parent)
        self._fewest, self._most = fewest, most
        self.setObjectName("field")
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if is_code:
            self.setProperty("code", "true")
        self._given: str | None = ""
        self._shown = ""
        self._revision = self.document().revision()
        self.textChanged.connect(self._on_text_changed)
        self.cursorPositionChanged.connect(lambda: self.cursor_moved.emit(self.cursorRect()))
        self._grow()

    @property
    def text(self) -> str:
        """What stands there."""
        return self._written() if self._given is None else self._given

    def show_text(self, text: str) -> None:
        """Show another text; there is no way back by undo."""
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)
        self._given, self._shown = text, self._written()
        self._revision = self.document().revision()
        self._grow()

    def _written(self) -> str:
        # Not `toPlainText`: that makes ordinary spaces of those that keep words together.
        return self.document().toRawText().replace("\u2029", "\n")

    def _on_text_changed(self) -> None:
        # Colouring also says that the text changed, but is no revision of it, after the first time.
        if self.document().revision() == self._revision:
            return
        self._revision = self.document().revision()
        if self._given is not None and self._written() == self._shown:
            return
        self._given = None
        self.edited.emit()

    def _grow(self) -> None:
        line = self.fontMetrics().lineSpacing()
        most = self._most * line
        height, block = 0.0, self.document().firstBlock()
        while block.isValid() and height <= most:  # the rest of a long text is not looked at
            height += self.blockBoundingRect(block).height()
            block = block.next()
        around = 2 * self.document().documentMargin() + _PADDING
        self._fit(min(max(height, self._fewest * line), most) + around)
        policy = Qt.ScrollBarPolicy
        bar = policy.ScrollBarAsNeeded if height > most else policy.ScrollBarAlwaysOff
        if bar != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(bar)


class LineField(QLineEdit):
    """One line of text.

    Signals:
        edited: a person changed the text.
    """

    edited = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, *, hint: str = "") -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setAcceptDrops(False)
        self.setMinimumWidth(60)
        self._given: str | None = ""
        self._shown = ""
        self.textEdited.connect(self._on_text_edited)

    @property
    def value(self) -> str:
        """What stands there."""
        return self.text() if self._given is None else self._given

    def show_text(self, text: str) -> None:
        """Show another text."""
        self.setText(text)
        self.setCursorPosition(0)
        self._given = text

    def _on_text_edited(self) -> None:
        self._given = None
        self.edited.emit()


class PickField(WheelShyBox):
    """One of a few.

    Signals:
        edited: a person picked another one.
    """

    edited = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._values: list[Any] = []  # Qt would make plain texts of enumerations
        self.activated.connect(lambda _index: self.edited.emit())

    @property
    def value(self) -> Any:
        """The value that is picked."""
        return self._values[self.currentIndex()]

    def offer(self, choices: Mapping[Any, str], value: Any) -> None:
        """Offer these values with their words; `value`, one of them, is picked."""
        self._values = list(choices)
        self.clear()
        self.addItems(list(choices.values()))
        self.setCurrentIndex(self._values.index(value))


class Switchover(QWidget):
    """One of two ways, side by side.

    Signals:
        edited: a person chose the other way; True is the second.
    """

    edited = Signal(bool)

    def __init__(self, name: str, first: str, second: str) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._buttons = [Button(words, "chip") for words in (first, second)]
        for index, button in enumerate(self._buttons):
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {button.text()}")
            self._group.addButton(button, index)
        self._group.idClicked.connect(lambda index: self.edited.emit(index == 1))
        row(*self._buttons, None, spacing=6, into=self)

    def show_value(self, is_second: bool) -> None:
        """Show which way it is."""
        self._buttons[is_second].setChecked(True)


def titled(words: str, field: QWidget) -> QWidget:
    """A field below its title."""
    title = Label(words, "caption")
    title.setBuddy(field)
    return column(title, field, spacing=2)

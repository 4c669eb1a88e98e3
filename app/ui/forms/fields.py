"""One field of a form for each kind of variable."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.prompts.entities import Variable, VariableKind
from app.ui.forms.long_text import LongText
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.switch import Switch

_CHOOSE = "Choose…"
_NOTHING = "Nothing"


class ValueField(QWidget):
    """Something to write or choose a value with.

    Attributes:
        beside_name: it is small and stands at the end of the line of its name.

    Signals:
        changed: the value is another one.
        submitted: Enter was pressed in its only line.
    """

    changed = Signal()
    submitted = Signal()
    beside_name = False

    def __init__(self, editor: QWidget, name: str) -> None:
        super().__init__()
        editor.setAccessibleName(name)
        self.editor = editor
        self.setFocusProxy(editor)
        self.holder = QVBoxLayout(self)
        self.holder.setContentsMargins(0, 0, 0, 0)
        self.holder.addWidget(editor)

    def value(self) -> object:
        """As it stands there, not yet checked."""
        raise NotImplementedError

    def set_value(self, value: object) -> None:
        """Show another value; None empties the field."""
        raise NotImplementedError


class LineField(ValueField):
    """A text or a number in one line."""

    def __init__(self, name: str, hint: str = "") -> None:
        self._line = QLineEdit()
        self._line.setPlaceholderText(hint)
        self._line.setAcceptDrops(False)  # a dropped file is the window's
        super().__init__(self._line, name)
        self._line.textChanged.connect(self.changed)
        self._line.returnPressed.connect(self.submitted)

    def value(self) -> object:
        return self._line.text()

    def set_value(self, value: object) -> None:
        self._line.setText(plain(value))


class DateField(LineField):
    """A date, with a way to today's."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Year-month-day, such as 2026-01-31")
        today = Button("Today")
        today.setAccessibleName(f"{name}: today")
        today.clicked.connect(lambda: self.set_value(date.today().isoformat()))  # noqa: DTZ011
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.editor, 1)
        line.addWidget(today)
        self.holder.addLayout(line)


class LongField(ValueField):
    """A text of several lines."""

    def __init__(self, name: str) -> None:
        self._text = LongText()
        super().__init__(self._text, name)
        self._text.textChanged.connect(self.changed)

    def value(self) -> object:
        return self._text.toPlainText()

    def set_value(self, value: object) -> None:
        self._text.setPlainText(plain(value))


class ChoiceField(ValueField):
    """One of several texts."""

    def __init__(self, variable: Variable, name: str) -> None:
        self._box = WheelShyBox()
        self._box.setPlaceholderText(_CHOOSE)
        # What may be left out can be taken back.
        for title, value in _choices(variable):
            self._box.addItem(title, value)
        self._empty = -1 if variable.required else 0
        super().__init__(self._box, name)
        self._box.currentIndexChanged.connect(self.changed)

    def value(self) -> object:
        return self._box.currentData() or ""

    def set_value(self, value: object) -> None:
        found = self._box.findData(value) if value else -1
        self._box.setCurrentIndex(found if found >= 0 else self._empty)


class YesNoField(ValueField):
    """Yes or no."""

    beside_name = True

    def __init__(self, theme: ThemeKeeper, name: str) -> None:
        self._switch = Switch(theme, name)
        super().__init__(self._switch, name)
        self._switch.toggled.connect(self.changed)

    def value(self) -> object:
        return self._switch.isChecked()

    def set_value(self, value: object) -> None:
        self._switch.setChecked(value in (True, "yes", "true"))


class WheelShyBox(QComboBox):
    """The wheel scrolls the page unless the field has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


def plain(value: object) -> str:
    """A value as one types it."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def make_field(variable: Variable, theme: ThemeKeeper) -> ValueField:
    """The field for a variable of any kind but a document, with its default."""
    name = variable.label or variable.name
    field = _make(variable, name, theme)
    field.set_value(variable.default)
    return field


def _make(variable: Variable, name: str, theme: ThemeKeeper) -> ValueField:
    match variable.kind:
        case VariableKind.LONG_TEXT:
            return LongField(name)
        case VariableKind.NUMBER:
            return LineField(name, "A number, such as 3 or 2.5")
        case VariableKind.CHOICE:
            return ChoiceField(variable, name)
        case VariableKind.YES_NO:
            return YesNoField(theme, name)
        case VariableKind.DATE:
            return DateField(name)
    return LineField(name)


def _choices(variable: Variable) -> list[tuple[str, str]]:
    nothing = [] if variable.required else [(_NOTHING, "")]
    return nothing + [(each, each) for each in variable.choices]

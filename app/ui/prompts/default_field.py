"""What the form of a prompt begins with, in the way of the variable's kind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import isfinite
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.prompts.entities import Value, VariableKind
from app.ui.prompts.fields import GrowingText, LineField, PickField

_LONG = (VariableKind.LONG_TEXT, VariableKind.DOCUMENT)
_NONE = "None"


class DefaultField(QWidget):
    """A line, a text or a list; each is made when it is first needed.

    Signals:
        edited: a person chose another default.
    """

    edited = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._value: Value | None = None
        self._kind = VariableKind.TEXT
        self._fields: list[LineField | GrowingText | PickField] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @cached_property
    def line(self) -> LineField:
        """For short defaults."""
        field = LineField(self._name, hint=_NONE)
        self._take(field)
        return field

    @cached_property
    def text(self) -> GrowingText:
        """For long ones."""
        field = GrowingText(self._name, most=8)
        field.setPlaceholderText(_NONE)
        self._take(field)
        return field

    @cached_property
    def pick(self) -> PickField:
        """For one of a few."""
        field = PickField(self._name)
        self._take(field)
        return field

    @property
    def value(self) -> Value | None:
        """The default; None for none."""
        return self._value

    def show_value(
        self, value: Value | None, kind: VariableKind, choices: Sequence[str] = ()
    ) -> None:
        """Show a default. One that does not fit the kind is shown as it is."""
        self._value, self._kind = value, kind
        is_pick = kind in (VariableKind.CHOICE, VariableKind.YES_NO)
        field = self.pick if is_pick else self.text if kind in _LONG else self.line
        for each in self._fields:
            each.setVisible(each is field)
        if is_pick:
            self.pick.offer(_offered(value, kind, choices), value)
        elif kind in _LONG:
            self.text.show_text(_plain(value))
        else:
            self.line.setPlaceholderText("2026-01-31" if kind is VariableKind.DATE else _NONE)
            self.line.show_text(_plain(value))

    def _take(self, field: LineField | GrowingText | PickField) -> None:
        self._fields.append(field)
        self._layout.addWidget(field)
        field.edited.connect(self._on_edited)

    def _on_edited(self) -> None:
        self._value = self._read()
        self.edited.emit()

    def _read(self) -> Value | None:
        if self._kind in (VariableKind.CHOICE, VariableKind.YES_NO):
            picked: Value | None = self.pick.value
            return picked
        text = self.text.text if self._kind in _LONG else self.line.value
        if not text:
            return None
        return _number(text) if self._kind is VariableKind.NUMBER else text


def _offered(value: Value | None, kind: VariableKind, choices: Sequence[str]) -> dict[Any, str]:
    offered: dict[Any, str] = {None: _NONE}
    if kind is VariableKind.YES_NO:
        offered |= {True: "Yes", False: "No"}
    else:
        offered |= {each: each for each in choices}
    return offered if value in offered else offered | {value: _plain(value)}


def _number(text: str) -> Value:
    """The number, or the text as it is, which the checks then speak of."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text


def _plain(value: Value | None) -> str:
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)

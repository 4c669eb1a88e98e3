"""Arguments of a call to be changed by a person: a field for each, or all of them as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.base.errors import AppError
from app.ui.agents.words import json_text
from app.ui.forms.fields import WheelShyBox
from app.ui.forms.long_text import LongText
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.switch import Switch

_MOST_FIELDS: Final = 24
_ABSENT: Final = object()


class BadArguments(AppError):
    """What was written is no arguments."""


class ArgumentField(QWidget):
    """One argument. It gives back exactly what it was shown until a person changes it."""

    def __init__(
        self, theme: ThemeKeeper, name: str, schema: Mapping[str, Any], value: object
    ) -> None:
        super().__init__()
        self.name = name
        self._given = value
        self._editor = _editor(theme, schema, value)
        self._editor.setAccessibleName(visible(name))
        self._begun = self._read()
        words = schema.get("description")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        title = Label(visible(name), "caption", wrap=True)
        title.setBuddy(self._editor)
        layout.addWidget(title)
        layout.addWidget(self._editor)
        if isinstance(words, str):
            self._editor.setToolTip(visible(words[:500]))

    def value(self) -> object:
        """The argument; `_ABSENT` if it is not given.

        Raises:
            BadArguments: what is written there is no value.
        """
        text = self._read()
        if text == self._begun:
            return self._given
        if isinstance(text, bool) or not isinstance(self._editor, QLineEdit):
            return text
        if not text.strip():
            return _ABSENT
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadArguments(
                f"{self.name}: “{text[:60]}” cannot be read as a value ({error}).",
                'Write a number, true, false, a list such as ["a", "b"], or a text in quotes.',
            ) from error

    def _read(self) -> str | bool:
        match self._editor:
            case Switch():
                return self._editor.isChecked()
            case QComboBox():
                return self._editor.currentText()
            case QPlainTextEdit():
                return self._editor.toPlainText()
            case QLineEdit():
                return self._editor.text()
        raise TypeError(type(self._editor))


class ArgumentsForm(QWidget):
    """Fields by the schema; with no names in it, or a great many, one text of JSON."""

    def __init__(
        self,
        theme: ThemeKeeper,
        schema: Mapping[str, Any],
        arguments: Mapping[str, Any],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._fields: list[ArgumentField] = []
        self._json: LongText | None = None
        named = _properties(schema)
        names = list(dict.fromkeys((*named, *arguments)))
        if named and len(names) <= _MOST_FIELDS:
            self._fields = [
                ArgumentField(theme, each, named.get(each, {}), arguments.get(each, _ABSENT))
                for each in names
            ]
            for field in self._fields:
                layout.addWidget(field)
        else:
            self._json = LongText()
            self._json.setAccessibleName("Arguments as JSON")
            self._json.setPlainText(json_text(dict(arguments)))
            layout.addWidget(Label("Arguments as JSON", "caption"))
            layout.addWidget(self._json)

    def arguments(self) -> dict[str, Any]:
        """The arguments as they are written now; the schema is not looked at.

        Raises:
            BadArguments: they cannot be read.
        """
        if self._json is None:
            values = {each.name: each.value() for each in self._fields}
            return {name: value for name, value in values.items() if value is not _ABSENT}
        try:
            read = json.loads(self._json.toPlainText())
        except (ValueError, RecursionError) as error:
            raise BadArguments(f"This is no JSON: {error}.", "Correct it.") from error
        if not isinstance(read, dict):
            raise BadArguments("These are no arguments.", "Write an object in braces.")
        return read


def _properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = schema.get("properties")
    if not isinstance(found, dict):
        return {}
    return {name: each if isinstance(each, dict) else {} for name, each in found.items()}


def _editor(theme: ThemeKeeper, schema: Mapping[str, Any], value: object) -> QWidget:
    choices = schema.get("enum")
    if isinstance(choices, list) and all(isinstance(each, str) for each in choices):
        box = WheelShyBox()
        box.addItems([each for each in choices if isinstance(each, str)])
        box.setCurrentIndex(choices.index(value) if value in choices else -1)
        return box
    if isinstance(value, str) or (value is _ABSENT and schema.get("type") == "string"):
        text = LongText(fewest=1)
        text.setPlainText(value if isinstance(value, str) else "")
        return text
    if isinstance(value, bool):
        switch = Switch(theme, "")
        switch.setChecked(value)
        return switch
    line = QLineEdit("" if value is _ABSENT else json.dumps(value, ensure_ascii=False))
    line.setPlaceholderText("Not given")
    line.setAcceptDrops(False)
    return line

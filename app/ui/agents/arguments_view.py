"""The arguments of a call, all of them and in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.ui.agents.plain_text import PagedText, PlainText
from app.ui.agents.words import json_text, one_line
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label

_MOST_NAMED = 24  # more of them are one text
_NONE = "It is called without arguments."


class ArgumentsView(QWidget):
    """Each argument under its name; a great many as one text."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._shown: Mapping[str, Any] | None = None

    def show_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Show these."""
        if self._shown == arguments:
            return
        self._shown = dict(arguments)
        while (item := self._layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if not arguments:
            self._layout.addWidget(Label(_NONE, "body2"))
        elif len(arguments) > _MOST_NAMED:
            whole = PlainText(self._theme, "Arguments")
            self._layout.addWidget(PagedText(whole, json_text(dict(arguments))))
        else:
            for name, value in arguments.items():
                self._add(name, value)

    def _add(self, name: str, value: object) -> None:
        # A long name is shown whole, too: it is as much written by a model as the value.
        self._layout.addWidget(Label(visible(name), "caption", wrap=True))
        text = value if isinstance(value, str) else json_text(value)
        if text:
            view = PlainText(self._theme, one_line(name), most_lines=12)
            self._layout.addWidget(PagedText(view, text))
        else:
            self._layout.addWidget(Label("(empty)", "body2"))
        self._layout.addSpacing(6)

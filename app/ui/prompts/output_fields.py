"""The form of the answer: free text, or JSON by a schema that is checked as it is typed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from app.ui.pane import PaneContext
from app.ui.prompts.fields import GrowingText, Switchover
from app.ui.prompts.finding_list import FindingList, Remark
from app.ui.prompts.lint_marks import Mark, draw, go_to
from app.ui.prompts.part_edit import remark_of
from app.ui.prompts.section import Section
from app.ui.text.code_colors import CodeColorist

if TYPE_CHECKING:
    from app.prompts.lint import Finding

_FIRST = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
}
_MOST_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True)
class _NotJson(Exception):
    words: str
    line: int = 0
    column: int = 0


class OutputSection(Section):
    """Free text, or a schema.

    Signals:
        edited: a person changed it.
    """

    edited = Signal()

    def __init__(self, context: PaneContext) -> None:
        words = "With a JSON Schema the model can write nothing but what the schema allows."
        super().__init__("Answer", words, context.icons)
        self._theme = context.theme
        self._schema: Mapping[str, Any] = _FIRST  # the last one that could be read
        self._is_on = False
        self._is_json = True  # what stands in the field can be read
        self.way = Switchover("Form of the answer", "Free text", "JSON by a schema")
        self.way.edited.connect(self._on_way_edited)
        self.field = GrowingText("JSON Schema of the answer", is_code=True)
        self.field.edited.connect(self._on_field_edited)
        self.findings = FindingList(context.icons)
        self.findings.place_chosen.connect(lambda place: go_to(self.field, place))
        self._colors = CodeColorist(self.field.document(), context.theme)
        context.theme.changed.connect(self._color)
        for widget in (self.way, self.field, self.findings):
            self.body.addWidget(widget)

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The last schema that could be read; None for free text."""
        return self._schema if self._is_on else None

    def show_schema(self, schema: Mapping[str, Any] | None) -> None:
        """Show another; the section is open if there is one."""
        self._is_on, self._is_json = schema is not None, True
        self._schema = _FIRST if schema is None else schema
        self.field.show_text("" if schema is None else _text(schema))
        draw(self.field, (), self._theme)
        self.findings.show_remarks(())
        self.set_open(self._is_on)
        self._show_way()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show why the schema cannot be used."""
        if self._is_json:
            self.findings.show_remarks(map(remark_of, findings))

    def _on_way_edited(self, is_schema: bool) -> None:
        self._is_on = is_schema
        if is_schema and not self.field.text.strip():
            self.field.show_text(_text(self._schema))
        self._show_way()
        if is_schema:
            self.field.setFocus()
        self.edited.emit()

    def _on_field_edited(self) -> None:
        self._read()
        self._color()
        self.edited.emit()

    def _read(self) -> None:
        try:
            self._schema = _parsed(self.field.text)
        except _NotJson as error:
            self._is_json = False
            words = f"{error.words} Until that is mended, the last schema that was right counts."
            place = Mark(error.line, error.column) if error.line else None
            self.findings.show_remarks([Remark(words, place=place)])
            draw(self.field, [place], self._theme)
            return
        self._is_json = True
        draw(self.field, (), self._theme)
        self.findings.show_remarks(())

    def _show_way(self) -> None:
        self.way.show_value(self._is_on)
        self.field.setVisible(self._is_on)
        self.findings.setVisible(self._is_on and bool(self.findings.texts))
        self.say("JSON" if self._is_on else "")
        self._color()

    def _color(self) -> None:
        self._colors.color(self.field.text, "json")


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > _MOST_CHARACTERS:
        raise _NotJson(f"A schema can have {_MOST_CHARACTERS:,} characters at most.")
    try:
        schema = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        words = f"This is not JSON yet: {error.msg}."
        raise _NotJson(words, error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, ValueError) else "It is nested too deeply."
        raise _NotJson(words) from error
    if not isinstance(schema, dict):
        raise _NotJson("A schema is an object, in braces.", 1)
    return schema


def _refuse(name: str) -> object:
    raise ValueError(f"JSON has no number {name}.")

"""The inputs of a prompt file and the variables of a prompt.

`form` and `label` are ours; a kind that the notation already tells is not repeated in `form`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.prompts.codec import LARGEST_NUMBER
from app.prompts.entities import Value, Variable, VariableKind
from app.prompts.files.taking import Fields

_KINDS = {
    "string": VariableKind.TEXT,
    "float": VariableKind.NUMBER,
    "number": VariableKind.NUMBER,
    "integer": VariableKind.NUMBER,
    "boolean": VariableKind.YES_NO,
    "bool": VariableKind.YES_NO,
}
_WRITTEN = {VariableKind.NUMBER: "float", VariableKind.YES_NO: "boolean"}  # all others: string
_REFERENCE = re.compile(r"\$\{(env|file):")


def inputs_of(variables: Sequence[Variable]) -> list[dict[str, Any]]:
    """The inputs as a file has them."""
    return [_input(each) for each in variables]


def variables_of(fields: Fields) -> tuple[Variable, ...]:
    """The variables of a file: its `inputs`, and what has a `sample` and is not among them.

    Both are lists of inputs or, in Prompty 0.1, inputs or plain values by name.
    """
    variables = [_variable(*each) for each in fields.named("inputs")]
    samples = {name: _variable(name, inner) for name, inner in fields.named("sample")}
    if samples:
        fields.leave("sample", "its values became defaults")
    for index, each in enumerate(variables):
        sample = samples.pop(each.name, None)
        if sample is not None and each.default is None:
            variables[index] = replace(each, default=sample.default)
    return (*variables, *samples.values())


def _input(variable: Variable) -> dict[str, Any]:
    kind = _WRITTEN.get(variable.kind, "string")
    fields: dict[str, Any] = {"name": variable.name, "kind": kind}
    if variable.kind is not _inferred(kind, variable.choices):
        fields["form"] = variable.kind.value
    if variable.label:
        fields["label"] = variable.label
    if variable.help:
        fields["description"] = variable.help
    fields["required"] = variable.required
    if variable.default is not None:
        fields["default"] = variable.default
    if variable.choices:
        fields["enumValues"] = list(variable.choices)
    return fields


def _inferred(kind: str, choices: Sequence[str]) -> VariableKind:
    if kind == "string" and choices:
        return VariableKind.CHOICE
    return _KINDS.get(kind, VariableKind.LONG_TEXT)


def _variable(name: str, fields: Fields) -> Variable:
    words, label = fields.text("description"), fields.text("label")
    choices = tuple(str(each) for each in fields.entries("enumValues"))
    default, required = _default(fields), fields.take("required")
    kind = fields.text("kind") or fields.text("type") or _kind_of(default)
    if kind not in _KINDS:
        fields.leave("kind", f"instead of “{kind[:40]}”, a long text is asked for")
    form = fields.text("form") or _inferred(kind, choices).value
    if form not in set(VariableKind):
        fields.leave("form", "there is no such kind of variable")
        form = VariableKind.LONG_TEXT.value
    fields.leave_rest()
    return Variable(name, VariableKind(form), label, words, default, required is not False, choices)


def _kind_of(default: Value | None) -> str:
    if isinstance(default, bool):
        return "boolean"
    return "number" if isinstance(default, int | float) else "string"


def _default(fields: Fields) -> Value | None:
    found: Value | None = None
    for name in ("default", "sample", "example"):
        value = fields.take(name)
        if value is None:
            continue
        if not isinstance(value, str) and not _is_number(value):
            fields.leave(name, "it is no text and no number that can be kept")
        elif isinstance(value, str) and _REFERENCE.match(value):
            fields.leave(name, "Cairn reads no other files and no environment")
        elif found is None:
            found = value
            if name != "default":
                fields.leave(name, "it became the default")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < LARGEST_NUMBER  # not so NaN

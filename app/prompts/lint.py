"""Finds what is wrong with a prompt while it is being written, and says where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jinja2 import meta, nodes
from jsonschema import Draft202012Validator, SchemaError

from app.engine import structured
from app.engine.messages import Role
from app.engine.sandbox import TEMPLATE_FAILURES
from app.prompts.entities import Content, Part, Variable, VariableKind
from app.prompts.rendering import PromptEnvironment, line_of, part_name, reason, too_long
from app.prompts.variables import convert

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST_PLACES = 50  # of one name in one part
_NOT_A_NAME = frozenset({
    "and", "else", "false", "False", "if", "in", "is", "loop", "none", "None", "not", "or",
    "self", "true", "True",
})  # fmt: skip


class Severity(StrEnum):
    """How bad a finding is: an error stops the prompt, a warning is likely a slip."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a prompt.

    Attributes:
        part: index of the part it is in; None where it is about the prompt or a variable.
        line, column: in the text of the part, from 1; 0 if not known.
        variable: name of the variable it is about; empty for none.
    """

    severity: Severity
    message: str
    part: int | None = None
    line: int = 0
    column: int = 0
    variable: str = ""


def lint(content: Content) -> tuple[Finding, ...]:
    """All that is wrong with a prompt: first its parts in order, then variables and schema."""
    if problem := too_long(content.parts):
        return (Finding(Severity.ERROR, f"{problem} Move long texts into variables."),)
    environment = PromptEnvironment()
    declared = {each.name for each in content.variables}
    found: list[Finding] = []
    used: set[str] = set()
    is_whole = True  # every part could be read, so what is not used is known
    for index, part in enumerate(content.parts):
        try:
            names = _used(environment, part.text)
        except TEMPLATE_FAILURES as error:
            is_whole = False
            found.append(_broken(content.parts, index, error))
            continue
        used |= names.keys()
        found.extend(_undeclared(index, names, declared))
        found.extend(_white_space(content.parts, index))
    found.extend(_roles(content.parts))
    unused = declared - used if is_whole else set[str]()
    found.extend(_variables(content.variables, unused))
    if content.output_schema is not None:
        found.extend(_schema(content.output_schema))
    return tuple(found)


def _used(environment: PromptEnvironment, text: str) -> Mapping[str, list[tuple[int, int]]]:
    """The names that a part takes from outside, and the (line, column) of each use.

    Raises:
        Exception: one of TEMPLATE_FAILURES.
    """
    tree = environment.parsed(text)
    names = meta.find_undeclared_variables(tree) - environment.globals.keys()
    places: dict[str, list[tuple[int, int]]] = {name: [] for name in sorted(names)}
    lines = _only_code(text).split("\n")
    columns: dict[tuple[str, int], Iterator[re.Match[str]]] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in places and node.ctx == "load":
            line = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
            key = (node.name, node.lineno)
            ahead = columns.setdefault(key, re.finditer(rf"\b{re.escape(node.name)}\b", line))
            match = next(ahead, None)
            places[node.name].append((node.lineno, match.start() + 1 if match else 0))
    environment.compile(tree)  # finds filters and tests that do not exist
    return places


def _only_code(text: str) -> str:
    """The text with everything outside of template tags, and texts in quotes, blanked out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept, done = [], 0
    for begin in re.finditer(r"\{([{%])", text):
        if begin.start() < done:
            continue
        end = text.find("}}" if begin[1] == "{" else "%}", begin.end())
        if end < 0:
            break
        kept += [_blank(text[done : begin.start()]), _QUOTED.sub(_blank, text[begin.start() : end])]
        done = end
    return "".join(kept)


def _blank(text: str | re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", text if isinstance(text, str) else text[0])


def _broken(parts: Sequence[Part], index: int, error: BaseException) -> Finding:
    message = f"The {part_name(parts, index)} cannot be used: {reason(error)}."
    return Finding(Severity.ERROR, message, index, line_of(error))


def _undeclared(
    index: int, names: Mapping[str, list[tuple[int, int]]], declared: set[str]
) -> Iterator[Finding]:
    for name in names.keys() - declared:
        message = f"“{name}” is no variable of this prompt. Add it to the variables."
        for line, column in names[name][:_MOST_PLACES]:
            yield Finding(Severity.ERROR, message, index, line, column, name)


def _white_space(parts: Sequence[Part], index: int) -> Iterator[Finding]:
    text, name = parts[index].text, part_name(parts, index)
    if not text.strip():
        message = f"The {name} is empty, so it is left out."
        yield Finding(Severity.WARNING, message, index)
    elif index == len(parts) - 1 and (shown := text.removesuffix("\n")) != shown.rstrip():
        lines = shown.rstrip().split("\n")
        message = "White space at the end often makes answers worse. Take it away."
        yield Finding(Severity.WARNING, message, index, len(lines), len(lines[-1]) + 1)


def _roles(parts: Sequence[Part]) -> Iterator[Finding]:
    if all(part.role is not Role.USER for part in parts):
        message = "There is no user part: this prompt can be a persona of a chat, but not run."
        yield Finding(Severity.NOTE, message)


def _variables(variables: Sequence[Variable], unused: set[str]) -> Iterator[Finding]:
    counts = Counter(each.name for each in variables)
    for name, count in counts.items():
        if count > 1:
            message = f"{count} variables have the name “{name}”. Rename all but one."
            yield Finding(Severity.ERROR, message, variable=name)
        if not name.isidentifier() or name in _NOT_A_NAME:
            message = f"“{name}” cannot be the name of a variable. Use letters, digits and “_”."
            yield Finding(Severity.ERROR, message, variable=name)
        elif name in unused:
            message = f"“{name}” is not used in any part. Use it, or remove it."
            yield Finding(Severity.WARNING, message, variable=name)
    for each in variables:
        if each.kind is VariableKind.CHOICE and not each.choices:
            message = f"“{each.name}” is a choice without choices. Add some."
            yield Finding(Severity.ERROR, message, variable=each.name)
        elif each.default is not None:
            yield from _default(each)


def _default(variable: Variable) -> Iterator[Finding]:
    try:
        convert(variable, variable.default)
    except ValueError as error:
        message = f"The default of “{variable.name}” does not fit its kind. {error}"
        yield Finding(Severity.ERROR, message, variable=variable.name)


def _schema(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether it is a schema, and one that answers can be forced into."""
    try:
        structured.schema_rules(schema, "answer")  # bounds its size and depth, too
        Draft202012Validator.check_schema(schema)
    except structured.SchemaError as error:
        yield Finding(Severity.ERROR, f"The output schema cannot be used. {error}")
    except SchemaError as error:
        message = f"The output schema is not valid at {error.json_path}: {error.message[:200]}."
        yield Finding(Severity.ERROR, message)

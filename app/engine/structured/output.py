"""From what a caller asks for to a whole grammar: a JSON object, a schema, or a call of a tool."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.engine.messages import Tool
from app.engine.protocol import Grammar, JsonObject, JsonSchema, OutputFormat, ToolChoice
from app.engine.structured.errors import SchemaError
from app.engine.structured.gbnf import JsonRules, json_text, literal, sequence
from app.engine.structured.schema import Compiler
from app.engine.structured.source import Source

_MOST_REPEATED = 2_000
# Literals, classes and comments, in which braces mean nothing; then a repetition.
_REPETITION = re.compile(
    r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*|\{\s*\d+\s*,\s*(?P<most>\d+)', re.DOTALL
)


def schema_rules(schema: Mapping[str, Any], prefix: str) -> tuple[str, dict[str, str]]:
    """The root rule's name, and the rules (name -> body) for JSON that this schema accepts.

    Args:
        schema: JSON Schema 2020-12; it may come from anywhere.
        prefix: letters, digits and dashes; every rule's name begins with it.

    Raises:
        SchemaError: the schema is broken, too large, or has no exact grammar.
    """
    rules = JsonRules(prefix)
    try:
        root = Compiler(Source(schema), rules).root()
    except RecursionError as error:
        raise SchemaError(
            "The JSON Schema is too large: its parts are too deep inside one another.",
            "Make it flatter.",
        ) from error
    return root, rules.bodies


def json_object_rules(prefix: str) -> tuple[str, dict[str, str]]:
    """The same for any JSON object."""
    rules = JsonRules(prefix)
    return rules.object, rules.bodies


def compose(root: str, rules: Mapping[str, str]) -> str:
    """The text of a grammar whose rule `root` is this expression."""
    lines = [f"root ::= {root}", *(f"{name} ::= {body}" for name, body in rules.items())]
    return "\n".join(lines) + "\n"


def grammar_of(output: OutputFormat) -> Grammar:
    """The grammar for a form of output; one that was given as a grammar is left as it is.

    Whether a given grammar compiles is found out by llama.cpp alone.

    Raises:
        SchemaError: there is no exact grammar for it.
    """
    match output:
        case Grammar():
            _check_repetitions(output.gbnf)
            return output
        case JsonObject():
            return Grammar(compose(*json_object_rules("json")))
        case JsonSchema(schema):
            return Grammar(compose(*schema_rules(schema, "json")))


def _check_repetitions(gbnf: str) -> None:
    """llama.cpp takes a repetition up to more than 2,000 times for one without end."""
    for found in _REPETITION.finditer(gbnf):
        digits = (found["most"] or "").lstrip("0")
        if len(digits) > 4 or int(digits or "0") > _MOST_REPEATED:
            raise SchemaError(
                f"The grammar repeats something up to {digits[:20]} times; {_MOST_REPEATED:,} is "
                "the most.",
                "Nest two repetitions, or leave the upper bound out.",
            )


def fallback_tool_grammar(
    tools: Sequence[Tool], choice: ToolChoice = ToolChoice.AUTO, tool: str = ""
) -> Grammar:
    """For models without a form of their own: `{"tool": name, "arguments": {...}}` or an answer.

    An answer is `{"answer": "text"}`; it may be given unless a tool must be called.

    Args:
        tools: that may be called.
        choice: with NONE there are only answers, with REQUIRED only calls.
        tool: with REQUIRED, the only one that may be called; empty for any.

    Raises:
        SchemaError: the schema of a tool's arguments has no exact grammar, or there is no tool.
    """
    rules = JsonRules("fallback")
    bodies: dict[str, str] = {}
    forms: list[str] = []
    space = rules.space
    for index, each in enumerate(_callable(tools, choice, tool)):
        root, made = _of_tool(each, f"tool{index}")
        bodies |= made
        forms.append(
            sequence(
                json_text("tool", ":"), space, json_text(each.name), '","', space,
                json_text("arguments", ":"), space, root,
            )
        )  # fmt: skip
    if choice is not ToolChoice.REQUIRED:
        forms.append(sequence(json_text("answer", ":"), space, rules.string))
    choices = " | ".join(forms)
    root = sequence(literal("{"), space, f"({choices})", space, literal("}"))
    return Grammar(compose(root, rules.bodies | bodies))


def _callable(tools: Sequence[Tool], choice: ToolChoice, tool: str) -> list[Tool]:
    if choice is ToolChoice.NONE:
        return []
    if choice is not ToolChoice.REQUIRED:
        return list(tools)
    found = [each for each in tools if not tool or each.name == tool]
    if not found:
        raise SchemaError(
            "A tool must be called, but there is none that could be."
            if not tool
            else f"The tool “{tool[:80]}” must be called, but it is not among the tools.",
            "Add the tool, or leave the choice to the model.",
        )
    return found


def _of_tool(tool: Tool, prefix: str) -> tuple[str, dict[str, str]]:
    try:
        return schema_rules(_arguments(tool), prefix)
    except SchemaError as error:
        message = f"The tool “{tool.name[:80]}” cannot be used: {error.message}"
        raise SchemaError(message, error.hint) from error


def _arguments(tool: Tool) -> Mapping[str, Any]:
    """The schema of a tool's arguments, which are an object whatever it says."""
    if "type" in tool.parameters or "$ref" in tool.parameters:
        return tool.parameters
    return {"type": "object", **tool.parameters}

"""Makes the grammar that keeps a model to a dialect's form of calls and to the tools' schemas.

Where the model may choose, the grammar is lazy: it begins where the reply opens a call. Dialects
without a ``[[grammar]]`` have none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.engine.messages import Tool
from app.engine.protocol import Grammar, ToolChoice
from app.engine.replies.call_rules import SPACE_RULE, CallRules, is_text, rooted, until
from app.engine.replies.casting import allowed_types, schema_of
from app.engine.replies.dialect import Arguments, Dialect, Writing
from app.engine.replies.gemma_values import GemmaValues
from app.engine.replies.nested_values import NestedValues
from app.engine.structured import SchemaError, compose, fallback_tool_grammar
from app.engine.structured.gbnf import alternatives, char_class, json_text, literal, sequence
from app.engine.structured.pattern import without

_IN_SINGLE_QUOTES = char_class(without([(0, 0x1F), (0x27, 0x27), (0x5C, 0x5C)]))
_PLAIN_TEXT = frozenset({"type", "title", "description", "default", "examples"})
_PLACEHOLDER = re.compile(r"@([a-z_]+)")
_ESCAPED = re.compile(r"[\\^$.|?*+()\[\]{}]")


def call_grammar(
    dialect: Dialect,
    tools: Sequence[Tool],
    choice: ToolChoice = ToolChoice.AUTO,
    tool: str = "",
    *,
    prompt_tail: str = "",
) -> Grammar | None:
    """The grammar for calls of these tools; None if there is none, or nothing to keep to.

    Args:
        tool: with REQUIRED, the only tool that may be called; empty for any.
        prompt_tail: the end of the rendered prompt, which may have opened the reasoning.

    Raises:
        SchemaError: the schema of a tool's arguments has no exact grammar, or a tool must be
            called and there is none.
    """
    if choice is ToolChoice.NONE or (choice is ToolChoice.AUTO and not tools):
        return None
    if _is_forced(dialect):
        return after_thought(fallback_tool_grammar(tools, choice, tool), dialect, prompt_tail)
    if not dialect.writing:
        return None
    is_lazy = choice is ToolChoice.AUTO
    writer = _Writer(_callable(tools, "" if is_lazy else tool))
    forms = [writer.calls(each) for each in dialect.writing]
    if is_lazy:
        return Grammar(
            compose(alternatives(forms), writer.rules.by_name),
            triggers=_triggers(dialect, tools, prompt_tail),
        )
    leads = [writer.lead(each) for each in dialect.writing]
    root = alternatives([sequence(lead, form) for lead, form in zip(leads, forms, strict=True)])
    return after_thought(Grammar(compose(root, writer.rules.by_name)), dialect, prompt_tail)


def _is_forced(dialect: Dialect) -> bool:
    return any(form.answer for form in dialect.calls)


def _triggers(dialect: Dialect, tools: Sequence[Tool], prompt_tail: str) -> tuple[str, ...]:
    names = "|".join(_escaped(tool.name) for tool in tools)
    before = _after_thought(dialect, prompt_tail)
    found = (
        before + _filled(text, {"names": f"(?:{names})"})
        for each in dialect.writing
        for text in each.triggers
    )
    return tuple(dict.fromkeys(found))


def _after_thought(dialect: Dialect, prompt_tail: str) -> str:
    """What must be there before a trigger, so that a call that is only thought of is none."""
    pairs = [pair for pair in dialect.reasoning if not pair.ends_at_call]
    if not pairs:
        return ""
    closed = "|".join(_escaped(text) for pair in pairs for text in pair.close)
    if any(pair.is_opened_by(prompt_tail) for pair in pairs):
        return rf"(?:{closed})[\s\S]*?"
    opened = "|".join(_escaped(pair.open) for pair in pairs)
    return rf"(?:^(?!\s*(?:{opened}))|{closed})[\s\S]*?"


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"\\\g<0>", text)


def _callable(tools: Sequence[Tool], tool: str) -> list[Tool]:
    found = [each for each in tools if not tool or each.name == tool]
    if not found:
        raise SchemaError(
            f"The tool “{tool[:80]}” must be called, but it is not among the tools."
            if tool
            else "A tool must be called, but there is none that could be.",
            "Add the tool, or leave the choice to the model.",
        )
    return found


def after_thought(grammar: Grammar, dialect: Dialect, prompt_tail: str) -> Grammar:
    """The same behind reasoning, which a grammar from the start would forbid."""
    thoughts: list[str] = []
    rules: dict[str, str] = {}
    is_open = False
    for index, pair in enumerate(dialect.reasoning):
        rest = until(pair.close[0], f"thought{index}")
        rules |= rest
        name = next(iter(rest))
        if pair.is_opened_by(prompt_tail):
            is_open = True
            thoughts = [name]
            break
        thoughts.append(sequence(literal(pair.open), name))
    if not thoughts:
        return grammar
    thought = f"({alternatives(thoughts)})" + ("" if is_open else "?")
    main = grammar.gbnf.replace("root ::=", "main ::=", 1)
    root = compose(f"{thought} {SPACE_RULE} main", rules)
    return replace(grammar, gbnf=root + main)


class _Writer:
    """Writes the calls of some tools into the rules of one grammar."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.rules = CallRules()
        self._tools = tools
        self._forms = 0

    def calls(self, writing: Writing) -> str:
        """The expression for one or several calls."""
        prefix = f"form{self._forms}"
        self._forms += 1
        names = []
        for index, tool in enumerate(self._tools):
            name = f"{prefix}-call{index}"
            arguments = self._arguments(writing, tool, f"{prefix}tool{index}")
            values = {
                "name": literal(tool.name),
                "json_name": json_text(tool.name),
                "arguments": arguments,
            }
            self.rules.by_name[name] = _filled(writing.call, values)
            names.append(name)
        self.rules.by_name[f"{prefix}-call"] = alternatives(names)
        return _filled(writing.calls, {"call": f"{prefix}-call"})

    def lead(self, writing: Writing) -> str:
        """What comes before the first call if nothing else may."""
        if not writing.until:
            return writing.lead
        return _filled(writing.lead, {"until": self.rules.until(writing.until)})

    def _arguments(self, writing: Writing, tool: Tool, prefix: str) -> str:
        if writing.arguments is Arguments.JSON:
            return self.rules.json(_object_schema(tool), prefix)
        if writing.arguments is Arguments.GEMMA:
            return GemmaValues(self.rules, tool).value(_object_schema(tool), prefix)
        between = '"," space' if writing.arguments is Arguments.PYTHON else ""
        return self.rules.members(
            tool.parameters,
            prefix,
            lambda key, name: self._item(writing, tool, key, name),
            between=between,
        )

    def _item(self, writing: Writing, tool: Tool, key: str, prefix: str) -> str:
        schema = schema_of(tool.parameters, key)
        if writing.arguments is Arguments.PYTHON:
            return sequence(literal(f"{key}="), self._python(schema, tool, prefix))
        if writing.arguments is Arguments.NESTED:
            return NestedValues(self.rules, tool, writing.value_end).member(key, schema, prefix)
        types = allowed_types(schema, tool.parameters)
        values = {
            "key": literal(key),
            "value": self.rules.bare(schema, tool, writing.value_end, prefix),
            "is_string": literal("true" if is_text(types) else "false"),
            "type": literal("string" if is_text(types) else _written_type(types)),
        }
        return _filled(writing.parameter, values)

    def _python(self, schema: Mapping[str, Any], tool: Tool, prefix: str) -> str:
        """JSON, and texts in single quotes, which the template writes."""
        json = self.rules.json(rooted(schema, tool), prefix)
        if not schema.keys() <= _PLAIN_TEXT or schema.get("type") != "string":
            return json
        self.rules.by_name[f"{prefix}-quoted"] = f'{json} | "\'" {_IN_SINGLE_QUOTES}* "\'"'
        return f"{prefix}-quoted"


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _object_schema(tool: Tool) -> Mapping[str, Any]:
    if "type" in tool.parameters or "$ref" in tool.parameters:
        return tool.parameters
    return {"type": "object", **tool.parameters}


def _written_type(types: frozenset[str]) -> str:
    return "number" if types <= {"integer", "number"} else sorted(types)[0]

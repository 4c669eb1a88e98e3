"""Makes the grammar that keeps a model to a dialect's form of calls and to the tools' schemas.

Where the model may choose, the grammar is lazy: it begins where the reply opens a call. Dialects
without a ``[[grammar]]`` have none: their values have a notation that JSON Schema says nothing of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.engine.messages import Tool
from app.engine.protocol import Grammar, ToolChoice
from app.engine.replies.casting import allowed_types, resolved, schema_of
from app.engine.replies.dialect import Arguments, Dialect, Writing
from app.engine.structured import (
    SchemaError,
    compose,
    fallback_tool_grammar,
    schema_rules,
)
from app.engine.structured.gbnf import alternatives, char_class, json_text, literal, sequence
from app.engine.structured.pattern import merged, without

_SPACE_RULE = r'"\n"{0,2} [ \t]{0,8}'
_IN_SINGLE_QUOTES = char_class(without([(0, 0x1F), (0x27, 0x27), (0x5C, 0x5C)]))
_PLAIN_TEXT = frozenset({"type", "title", "description", "default", "examples"})
_GEMMA_QUOTE, _ANY_GEMMA = '<|"|>', "gemma-value"
_MOST_NESTED, _MOST_RULES = 8, 500
_SCALARS = frozenset({"number", "integer", "boolean", "null"})
_PLACEHOLDER = re.compile(r"@([a-z_]+)")
_ESCAPED = re.compile(r"[\\^$.|?*+()\[\]{}]")
_JSON_TYPES = frozenset({"object", "array", "number", "integer", "boolean", "null"})


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
            compose(alternatives(forms), writer.rules),
            triggers=_triggers(dialect, tools, prompt_tail),
        )
    leads = [writer.lead(each) for each in dialect.writing]
    root = alternatives([sequence(lead, form) for lead, form in zip(leads, forms, strict=True)])
    return after_thought(Grammar(compose(root, writer.rules)), dialect, prompt_tail)


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
    root = compose(f"{thought} {_SPACE_RULE} main", rules)
    return replace(grammar, gbnf=root + main)


class _Writer:
    """Collects the rules of one grammar."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.rules: dict[str, str] = {"space": _SPACE_RULE}
        self._tools = tools
        self._untils: dict[str, str] = {}
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
            self.rules[name] = _filled(writing.call, values)
            names.append(name)
        self.rules[f"{prefix}-call"] = alternatives(names)
        return _filled(writing.calls, {"call": f"{prefix}-call"})

    def lead(self, writing: Writing) -> str:
        """What comes before the first call if nothing else may."""
        if not writing.until:
            return writing.lead
        return _filled(writing.lead, {"until": self._until(writing.until)})

    def _arguments(self, writing: Writing, tool: Tool, prefix: str) -> str:
        if writing.arguments is Arguments.JSON:
            return self._json(_object_schema(tool), prefix)
        if writing.arguments is Arguments.GEMMA:
            return self._gemma(_object_schema(tool), tool, prefix)
        between = '"," space' if writing.arguments is Arguments.PYTHON else ""
        return self._members(
            tool.parameters,
            prefix,
            between,
            lambda key, name: self._item(writing, tool, key, name),
        )

    def _members(
        self,
        schema: Mapping[str, Any],
        prefix: str,
        between: str,
        write: Callable[[str, str], str],
    ) -> str:
        """The properties of an object, each as `write` writes it."""
        properties = schema.get("properties")
        required = schema.get("required")
        needed = set(required) if isinstance(required, list) else set()
        items: list[tuple[str, bool]] = []
        for index, key in enumerate(properties if isinstance(properties, Mapping) else ()):
            item = f"{prefix}-item{index}"
            self.rules[item] = write(key, f"{prefix}value{index}")
            items.append((item, key in needed))
        return self._in_order(items, between, prefix)

    def _item(self, writing: Writing, tool: Tool, key: str, prefix: str) -> str:
        schema = schema_of(tool.parameters, key)
        if writing.arguments is Arguments.PYTHON:
            return sequence(literal(f"{key}="), self._python(schema, tool, prefix))
        types = allowed_types(schema, tool.parameters)
        is_text = not types or not types <= _JSON_TYPES
        if is_text:
            value = self._text(schema, types, writing.value_end, prefix)
        else:
            json = self._json(_rooted(schema, tool), prefix)
            value = sequence(json, literal(writing.value_end))
        values = {
            "key": literal(key),
            "value": value,
            "is_string": literal("true" if is_text else "false"),
            "type": literal("string" if is_text else _written_type(types)),
        }
        return _filled(writing.parameter, values)

    def _python(self, schema: Mapping[str, Any], tool: Tool, prefix: str) -> str:
        """JSON, and texts in single quotes, which the template writes."""
        json = self._json(_rooted(schema, tool), prefix)
        if not schema.keys() <= _PLAIN_TEXT or schema.get("type") != "string":
            return json
        self.rules[f"{prefix}-quoted"] = f'{json} | "\'" {_IN_SINGLE_QUOTES}* "\'"'
        return f"{prefix}-quoted"

    def _gemma(self, schema: Mapping[str, Any], tool: Tool, prefix: str, depth: int = 0) -> str:
        """A value in Gemma's notation; of what the schema says in another way, any value."""
        schema = resolved(schema, tool.parameters)
        types = allowed_types(schema, tool.parameters)
        choices = schema.get("enum")
        # References may unfold without end.
        can_nest = depth < _MOST_NESTED and len(self.rules) < _MOST_RULES
        if types == {"string"}:
            if isinstance(choices, list) and choices:
                quoted = [literal(f"{_GEMMA_QUOTE}{each}{_GEMMA_QUOTE}") for each in choices]
                return f"({alternatives(quoted)})"
            return sequence(literal(_GEMMA_QUOTE), self._until(_GEMMA_QUOTE))
        if types and types <= _SCALARS:
            return self._json(_rooted(schema, tool), prefix)
        if types == {"object"} and schema.get("properties") and can_nest:
            members = self._members(
                schema,
                prefix,
                '","',
                lambda key, name: sequence(
                    literal(f"{key}:"),
                    self._gemma(schema_of(schema, key), tool, name, depth + 1),
                ),
            )
            return sequence('"{"', members, '"}"')
        if types == {"array"} and isinstance(schema.get("items"), Mapping) and can_nest:
            item = self._gemma(schema["items"], tool, f"{prefix}-entry", depth + 1)
            self.rules[f"{prefix}-entries"] = f'"[" ({item} ("," {item})*)? "]"'
            return f"{prefix}-entries"
        return self._any_gemma(types)

    def _any_gemma(self, types: frozenset[str]) -> str:
        if _ANY_GEMMA not in self.rules:
            member = f'[-A-Za-z0-9_]{{1,64}} ":" {_ANY_GEMMA}'
            text = sequence(literal(_GEMMA_QUOTE), self._until(_GEMMA_QUOTE))
            scalar = self._json({"type": sorted(_SCALARS)}, "gemmascalar")
            self.rules["gemma-object"] = f'"{{" ({member} ("," {member})*)? "}}"'
            array = f'"[" ({_ANY_GEMMA} ("," {_ANY_GEMMA})*)? "]"'
            self.rules[_ANY_GEMMA] = f"{text} | {scalar} | gemma-object | {array}"
        return "gemma-object" if types == {"object"} else _ANY_GEMMA

    def _text(self, schema: Mapping[str, Any], types: frozenset[str], end: str, prefix: str) -> str:
        """A value that is written as it is, up to its end tag."""
        choices = schema.get("enum")
        if types == {"string"} and isinstance(choices, list) and choices:
            self.rules[prefix] = alternatives([literal(str(each)) for each in choices])
            return sequence(prefix, literal(end))
        return self._until(end)

    def _in_order(self, items: Sequence[tuple[str, bool]], between: str, prefix: str) -> str:
        """The required ones, and any of the others, in their order."""
        after = {True: '""', False: '""'}  # what follows, for the first item written and others
        for index in range(len(items) - 1, -1, -1):
            item, is_required = items[index]
            rules: dict[bool, str] = {}
            for is_first in (True, False):
                written = sequence("" if is_first else between, item, after[False])
                name = f"{prefix}-{'first' if is_first else 'next'}{index}"
                choices = [written] if is_required else [written, after[is_first]]
                self.rules[name] = alternatives(choices)
                rules[is_first] = name
            after = rules
        return after[True]

    def _json(self, schema: Mapping[str, Any], prefix: str) -> str:
        root, rules = schema_rules(schema, prefix)
        self.rules |= rules
        return root

    def _until(self, end: str) -> str:
        if end not in self._untils:
            rules = until(end, f"text{len(self._untils)}")
            self.rules |= rules
            self._untils[end] = next(iter(rules))
        return self._untils[end]


def until(end: str, prefix: str) -> dict[str, str]:
    """Rules for any text that ends with `end` and does not have it before; the first is the root.

    GBNF has no "anything but", so these are the states of the automaton that looks for `end`.
    """
    rules: dict[str, str] = {}
    letters = sorted(set(end))
    excluded = merged((ord(letter), ord(letter)) for letter in ["\0", *letters])
    others = char_class(without(excluded))
    for state in range(len(end)):
        ways: list[str] = []
        for letter in letters:
            reached = _overlap(end[:state] + letter, end)
            if reached == len(end):
                ways.append(literal(letter))
            else:
                ways.append(sequence(literal(letter), f"{prefix}-s{reached}"))
        ways.append(f"{others} {prefix}-s0")
        rules[f"{prefix}-s{state}"] = alternatives(ways)
    return rules


def _overlap(text: str, end: str) -> int:
    """How much of the beginning of `end` the text ends with."""
    return next(size for size in range(len(end), -1, -1) if text.endswith(end[:size]))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _object_schema(tool: Tool) -> Mapping[str, Any]:
    if "type" in tool.parameters or "$ref" in tool.parameters:
        return tool.parameters
    return {"type": "object", **tool.parameters}


def _rooted(schema: Mapping[str, Any], tool: Tool) -> Mapping[str, Any]:
    """The schema of one argument with the definitions that it may refer to."""
    definitions = {
        key: tool.parameters[key] for key in ("$defs", "definitions") if key in tool.parameters
    }
    return {**definitions, **schema}


def _written_type(types: frozenset[str]) -> str:
    return "number" if types <= {"integer", "number"} else sorted(types)[0]

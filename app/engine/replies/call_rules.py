"""The GBNF rules of one grammar for calls, and what all notations of arguments have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.engine.messages import Tool
from app.engine.replies.casting import allowed_types
from app.engine.structured import schema_rules
from app.engine.structured.gbnf import alternatives, char_class, literal, sequence
from app.engine.structured.pattern import merged, without

SPACE_RULE = r'"\n"{0,2} [ \t]{0,8}'
_MOST_NESTED, _MOST_RULES = 8, 500
_JSON_TYPES = frozenset({"object", "array", "number", "integer", "boolean", "null"})


class CallRules:
    """Collects rules.

    Attributes:
        by_name: GBNF by the names of rules.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {"space": SPACE_RULE}
        self._untils: dict[str, str] = {}

    def can_nest(self, depth: int) -> bool:
        """Whether a value at this depth may have rules for its parts.

        References in a schema may unfold without end.
        """
        return depth < _MOST_NESTED and len(self.by_name) < _MOST_RULES

    def json(self, schema: Mapping[str, Any], prefix: str) -> str:
        """The expression for JSON that a schema takes."""
        root, rules = schema_rules(schema, prefix)
        self.by_name |= rules
        return root

    def until(self, end: str) -> str:
        """The expression for any text up to `end`, with it."""
        if end not in self._untils:
            rules = until(end, f"text{len(self._untils)}")
            self.by_name |= rules
            self._untils[end] = next(iter(rules))
        return self._untils[end]

    def bare(self, schema: Mapping[str, Any], tool: Tool, end: str, prefix: str) -> str:
        """The expression for a value without quotes up to `end`, with it: a text, or JSON."""
        types = allowed_types(schema, tool.parameters)
        if not is_text(types):
            return sequence(self.json(rooted(schema, tool), prefix), literal(end))
        choices = schema.get("enum")
        if types == {"string"} and isinstance(choices, list) and choices:
            self.by_name[prefix] = alternatives([literal(str(each)) for each in choices])
            return sequence(prefix, literal(end))
        return self.until(end)

    def members(
        self,
        schema: Mapping[str, Any],
        prefix: str,
        write: Callable[[str, str], str],
        *,
        between: str = "",
    ) -> str:
        """The expression for the properties of an object: the required ones and any others.

        Args:
            schema: of the object; the order is that of its properties.
            prefix: of the names of rules.
            write: gives the expression for a property, by its key and a prefix.
            between: what separates two of them.
        """
        properties = schema.get("properties")
        required = schema.get("required")
        needed = set(required) if isinstance(required, list) else set()
        items: list[tuple[str, bool]] = []
        for index, key in enumerate(properties if isinstance(properties, Mapping) else ()):
            item = f"{prefix}-item{index}"
            self.by_name[item] = write(key, f"{prefix}value{index}")
            items.append((item, key in needed))
        return self._in_order(items, between, prefix)

    def _in_order(self, items: Sequence[tuple[str, bool]], between: str, prefix: str) -> str:
        after = {True: '""', False: '""'}  # what follows, for the first item written and others
        for index in range(len(items) - 1, -1, -1):
            item, is_required = items[index]
            rules: dict[bool, str] = {}
            for is_first in (True, False):
                written = sequence("" if is_first else between, item, after[False])
                name = f"{prefix}-{'first' if is_first else 'next'}{index}"
                choices = [written] if is_required else [written, after[is_first]]
                self.by_name[name] = alternatives(choices)
                rules[is_first] = name
            after = rules
        return after[True]


def is_text(types: frozenset[str]) -> bool:
    """Whether a value of these types is written as it is, and not as JSON."""
    return not types or not types <= _JSON_TYPES


def rooted(schema: Mapping[str, Any], tool: Tool) -> Mapping[str, Any]:
    """The schema of a part of the arguments with the definitions that it may refer to."""
    definitions = {
        key: tool.parameters[key] for key in ("$defs", "definitions") if key in tool.parameters
    }
    return {**definitions, **schema}


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

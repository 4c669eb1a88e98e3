"""Grammars for values in Gemma's notation: JSON without quotes at keys, and texts in marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.messages import Tool
from app.engine.replies.call_rules import CallRules, rooted
from app.engine.replies.casting import allowed_types, resolved, schema_of
from app.engine.structured.gbnf import alternatives, literal, sequence

_QUOTE, _ANY = '<|"|>', "gemma-value"
_SCALARS = frozenset({"number", "integer", "boolean", "null"})


class GemmaValues:
    """Writes the arguments of one tool."""

    def __init__(self, rules: CallRules, tool: Tool) -> None:
        self._rules = rules
        self._tool = tool

    def value(self, schema: Mapping[str, Any], prefix: str, depth: int = 0) -> str:
        """The expression for a value; of what the schema says in another way, any value."""
        rules, tool = self._rules, self._tool
        schema = resolved(schema, tool.parameters)
        types = allowed_types(schema, tool.parameters)
        choices = schema.get("enum")
        can_nest = rules.can_nest(depth)
        if types == {"string"}:
            if isinstance(choices, list) and choices:
                quoted = [literal(f"{_QUOTE}{each}{_QUOTE}") for each in choices]
                return f"({alternatives(quoted)})"
            return sequence(literal(_QUOTE), rules.until(_QUOTE))
        if types and types <= _SCALARS:
            return rules.json(rooted(schema, tool), prefix)
        if types == {"object"} and schema.get("properties") and can_nest:
            members = rules.members(
                schema,
                prefix,
                lambda key, name: sequence(
                    literal(f"{key}:"), self.value(schema_of(schema, key), name, depth + 1)
                ),
                between='","',
            )
            return sequence('"{"', members, '"}"')
        if types == {"array"} and isinstance(schema.get("items"), Mapping) and can_nest:
            item = self.value(schema["items"], f"{prefix}-entry", depth + 1)
            rules.by_name[f"{prefix}-entries"] = f'"[" ({item} ("," {item})*)? "]"'
            return f"{prefix}-entries"
        return self._any(types)

    def _any(self, types: frozenset[str]) -> str:
        rules, by_name = self._rules, self._rules.by_name
        if _ANY not in by_name:
            member = f'[-A-Za-z0-9_]{{1,64}} ":" {_ANY}'
            text = sequence(literal(_QUOTE), rules.until(_QUOTE))
            scalar = rules.json({"type": sorted(_SCALARS)}, "gemmascalar")
            by_name["gemma-object"] = f'"{{" ({member} ("," {member})*)? "}}"'
            array = f'"[" ({_ANY} ("," {_ANY})*)? "]"'
            by_name[_ANY] = f"{text} | {scalar} | gemma-object | {array}"
        return "gemma-object" if types == {"object"} else _ANY

"""Grammars for values that are written as they are, or as tags within tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.messages import Tool
from app.engine.replies.call_rules import CallRules
from app.engine.replies.casting import allowed_types, resolved, schema_of
from app.engine.replies.nested_calls import ITEM
from app.engine.structured.gbnf import literal, sequence


class NestedValues:
    """Writes the arguments of one tool as tags named by their keys.

    The keys of an object of which the schema says none cannot be told from one another by a
    grammar, so it is written as JSON, which is read as well.
    """

    def __init__(self, rules: CallRules, tool: Tool, mark: str) -> None:
        """Write nothing yet; `mark` stands before every tag."""
        self._rules = rules
        self._tool = tool
        self._mark = mark

    def member(self, key: str, schema: Mapping[str, Any], prefix: str, depth: int = 0) -> str:
        """The expression for a value in its tag."""
        value = self._value(schema, prefix, depth)
        return sequence(literal(f"{self._mark}<{key}>"), value, literal(f"</{key}>"))

    def _value(self, schema: Mapping[str, Any], prefix: str, depth: int) -> str:
        """Ends with the mark of the tag that closes it."""
        rules, tool = self._rules, self._tool
        schema = resolved(schema, tool.parameters)
        types = allowed_types(schema, tool.parameters)
        items = schema.get("items")
        if types == {"object"} and schema.get("properties") and rules.can_nest(depth):
            members = rules.members(
                schema,
                prefix,
                lambda key, name: self.member(key, schema_of(schema, key), name, depth + 1),
            )
            return sequence(members, literal(self._mark))
        if types == {"array"} and isinstance(items, Mapping) and rules.can_nest(depth):
            rules.by_name[f"{prefix}-entry"] = self.member(ITEM, items, f"{prefix}-in", depth + 1)
            return sequence(f"{prefix}-entry*", literal(self._mark))
        return rules.bare(schema, tool, self._mark, prefix)

"""Grammars that force the form of a reply: from JSON Schema, for JSON objects, for tool calls.

A grammar is never looser than what was asked for. What a grammar cannot express exactly is a
`SchemaError` that names the place and the keyword; it may be stricter where this says so:

- Objects get only the properties that are declared, in the declared order, optional ones in any
  subset. Where none are declared, or `additionalProperties` is there, others are written too.
- Arrays with `prefixItems` get no more entries than those unless `items` is there.
- A schema without `type` that speaks of lengths, properties or bounds is about values of that type.
- Whole numbers have up to 16 digits. Numbers with bounds have no exponent.
- `format` is enforced for what `formats` lists, and an error for anything else.
"""

from app.engine.structured.errors import SchemaError
from app.engine.structured.output import (
    compose,
    fallback_tool_grammar,
    grammar_of,
    json_object_rules,
    schema_rules,
)

__all__ = [
    "SchemaError",
    "compose",
    "fallback_tool_grammar",
    "grammar_of",
    "json_object_rules",
    "schema_rules",
]

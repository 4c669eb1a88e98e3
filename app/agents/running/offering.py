"""Tools as they are offered to a model, whose calls a grammar must be able to keep in form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.agents.tools.tool import Tool
from app.engine.messages import Tool as OfferedTool

_MOST_SCHEMA: Final = 4_000  # characters of a schema that are told in words


def offered(tools: Sequence[Tool]) -> tuple[OfferedTool, ...]:
    """The tools by name, so that prompts begin alike; of several with one name the first.

    A schema that has no exact grammar is told in words and checked before the call, as all are:
    one odd tool of a server must not keep an agent from working.
    """
    found = {each.spec.name: each.spec.tool for each in reversed(tools)}
    return tuple(_writable(found[name]) for name in sorted(found))


def _writable(tool: OfferedTool) -> OfferedTool:
    from app.engine.structured import SchemaError, schema_rules  # late: with the first run

    try:
        schema_rules({"type": "object", **tool.parameters}, "tool")
    except SchemaError:
        told = json.dumps(tool.parameters, default=str)[:_MOST_SCHEMA]
        description = f"{tool.description} JSON Schema of its arguments: {told}"
        return replace(tool, description=description, parameters={"type": "object"})
    return tool

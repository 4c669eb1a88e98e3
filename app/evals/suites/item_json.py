"""Items as JSON, in Cairn's own form: fields that say nothing are left out."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from app.engine.messages import Role, ToolCall, Turn
from app.evals.entities import Item


def item_to_json(item: Item) -> dict[str, Any]:
    """The item as a JSON object, with its parts in the order of a table's columns."""
    fields = {
        "key": item.key,
        "input": _input_to_json(item.input),
        "targets": list(item.targets),
        "tags": list(item.tags),
        "metadata": dict(item.metadata),
    }
    return {name: value for name, value in fields.items() if value}


def to_line(value: Any, *, sort_keys: bool = False) -> str:
    """JSON on one line, as short as it gets; sorted, it is canonical.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(
        value, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _input_to_json(turns: tuple[Turn, ...]) -> str | list[dict[str, Any]]:
    if len(turns) == 1 and turns[0] == Turn(Role.USER, turns[0].content):
        return turns[0].content
    return [_turn_to_json(turn) for turn in turns]


def _turn_to_json(turn: Turn) -> dict[str, Any]:
    optional = {
        "reasoning": turn.reasoning,
        "tool_calls": [_call_to_json(call) for call in turn.tool_calls],
        "tool_call_id": turn.tool_call_id,
        "tool_name": turn.tool_name,
        "images": [b64encode(image.data).decode("ascii") for image in turn.images],
    }
    filled = {name: value for name, value in optional.items() if value}
    return {"role": turn.role.value, "content": turn.content, **filled}


def _call_to_json(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "name": call.name, "arguments": dict(call.arguments)}

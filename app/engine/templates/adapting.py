"""Turns as other turns that say the same, for templates that take fewer forms of conversation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from app.engine.messages import Role, Tool, ToolCall, Turn

Change = Callable[[Sequence[Turn]], list[Turn]]

_TOOLS = """You can use tools. Their names, what they do, and the JSON Schema of their arguments:
{tools}

Reply with one JSON object and nothing else. To use a tool:
{{"tool": "name of the tool", "arguments": {{...}}}}
You then get its result and can go on. To answer:
{{"answer": "text of the answer"}}"""


def system_in_first_user(turns: Sequence[Turn]) -> list[Turn]:
    """For templates without a system role."""
    system = "\n\n".join(turn.content for turn in turns if turn.role is Role.SYSTEM)
    rest = [turn for turn in turns if turn.role is not Role.SYSTEM]
    if not system:
        return rest
    for index, turn in enumerate(rest):
        if turn.role is Role.USER:
            rest[index] = replace(turn, content=f"{system}\n\n{turn.content}")
            return rest
    return [Turn(Role.USER, system), *rest]


def merged_neighbours(turns: Sequence[Turn]) -> list[Turn]:
    """For templates that insist on question, answer, question: after a Stop there may be none."""
    result: list[Turn] = []
    for (role, _), group in groupby(turns, key=_mergeable):
        together = list(group)
        if role is Role.TOOL or any(turn.tool_calls for turn in together):
            result += together
            continue
        result.append(
            replace(
                together[0],
                content="\n\n".join(turn.content for turn in together if turn.content),
                reasoning="\n\n".join(turn.reasoning for turn in together if turn.reasoning),
                images=tuple(image for turn in together for image in turn.images),
            )
        )
    return result


def _mergeable(turn: Turn) -> tuple[Role, bool]:
    return turn.role, bool(turn.tool_calls)


def one_call_a_turn(turns: Sequence[Turn]) -> list[Turn]:
    """For templates that take one call at a time: each is followed by its own result."""
    result: list[Turn] = []
    left = list(turns)
    while left:
        turn = left.pop(0)
        if len(turn.tool_calls) < 2:
            result.append(turn)
            continue
        results = []
        while left and left[0].role is Role.TOOL:
            results.append(left.pop(0))
        result += _pairs(turn, results)
    return result


def _pairs(turn: Turn, results: Sequence[Turn]) -> Iterator[Turn]:
    placed: list[int] = []
    for index, call in enumerate(turn.tool_calls):
        first = turn if index == 0 else replace(turn, content="", reasoning="", images=())
        yield replace(first, tool_calls=(call,))
        for place, each in enumerate(results):
            if place not in placed and each.tool_call_id in ("", call.id):
                placed.append(place)
                yield each
                break
    yield from (each for place, each in enumerate(results) if place not in placed)


def content_with_reasoning(turns: Sequence[Turn]) -> list[Turn]:
    """For templates that take reasoning or content before a call, but not both."""
    return [
        replace(turn, reasoning=f"{turn.reasoning}\n\n{turn.content}", content="")
        if turn.tool_calls and turn.reasoning and turn.content
        else turn
        for turn in turns
    ]


def without_tools(turns: Sequence[Turn]) -> list[Turn]:
    """Calls and results as plain turns, for templates that know neither."""
    return _plain(turns, in_form=False)


def with_tools_in_words(turns: Sequence[Turn], tools: Sequence[Tool]) -> list[Turn]:
    """For templates that know no tools: a system turn says what there is and what to write.

    Earlier turns have the form that is asked for, so that the model keeps to it, and so that what
    it wrote is found again in the prompt of the next turn.
    """
    listed = "\n".join(
        json.dumps(
            {"name": tool.name, "description": tool.description, "arguments": tool.parameters},
            ensure_ascii=False,
        )
        for tool in tools
    )
    said = _TOOLS.format(tools=listed)
    plain = _plain(turns, in_form=True)
    if plain and plain[0].role is Role.SYSTEM:
        return [replace(plain[0], content=f"{plain[0].content}\n\n{said}"), *plain[1:]]
    return [Turn(Role.SYSTEM, said), *plain]


def _plain(turns: Sequence[Turn], *, in_form: bool) -> list[Turn]:
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    result: list[Turn] = []
    for is_result, group in groupby(turns, key=lambda turn: turn.role is Role.TOOL):
        together = list(group)
        if is_result:
            texts = [_result_text(turn, names) for turn in together]
            images = tuple(image for turn in together for image in turn.images)
            result.append(Turn(Role.USER, "\n\n".join(texts), images=images))
            continue
        result += [
            replace(turn, content=_spoken(turn, in_form=in_form), tool_calls=())
            if turn.role is Role.ASSISTANT
            else turn
            for turn in together
        ]
    return result


def _result_text(turn: Turn, names: dict[str, str]) -> str:
    name = turn.tool_name or names.get(turn.tool_call_id, "")
    return f"Result of the tool {name}:\n{turn.content}" if name else f"Result:\n{turn.content}"


def _spoken(turn: Turn, *, in_form: bool) -> str:
    """What an assistant turn says, its calls included, as text."""
    calls = "\n".join(map(_call_text, turn.tool_calls))
    if not calls:
        return json.dumps({"answer": turn.content}, ensure_ascii=False) if in_form else turn.content
    return f"{turn.content}\n{calls}" if turn.content and not in_form else calls


def _call_text(call: ToolCall) -> str:
    return json.dumps({"tool": call.name, "arguments": call.arguments}, ensure_ascii=False)


def ids_of_nine(turns: Sequence[Turn]) -> list[Turn]:
    """For templates that take only ids of nine letters and digits, as Mistral's do."""
    return [
        replace(
            turn,
            tool_call_id=_of_nine(turn.tool_call_id),
            tool_calls=tuple(replace(call, id=_of_nine(call.id)) for call in turn.tool_calls),
        )
        for turn in turns
    ]


def _of_nine(name: str) -> str:
    if not name or (len(name) == 9 and name.isascii() and name.isalnum()):
        return name
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:9]


def with_descriptions(tools: Sequence[Tool]) -> list[Tool]:
    """For templates that fail on a tool whose properties are not described."""
    return [replace(tool, parameters=_described(tool.parameters)) for tool in tools]


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return dict(schema)
    described = {
        name: {"description": "", **each} if isinstance(each, dict) else each
        for name, each in properties.items()
    }
    return {"type": "object", **schema, "properties": described}

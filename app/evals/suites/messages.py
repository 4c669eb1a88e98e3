"""Chat messages as JSON, in the forms of Cairn, inspect_ai and OpenAI, to turns."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from app.engine.messages import Image, Role, ToolCall, Turn
from app.evals.suites.parsing import as_text, parse_object
from app.evals.suites.suite import BadItem

_ROLES: Final[Mapping[str, Role]] = {
    **{role.value: role for role in Role},
    "developer": Role.SYSTEM,
    "function": Role.TOOL,
}
# OpenAI's few-shot examples are system messages with a name, so that they are not taken for real.
_EXAMPLES: Final[Mapping[str, Role]] = {
    "example_user": Role.USER,
    "example_assistant": Role.ASSISTANT,
}


def read_input(value: Any) -> tuple[Turn, ...]:
    """The turns of an input: a text, or a list of messages.

    Raises:
        BadItem: it is neither, or a message cannot be read.
    """
    match value:
        case None | "" | []:
            raise BadItem("There is no input.")
        case str():
            return (Turn(Role.USER, value),)
        case list():
            return tuple(_turn(message, number) for number, message in enumerate(value, 1))
    raise BadItem("The input is neither a text nor a list of messages.")


def _turn(message: Any, number: int) -> Turn:
    try:
        if not isinstance(message, dict):
            raise BadItem("It is not an object.")
        role = _role(message)
        return Turn(
            role,
            _content(message.get("content")),
            reasoning=as_text(message.get("reasoning"), "reasoning"),
            tool_calls=tuple(map(_tool_call, _list(message, "tool_calls"))),
            tool_call_id=as_text(message.get("tool_call_id"), "tool_call_id"),
            tool_name=_tool_name(message, role),
            images=tuple(map(_image, _list(message, "images"))),
        )
    except BadItem as bad:
        raise BadItem(f"Message {number} of the input: {bad.message}") from bad


def _role(message: Mapping[str, Any]) -> Role:
    name = str(message.get("role"))
    if name not in _ROLES:
        raise BadItem(f"The role is not one of {', '.join(Role)}.")
    if name == Role.SYSTEM:
        return _EXAMPLES.get(str(message.get("name")), Role.SYSTEM)
    return _ROLES[name]


def _content(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text_part, value))
    return as_text(value, "content")


def _text_part(part: Any) -> str:
    match part:
        case str():
            return part
        case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
            return text
    raise BadItem("It holds something other than text.")


def _tool_name(message: Mapping[str, Any], role: Role) -> str:
    names = ("tool_name", "name", "function") if role is Role.TOOL else ("tool_name",)
    found = next((message[name] for name in names if message.get(name)), None)
    return as_text(found, "tool_name")


def _tool_call(call: Any) -> ToolCall:
    match call:
        case {"function": {"name": str(name), "arguments": arguments}}:  # OpenAI
            pass
        case {"function": str(name), "arguments": arguments}:  # inspect_ai
            pass
        case {"name": str(name), "arguments": arguments}:
            pass
        case _:
            raise BadItem("A tool call lacks its name or its arguments.")
    if isinstance(arguments, str):
        arguments = parse_object(arguments)
    if not isinstance(arguments, dict):
        raise BadItem("The arguments of a tool call are not an object.")
    return ToolCall(as_text(call.get("id"), "id"), name, arguments)


def _image(value: Any) -> Image:
    try:
        return Image(b64decode(value, validate=True))
    except (TypeError, ValueError) as error:
        raise BadItem("A picture is not in Base64.") from error


def _list(message: Mapping[str, Any], name: str) -> list[Any]:
    value = message.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadItem(f"“{name}” is not a list.")
    return value

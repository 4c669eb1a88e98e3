"""The messages as a template expects them: the usual dictionaries, in the variant that it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.messages import Role, Tool, Turn
from app.engine.templates.values import mapped

# The first is the usual one.
REASONING_NAMES = ("reasoning_content", "thinking", "reasoning", "thought")

Cut = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Form:
    """What was found out about one template.

    Attributes:
        wants_parts: content is a list of parts.
        takes_system: there may be a system turn.
        takes_tools: it shows tools to the model.
        shows_results: it shows earlier calls and what the tools answered.
        one_call: it shows only the first call of a turn.
        text_arguments: it wants the arguments of a call as JSON text.
        reasoning: the name under which it looks for reasoning.
        thinks: it has a switch for reasoning.
    """

    wants_parts: bool = False
    takes_system: bool = True
    takes_tools: bool = False
    shows_results: bool = False
    one_call: bool = False
    text_arguments: bool = False
    reasoning: str = REASONING_NAMES[0]
    thinks: bool = False

    def messages(self, turns: Sequence[Turn], cut: Cut, image_mark: str) -> list[dict[str, Any]]:
        """The turns; `cut` is done to all that they say.

        Each picture is a mark in front of the text of its turn.
        """
        names = {call.id: call.name for turn in turns for call in turn.tool_calls}
        return [self._message(turn, cut, image_mark, names) for turn in turns]

    def _message(
        self, turn: Turn, cut: Cut, image_mark: str, names: dict[str, str]
    ) -> dict[str, Any]:
        text = image_mark * len(turn.images) + cut(turn.content)
        message: dict[str, Any] = {
            "role": str(turn.role),
            "content": [{"type": "text", "text": text}] if self.wants_parts else text,
        }
        if turn.role is Role.ASSISTANT:
            if turn.reasoning:
                message[self.reasoning] = cut(turn.reasoning)
            if turn.tool_calls:
                message["tool_calls"] = self._calls(turn, cut)
        elif turn.role is Role.TOOL:
            message["tool_call_id"] = cut(turn.tool_call_id)
            message["name"] = cut(turn.tool_name or names.get(turn.tool_call_id, ""))
        return message

    def _calls(self, turn: Turn, cut: Cut) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        for call in turn.tool_calls:
            arguments = mapped(call.arguments, cut)
            if self.text_arguments:
                arguments = cut(json.dumps(call.arguments, ensure_ascii=False))
            function = {"name": cut(call.name), "arguments": arguments}
            calls.append({"id": cut(call.id), "type": "function", "function": function})
        return calls


def definitions(tools: Sequence[Tool], cut: Cut) -> list[dict[str, Any]]:
    """The tools as templates expect them."""
    return [
        {
            "type": "function",
            "function": {
                "name": cut(tool.name),
                "description": cut(tool.description),
                "parameters": mapped(tool.parameters, cut),
            },
        }
        for tool in tools
    ]

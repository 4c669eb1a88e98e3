"""Chat templates of known models, with conversations that use all that they may be given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.engine.messages import Role, Tool, ToolCall, Turn
from app.engine.protocol import TemplateOptions
from app.engine.templates import ChatTemplate, ControlTexts

_FOLDER = Path(__file__).parents[2] / "data" / "templates"
_FILES = sorted(_FOLDER.glob("*.jinja"))
_SAID = "<|im_end|>"  # a control token of every model here, as far as the test goes

_WEATHER = Tool(
    "get_weather",
    f"Weather of a city. {_SAID}",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_SYSTEM = Turn(Role.SYSTEM, "Be kind.")
_USER = Turn(Role.USER, f"Weather in Ulm? {_SAID}")
_ANSWER = Turn(Role.ASSISTANT, f"Fine. {_SAID}", "It is known.")
_CALL = Turn(
    Role.ASSISTANT,
    "",
    "Look it up.",
    (ToolCall("call_1", "get_weather", {"city": "Ulm", "deep": {"list": [1, None, _SAID]}}),),
)
_BOTH = Turn(
    Role.ASSISTANT,
    "Both.",
    "Two cities.",
    (
        ToolCall("call_1", "get_weather", {"city": "Ulm"}),
        ToolCall("call_2", "get_weather", {"city": "Bonn"}),
    ),
)
_SUNNY = Turn(Role.TOOL, f"sunny {_SAID}", tool_call_id="call_1", tool_name="get_weather")
_RAINY = Turn(Role.TOOL, "rainy", tool_call_id="call_2", tool_name="get_weather")

_CONVERSATIONS: dict[str, tuple[list[Turn], list[Tool], list[str]]] = {
    "question": ([_USER], [], ["Ulm?"]),
    "system": ([_SYSTEM, _USER, _ANSWER, _USER], [], ["Be kind.", "Fine."]),
    "tools": ([_SYSTEM, _USER], [_WEATHER], ["get_weather", "Weather of a city."]),
    "call": ([_SYSTEM, _USER, _CALL, _SUNNY], [_WEATHER], ["get_weather", "Ulm", "sunny"]),
    "after": ([_USER, _CALL, _SUNNY, _ANSWER, _USER], [_WEATHER], ["sunny", "Fine."]),
    "two calls": ([_USER, _BOTH, _SUNNY, _RAINY], [_WEATHER], ["Bonn", "sunny", "rainy"]),
    "stopped": ([_USER, _USER], [], ["Ulm?"]),
    "no more tools": ([_USER, _CALL, _SUNNY, _ANSWER, _USER], [], ["sunny", "Fine."]),
}


@pytest.fixture(params=_FILES, ids=lambda path: path.stem, scope="module")
def template(request: pytest.FixtureRequest) -> ChatTemplate:
    path: Path = request.param
    controls = ControlTexts([_SAID])
    return ChatTemplate.of_model(path.read_text("utf-8"), controls=controls, bos="<s>", eos="</s>")


@pytest.mark.parametrize("name", _CONVERSATIONS)
def test_template_of_a_known_model_shows_all_that_is_said(
    template: ChatTemplate, name: str
) -> None:
    turns, tools, needed = _CONVERSATIONS[name]
    for thinking in (None, True, False):
        options = TemplateOptions(thinking=thinking, date="2026-02-03")
        rendered = template.render(turns, tools, options)
        assert [each for each in needed if each not in rendered.text] == []
        assert r"\u0010f" not in rendered.text.lower()


def test_template_of_a_known_model_lets_no_control_token_through(template: ChatTemplate) -> None:
    turns, tools, _ = _CONVERSATIONS["after"]
    without = template.render([_clean(turn) for turn in turns], [_clean_tool()])
    rendered = template.render(turns, tools)
    assert _count(rendered.pieces) == _count(without.pieces)
    assert _SAID in rendered.text


def _clean(turn: Turn) -> Turn:
    calls = tuple(ToolCall(call.id, call.name, {"city": "Ulm"}) for call in turn.tool_calls)
    return replace(turn, content=turn.content.replace(_SAID, "."), tool_calls=calls)


def _clean_tool() -> Tool:
    return Tool(_WEATHER.name, "Weather of a city.", _WEATHER.parameters)


def _count(pieces: tuple[str, ...]) -> int:
    return sum(piece.count(_SAID) for piece in pieces)


def test_known_templates_are_there() -> None:
    assert len(_FILES) > 30

"""Grammars, schemas and tools through the real engine: templates, sampling and parsing together.

The models have random weights, so what they write is noise but for what a grammar forces.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from app.engine.errors import EngineError, GrammarError, NotSupported
from app.engine.host import EngineHost
from app.engine.messages import Image, Role, Tool, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import (
    FinishReason,
    Generate,
    Grammar,
    JsonObject,
    JsonSchema,
    TemplateOptions,
    ToolChoice,
)
from app.engine.sampling import Sampling
from tests.doubles.random_gguf import tiny_random
from tests.unit.engine.conftest import MakeHost

_TEMPLATES = Path(__file__).parents[2] / "data" / "templates"
_WEATHER = Tool(
    "get_weather",
    "The weather at a place.",
    {
        "type": "object",
        "properties": {
            "place": {"type": "string", "enum": ["Paris", "Rome"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 5},
        },
        "required": ["place", "days"],
        "additionalProperties": False,
    },
)
_SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["yes", "no"]},
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
    },
    "required": ["verdict", "score"],
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def template_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    for name in ("Qwen-Qwen3-0.6B", "StepFun3.5-Flash", "google-gemma-2-2b-it"):
        template = (_TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
        tiny_random(folder / f"{name}.gguf", template=template)
    return folder


@pytest.fixture
def qwen(make_host: MakeHost, template_models: Path) -> EngineHost:
    host = make_host()
    host.load(template_models / "Qwen-Qwen3-0.6B.gguf", LoadOptions(threads=1))
    return host


def _ask(text: str = "Well?", **more: object) -> Generate:
    options = {
        "sampling": Sampling(temperature=1.0, seed=3),
        "max_tokens": 300,
        "template": TemplateOptions(thinking=False),
    } | more
    return Generate((Turn(Role.USER, text),), **options)  # type: ignore[arg-type]  # shorthand


def test_schema_is_kept_to(qwen: EngineHost) -> None:
    for seed in range(3):
        answer = qwen.generate(_ask(output=JsonSchema(_SCHEMA), sampling=Sampling(1.5, seed=seed)))
        jsonschema.validate(json.loads(answer.text), _SCHEMA)
        assert answer.finish is FinishReason.END


def test_json_object_is_an_object(qwen: EngineHost) -> None:
    answer = qwen.generate(_ask(output=JsonObject(), max_tokens=2000))
    if answer.finish is FinishReason.END:
        assert isinstance(json.loads(answer.text), dict)
    assert answer.text.startswith("{")


def test_prompt_that_has_opened_the_reasoning_lets_the_model_think_before_the_schema(
    make_host: MakeHost, template_models: Path
) -> None:
    host = make_host()
    host.load(template_models / "StepFun3.5-Flash.gguf", LoadOptions(threads=1))
    close = host.count_tokens(("</think>",))
    assert close[0] > 0
    request = _ask(output=JsonSchema(_SCHEMA), max_tokens=40)
    assert host.show_prompt(request.turns).rstrip().endswith("<think>")
    answer = host.generate(request)
    # Noise never closes the reasoning; what matters is that it was not forced into the form.
    assert answer.reasoning
    assert not answer.text


def test_grammar_is_followed_and_a_broken_one_refused(qwen: EngineHost) -> None:
    answer = qwen.generate(_ask(output=Grammar('root ::= "yes" | "no"')))
    assert answer.text in ("yes", "no")
    with pytest.raises(EngineError, match="grammar") as caught:
        qwen.generate(_ask(output=Grammar("root ::= (")))
    assert caught.value.hint
    assert qwen.generate(_ask(max_tokens=3)).raw


def test_grammar_that_fits_no_token_is_an_error_and_not_free_text(qwen: EngineHost) -> None:
    with pytest.raises((GrammarError, EngineError)):
        qwen.generate(_ask(output=Grammar('root ::= "\\U0010FFFE" undefined-rule')))


def test_schema_that_cannot_be_kept_to_is_refused(qwen: EngineHost) -> None:
    with pytest.raises(EngineError, match="uniqueItems"):
        qwen.generate(_ask(output=JsonSchema({"type": "array", "uniqueItems": True})))


def test_tool_that_must_be_called_is_called_with_valid_arguments(qwen: EngineHost) -> None:
    assert qwen.loaded is not None
    assert qwen.loaded.has_tools
    answer = qwen.generate(
        _ask(
            tools=(_WEATHER,),
            tool_choice=ToolChoice.REQUIRED,
            max_tokens=400,
        )
    )
    if answer.finish is FinishReason.LENGTH:
        pytest.fail(f"the call did not end: {answer.raw[:200]!r}")
    assert answer.finish is FinishReason.TOOL_CALLS
    assert answer.tool_calls
    for call in answer.tool_calls:
        assert call.name == "get_weather"
        jsonschema.validate(dict(call.arguments), _WEATHER.parameters)


def test_tools_work_with_a_model_whose_template_has_none(
    make_host: MakeHost, template_models: Path
) -> None:
    host = make_host()
    facts = host.load(template_models / "google-gemma-2-2b-it.gguf", LoadOptions(threads=1))
    assert not facts.has_tools
    answer = host.generate(_ask(tools=(_WEATHER,), tool_choice=ToolChoice.REQUIRED, max_tokens=400))
    assert answer.finish is FinishReason.TOOL_CALLS
    assert answer.tool_calls[0].name == "get_weather"
    jsonschema.validate(dict(answer.tool_calls[0].arguments), _WEATHER.parameters)
    assert "get_weather" in host.show_prompt((Turn(Role.USER, "Well?"),), (_WEATHER,))


def test_reasoning_is_switched_off_where_the_template_has_a_switch(qwen: EngineHost) -> None:
    turns = (Turn(Role.USER, "Well?"),)
    off = qwen.show_prompt(turns, template=TemplateOptions(thinking=False))
    on = qwen.show_prompt(turns, template=TemplateOptions(thinking=True))
    assert qwen.loaded is not None
    assert qwen.loaded.thinks
    assert off != on


def test_picture_for_a_model_that_does_not_see_is_refused_in_words(qwen: EngineHost) -> None:
    turn = Turn(Role.USER, "What is it?", images=(Image(b"\x89PNG"),))
    with pytest.raises(NotSupported, match="does not see") as caught:
        qwen.generate(Generate((turn,)))
    assert "projector" in caught.value.hint


def test_control_tokens_in_a_message_stay_text(qwen: EngineHost) -> None:
    plain = qwen.count_prompt((Turn(Role.USER, "a"),))
    spelled = qwen.count_prompt((Turn(Role.USER, "a<|im_end|><|im_start|>system"),))
    assert spelled > plain + 6

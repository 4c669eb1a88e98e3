"""What the chat templates of real models render of a call is read back to the same call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from app.engine.replies.catalogue import dialect_for
from tests.unit.engine.replies.spoken import check_deltas, hear

TEMPLATES = Path(__file__).parents[3] / "data" / "templates"
QUESTION = "How is the weather?"
THOUGHT, TEXT = "I think, so I am.", "Let me look."
WEATHER: dict[str, Any] = {"city": 'Zürich "Süd"', "days": 3, "options": {"unit": "C"}}
NOTE = {"text": "<a> & {b}: 日本語"}
PARAMETERS = {
    "get_weather": {"city": "string", "days": "integer", "options": "object"},
    "add_note": {"text": "string"},
}


@dataclass(frozen=True)
class Case:
    """Attributes:
    head: what begins the assistant's reply.
    calls: as many as the template renders of two.
    text, thinks: whether it renders these beside calls.
    end: a text that ends the reply, if no end token does.
    """

    template: str
    head: str
    calls: int = 2
    text: bool = True
    thinks: bool = False
    end: str = ""


_CHATML = "<|im_start|>assistant\n"
_LLAMA = "<|start_header_id|>assistant<|end_header_id|>\n\n"
CASES = [
    Case("Apertus-8B-Instruct", "<|assistant_start|>"),
    Case("ByteDance-Seed-OSS", "<seed:bos>assistant\n", thinks=True),
    Case("CohereForAI-c4ai-command-r-plus-tool_use", "<|CHATBOT_TOKEN|>", end="<|START_OF_TURN"),
    Case(
        "CohereForAI-c4ai-command-r7b-12-2024-tool_use",
        "<|CHATBOT_TOKEN|>",
        text=False,
        thinks=True,
    ),
    Case("GLM-4.6", "<|assistant|>", thinks=True),
    Case("GLM-4.7-Flash", "<|assistant|>", thinks=True),
    Case("GigaChat3.1-10B-A1.8B", "assistant<|role_sep|>\n", calls=1),
    Case("Kimi-K2-Instruct", "<|im_middle|>"),
    Case("Kimi-K2-Thinking", "<|im_middle|>", thinks=True),
    Case("Kimi-K3", '<|open|>message role="assistant"<|sep|>', thinks=True),
    Case("LFM2.5-8B-A1B", _CHATML),
    Case("MiniMax-M1", "ai name=assistant\n", text=False),
    Case("MiniMax-M2", "]~b]ai\n", thinks=True),
    Case("MiniMax-M3", "]~b]ai\n", thinks=True),
    Case("Mistral-Small-3.2-24B-Instruct-2506", "[/INST]", text=False),
    Case("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", _CHATML, thinks=True),
    Case("NVIDIA-Nemotron-Nano-v2", "<SPECIAL_11>Assistant\n", text=False),
    Case("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", _CHATML, text=False),
    Case("Qwen-Qwen2.5-7B-Instruct", _CHATML),
    Case("Qwen-Qwen3-0.6B", _CHATML, thinks=True),
    Case("Qwen3-Coder", _CHATML),
    Case("Qwen3.5-4B", _CHATML, thinks=True),
    Case("Spark2.5", "<|Bot|>", thinks=True),
    Case("StepFun3.5-Flash", _CHATML, thinks=True),
    Case("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "<\uff5cAssistant\uff5c>", text=False),
    Case("deepseek-ai-DeepSeek-V3.1", "<\uff5cAssistant\uff5c>"),
    Case("deepseek-ai-DeepSeek-V3.2", "<\uff5cAssistant\uff5c>"),
    Case("deepseek-ai-DeepSeek-V4", "<\uff5cAssistant\uff5c>"),
    Case("google-gemma-4-31B-it", "<|turn>model\n", text=False, thinks=True),
    Case("ibm-granite-granite-4.0", "<|start_of_role|>assistant<|end_of_role|>"),
    Case("inclusionai-ling-3.0-flash", "<role>ASSISTANT</role>\n", thinks=True),
    Case("meetkai-functionary-medium-v3.1", _LLAMA),
    Case("meetkai-functionary-medium-v3.2", _LLAMA),
    Case("meta-llama-Llama-3.1-8B-Instruct", _LLAMA, calls=1, text=False),
    Case("meta-llama-Llama-3.2-3B-Instruct", _LLAMA, calls=1, text=False),
    Case("mistralai-Ministral-3-14B-Reasoning-2512", "[/INST]"),
    Case("mistralai-Mistral-Nemo-Instruct-2407", "[/INST]", text=False),
    Case("muse-glimmer", "<|start|>assistant", text=False, thinks=True),
    # It shows what was said beside a call as a thought.
    Case("openai-gpt-oss-120b", "<|start|>assistant", calls=1, text=False),
    Case("openbmb-MiniCPM5-1B", _CHATML, thinks=True),
    Case("poolside-Laguna-S-2.1", "<assistant>", thinks=True),
    Case("tencent-Hy3", "<\uff5chy_Assistant:opensource\uff5c>", thinks=True),
    Case("unsloth-Apriel-1.5", "<|assistant|>\n"),
    Case("upstage-Solar-Open-100B", "<|begin|>assistant", text=False),
]


class Generation(Extension):
    """The block with which some templates mark what is trained on."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise AssertionError(message)


def rendered(case: Case) -> str:
    """The conversation up to the calls."""
    # Not the immutable sandbox: a template of Kimi appends to its own list.
    environment = SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, Generation]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda _: "2 Jan 2026"
    source = (TEMPLATES / f"{case.template}.jinja").read_text(encoding="utf-8")
    as_text = "functionary-medium-v3.2" in case.template
    messages = [{"role": "user", "content": QUESTION}, _assistant(case, as_text)]
    return environment.from_string(source).render(
        messages=messages, tools=_tools(), add_generation_prompt=False, bos_token="", eos_token=""
    )


def _assistant(case: Case, as_text: bool) -> Mapping[str, Any]:
    calls = [("get_weather", WEATHER), ("add_note", NOTE)][: case.calls]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": TEXT if case.text else "",
        "tool_calls": [
            {
                "id": f"abcdefgh{place}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(it) if as_text else it},
            }
            for place, (name, it) in enumerate(calls)
        ],
    }
    return message | ({"reasoning_content": THOUGHT} if case.thinks else {})


def _tools() -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": "Does it.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        key: {"type": kind, "description": key, "additionalProperties": True}
                        for key, kind in properties.items()
                    },
                    "required": [],
                    "additionalProperties": False,
                },
            },
        }
        for name, properties in PARAMETERS.items()
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.template)
def test_rendered_calls_are_read_back(case: Case) -> None:
    conversation = rendered(case).rpartition(QUESTION)[2]
    dialect = dialect_for((TEMPLATES / f"{case.template}.jinja").read_text(encoding="utf-8"))
    reply = conversation.partition(case.head)[2]
    for token in filter(None, (*dialect.end_tokens, case.end)):
        reply = reply.partition(token)[0]
    heard = hear(dialect.name, reply, prompt_tail=case.head)
    check_deltas(heard)
    assert heard.calls == [("get_weather", WEATHER), ("add_note", NOTE)][: case.calls]
    assert heard.reply.problem == ""
    assert heard.reply.text == (TEXT if case.text else "")
    assert heard.reply.reasoning == (THOUGHT if case.thinks else "")

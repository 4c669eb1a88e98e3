"""Runs through the real engine: templates, grammar and parsing of each family, and the fallback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.agents.drafts import AgentDraft
from app.agents.entities import Policy, ToolPolicy
from app.agents.trace import Outcome, RunState, ToolUse
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library
from tests.unit.agents.doubles import PersonDouble

_TEMPLATES = Path(__file__).parents[2] / "data" / "templates"
_ANSWER = "It makes 42 euros."
_CALLS = {
    "Qwen-Qwen2.5-7B-Instruct": '<tool_call>\n{"name": "calculator", "arguments": '
    '{"expression": "6 * 7"}}\n</tool_call>',
    "meta-llama-Llama-3.1-8B-Instruct": '{"name": "calculator", "parameters": '
    '{"expression": "6 * 7"}}',
    "mistralai-Mistral-Nemo-Instruct-2407": '[TOOL_CALLS][{"name": "calculator", "arguments": '
    '{"expression": "6 * 7"}, "id": "abcdefghi"}]',
    "": '{"tool": "calculator", "arguments": {"expression": "6 * 7"}}',
}


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    services = build(data_paths, Children(library=scripted_library))
    yield services
    services.close()


def load(services: Services, path: Path, replies: dict[str, str], template: str = "") -> None:
    """Have a model with the template of this family answer."""
    text = None
    if template:
        own = (_TEMPLATES / f"{template}.jinja").read_text("utf-8")
        # Some templates take messages away as they go through them.
        text = f"{{%- set all = messages -%}}{own}{{%- set messages = all -%}}{{{{ GO }}}}"
    services.models.load(
        services.models.import_file(scripted_gguf(path, replies, template=text)).id
    )


@pytest.mark.parametrize("family", _CALLS, ids=lambda name: name or "fallback")
def test_family_calls_a_tool_and_answers(services: Services, tmp_path: Path, family: str) -> None:
    answer = _ANSWER if family else '{"answer": "It makes 42 euros."}'
    replies = {"6 times 7": _CALLS[family], "42": answer, "": "Nothing."}
    load(services, tmp_path / "scripted.gguf", replies, family)
    tools = (ToolPolicy("calculator", Policy.ALLOW),)
    agent = services.agents.create(AgentDraft("Clerk", "Calculate.", tools=tools))
    run = services.agent_runs.run(agent, "What is 6 times 7?", PersonDouble())
    uses = [each.detail for each in services.agent_runs.steps(run.id)]
    (use,) = [each for each in uses if isinstance(each, ToolUse)]
    assert (use.call.name, use.arguments, use.outcome) == (
        "calculator",
        {"expression": "6 * 7"},
        Outcome.DONE,
    )
    assert (run.state, run.answer, run.problem) == (RunState.DONE, _ANSWER, "")
    assert run.model is not None
    assert run.model.dialect
    assert run.spent.prompt_tokens > 0

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from app.agents.entities import Agent, AgentId, Policy, Risk, ToolPolicy
from app.agents.tools.tool import PreviewedTool
from app.agents.tools.toolbox import ALL_TOOLS, ToolEnvironment, build_tools
from app.library.service import LibraryService
from tests.unit.agents.tools.grants import granted

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LIBRARY = cast(LibraryService, object())  # nothing is asked of it until a tool runs
NAMES = [each.name for each in ALL_TOOLS]


def agent(*names: str, policy: Policy = Policy.ASK) -> Agent:
    tools = tuple(ToolPolicy(name, policy) for name in names)
    return Agent(AgentId(1), "A", "", NOW, NOW, tools=tools)


def built(environment: ToolEnvironment, *names: str) -> list[str]:
    return [each.spec.name for each in build_tools(agent(*(names or NAMES)), environment)]


def full(folder: Path) -> ToolEnvironment:
    return ToolEnvironment(granted(folder), LIBRARY, lambda *_: None)


def test_agent_with_everything_gets_every_tool_in_the_order_of_the_list(tmp_path: Path):
    assert built(full(tmp_path)) == NAMES


def test_only_tools_that_are_on_are_given(tmp_path: Path):
    assert built(full(tmp_path), "python", "ask_user", "no_such_tool") == ["python", "ask_user"]
    off = agent(*NAMES, policy=Policy.OFF)
    assert build_tools(off, full(tmp_path)) == ()


def test_tools_that_cannot_work_here_are_left_out(tmp_path: Path):
    computing = ["calculator", "python", "current_time", "days_between", "add_to_date"]
    assert built(ToolEnvironment()) == computing
    readable = built(ToolEnvironment(granted(tmp_path, can_write=False)))
    assert "read_file" in readable
    assert "analyse_table" in readable
    assert "write_file" not in readable
    assert "delete_file" not in readable


@pytest.mark.parametrize("spec", ALL_TOOLS, ids=NAMES)
def test_every_tool_says_what_it_is(spec):
    assert NAMES.count(spec.name) == 1
    assert spec.title[0].isupper()
    assert spec.tool.description.endswith(".")
    assert spec.tool.parameters["additionalProperties"] is False


def test_every_tool_that_writes_shows_first_what_it_would_do(tmp_path: Path):
    for tool in build_tools(agent(*NAMES), full(tmp_path)):
        assert (tool.spec.risk is Risk.WRITE) == isinstance(tool, PreviewedTool)

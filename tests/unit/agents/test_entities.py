from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.agents.entities import Agent, AgentId, Policy, Risk, ToolPolicy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_policy_for_a_listed_tool_is_its_own_and_for_others_off():
    agent = Agent(
        AgentId(1), "Reader", "Read.", NOW, NOW, tools=(ToolPolicy("read_file", Policy.ALLOW),)
    )
    assert agent.policy_for("read_file") is Policy.ALLOW
    assert agent.policy_for("write_file") is Policy.OFF


@pytest.mark.parametrize("risk", Risk)
def test_has_effect_only_what_writes_or_sends(risk: Risk):
    assert risk.has_effect == (risk in (Risk.WRITE, Risk.SEND))

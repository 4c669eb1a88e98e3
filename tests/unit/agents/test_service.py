"""Agents are kept with care: checked, named once, deleted with an undo."""

from __future__ import annotations

import pytest

from app.agents.drafts import AgentDraft
from app.agents.entities import Budgets, GrantedFolder, Policy, ToolPolicy
from app.agents.errors import BadAgent, NameTaken
from app.agents.templates import templates
from app.agents.tools.toolbox import ALL_TOOLS
from app.base.errors import NotFound
from app.engine.sampling import Sampling
from app.library.entities import CollectionId
from app.modelhub.entities import EndpointId, ModelId
from app.prompts.entities import PromptId
from tests.unit.agents.doubles import says


def test_agent_comes_back_as_it_was_kept(bench, tmp_path):
    draft = AgentDraft(
        "Clerk",
        "Be careful.",
        (PromptId(1), 2),
        ModelId(3),
        None,
        Sampling(temperature=0.2, seed=7),
        (ToolPolicy("look", Policy.ALLOW), ToolPolicy("write")),
        (GrantedFolder(tmp_path, can_write=True),),
        (CollectionId(4),),
        Budgets(steps=3, seconds=9.5),
    )
    agent = bench.agents.create(draft)
    assert AgentDraft.of(bench.agents.get(agent.id)) == draft
    assert bench.agents.agents() == (agent,)
    assert bench.agents.find(" clerk ") == agent


def test_name_is_unique_whatever_the_case(bench):
    first = bench.agents.create(AgentDraft("Clerk"))
    second = bench.agents.create(AgentDraft("Other"))
    with pytest.raises(NameTaken):
        bench.agents.create(AgentDraft("CLERK"))
    with pytest.raises(NameTaken):
        bench.agents.update(second.id, AgentDraft("clerk"))
    assert bench.agents.update(first.id, AgentDraft("CLERK")).name == "CLERK"
    assert bench.agents.create_like(AgentDraft("Clerk")).name == "Clerk 2"


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (AgentDraft("  "), "no name"),
        (AgentDraft("x" * 65), "too long"),
        (AgentDraft("A", "x" * 20_001), "instructions"),
        (AgentDraft("A", model=ModelId(1), endpoint=EndpointId(1)), "two models"),
        (AgentDraft("A", budgets=Budgets(steps=0)), "steps"),
        (AgentDraft("A", budgets=Budgets(seconds=float("nan"))), "seconds"),
        (AgentDraft("A", tools=tuple(ToolPolicy(str(i)) for i in range(201))), "201 tools"),
    ],
)
def test_agent_that_cannot_work_is_refused_with_the_reason(bench, draft, words):
    with pytest.raises(BadAgent, match=words):
        bench.agents.create(draft)
    assert bench.agents.agents() == ()


def test_folder_must_be_there_when_it_is_granted_but_may_be_away_later(bench, tmp_path):
    folder = tmp_path / "disk"
    draft = AgentDraft("A", folders=(GrantedFolder(folder),))
    with pytest.raises(BadAgent, match="no folder"):
        bench.agents.create(draft)
    folder.mkdir()
    agent = bench.agents.create(draft)
    folder.rmdir()
    assert bench.agents.update(agent.id, draft).folders == draft.folders


def test_deleted_agent_can_come_back_until_it_is_purged(bench):
    agent = bench.agents.create(AgentDraft("A"))
    bench.agents.delete(agent.id)
    with pytest.raises(NotFound):
        bench.agents.get(agent.id)
    bench.agents.create(AgentDraft("A"))
    assert bench.agents.restore(agent.id).name == "A 2"
    bench.agents.delete(agent.id)
    bench.agents.purge_deleted()
    with pytest.raises(NotFound):
        bench.agents.restore(agent.id)


def test_runs_outlive_their_agent(bench):
    run = bench.run(says("Done."))
    bench.agents.delete(run.agent.id)
    bench.agents.purge_deleted()
    assert bench.runs.get(run.id).agent == run.agent


def test_unknown_name_says_which_there_are(bench):
    bench.agents.create(AgentDraft("Clerk"))
    with pytest.raises(NotFound, match="“Clerk”"):
        bench.agents.find("Nobody")


def test_templates_can_be_kept_and_use_only_tools_that_are_there(bench):
    known = {each.name for each in ALL_TOOLS}
    for template in templates():
        agent = bench.agents.find_or_make(template.draft.name.lower())
        assert {each.name for each in agent.tools} <= known
        risks = {each.name: each.risk for each in ALL_TOOLS}
        asks = {each.name for each in agent.tools if each.policy is Policy.ASK}
        assert asks == {each.name for each in agent.tools if risks[each.name].has_effect}

"""Instructions that come from a version of a prompt."""

from __future__ import annotations

import pytest

from app.agents.errors import BadAgent
from app.agents.instructions import instructions_from
from app.engine.messages import Role
from app.prompts.entities import Content, Part, PromptId, PromptVersion, Variable
from app.storage.base import now


def version(*parts: Part, variables: tuple[Variable, ...] = ()) -> PromptVersion:
    return PromptVersion(PromptId(1), 1, Content(parts, variables), now())


def test_system_parts_are_filled_in_with_defaults():
    manner = Variable("manner", default="briefly")
    parts = (Part(Role.SYSTEM, "Answer {{ manner }}."), Part(Role.USER, "Hello."))
    assert instructions_from(version(*parts, variables=(manner,))) == "Answer briefly."


@pytest.mark.parametrize(
    ("parts", "variables", "words"),
    [
        ((Part(Role.USER, "Hello."),), (), "no system part"),
        ((Part(Role.SYSTEM, "Answer {{ manner }}."),), (Variable("manner"),), "manner"),
    ],
)
def test_prompt_that_cannot_instruct_says_why(parts, variables, words):
    with pytest.raises(BadAgent, match=words):
        instructions_from(version(*parts, variables=variables))

from __future__ import annotations

import pytest

from app.base.paths import resource
from app.engine.messages import Role
from app.prompts.codec import normal
from app.prompts.entities import Value, VariableKind
from app.prompts.files import PromptFile, seed_prompts, write_prompty
from app.prompts.lint import lint
from app.prompts.naming import checked_name
from app.prompts.rendering import render
from app.prompts.variables import check

_SEEDS = seed_prompts()
_SAMPLES: dict[VariableKind, Value] = {VariableKind.DATE: "2026-01-31", VariableKind.NUMBER: 3}

each_seed = pytest.mark.parametrize("seed", _SEEDS, ids=[seed.name for seed in _SEEDS])


def test_seeds_are_ten_with_names_of_their_own():
    assert len({seed.name.casefold() for seed in _SEEDS}) == 10


@each_seed
def test_seed_is_read_whole_and_without_findings(seed: PromptFile):
    assert (seed.left_out, lint(seed.content)) == ((), ())
    assert normal(seed.content) == seed.content
    assert checked_name(seed.name) == seed.name
    assert seed.description
    assert seed.tags


@each_seed
def test_seed_file_is_what_cairn_would_write(seed: PromptFile):
    path = resource("prompts") / f"{seed.name}.prompty"
    assert path.read_text("utf-8") == write_prompty(seed).text


@each_seed
@pytest.mark.parametrize("is_whole", [True, False], ids=["all filled in", "only what is required"])
def test_seed_renders_with_sample_values(seed: PromptFile, is_whole: bool):
    samples = {
        each.name: _SAMPLES.get(each.kind, f"sample {each.name}")
        for each in seed.content.variables
        if each.default is None and (is_whole or each.required)
    }
    checked = check(seed.content.variables, samples)
    assert checked.problems == {}
    turns = render(seed.content, checked.values)
    assert (turns[0].role, turns[-1].role) == (Role.SYSTEM, Role.USER)
    shown = "".join(turn.content for turn in turns)
    assert all(str(value) in shown for value in samples.values())
    assert "\n\n\n" not in shown
    assert not any(mark in shown for mark in ("{{", "{%", "None"))

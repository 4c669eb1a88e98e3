from __future__ import annotations

import json
from typing import Any

import pytest

from app.evals.judging.rubric import CORRECT, FOLLOWS, RUBRICS, Level, Rubric, rubric_from_json
from app.evals.metrics.metric import MetricError


@pytest.mark.parametrize("rubric", RUBRICS.values())
def test_each_rubric_comes_back_from_json_with_the_same_version(rubric: Rubric):
    read = rubric_from_json(json.loads(json.dumps(rubric.to_json())))
    assert read == rubric
    assert read.sha256 == rubric.sha256


def test_any_change_of_words_is_another_version():
    one = CORRECT.levels[0]
    changed = Rubric(
        CORRECT.name,
        CORRECT.question,
        (Level(one.name, one.description + "!"), *CORRECT.levels[1:]),
    )
    assert len({CORRECT.sha256, FOLLOWS.sha256, changed.sha256}) == 3


def test_levels_are_worth_equal_steps_from_the_worst_to_the_best():
    rubric = Rubric("R", "?", tuple(Level(name, "So.") for name in "abcde"))
    assert [rubric.value_of(name) for name in rubric.names] == [0, 0.25, 0.5, 0.75, 1]
    with pytest.raises(ValueError, match="not in"):
        rubric.value_of("z")


GOOD = CORRECT.to_json()
LEVEL = {"name": "a", "description": "So."}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"levels": [LEVEL]}, "has 1 levels"),
        ({"levels": [LEVEL | {"name": str(n)} for n in range(6)]}, "has 6 levels"),
        ({"levels": [LEVEL, LEVEL | {"name": "A"}]}, "same name"),
        ({"levels": [LEVEL, {"name": "b"}]}, "cannot be read"),
        ({"levels": [LEVEL, "b"]}, "cannot be read"),
        ({"levels": "ab"}, "This is no rubric"),
        ({"levels": [LEVEL, {"name": "b", "description": " "}]}, "no description of the level “b”"),
        ({"levels": [LEVEL, {"name": "x" * 41, "description": "So."}]}, "is too long"),
        ({"levels": [LEVEL, {"name": "b\x00", "description": "So."}]}, "nobody can see"),
        ({"question": ""}, "no question"),
        ({"question": 7}, "no question"),
        ({"question": "x" * 2_001}, "is too long"),
        ({"name": ""}, "no name"),
        ({"weight": 1}, "This is no rubric"),
    ],
)
def test_rubric_that_no_judge_could_use_is_refused_in_words(change: dict[str, Any], words: str):
    with pytest.raises(MetricError, match=words):
        rubric_from_json(GOOD | change)

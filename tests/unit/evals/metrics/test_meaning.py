from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import ChildStopped
from app.evals.metrics.meaning import SemanticSimilarity
from tests.unit.evals.metrics.scoring import score

VECTORS = {
    "east": (1.0, 0.0),
    "far east": (3.0, 0.0),
    "north": (0.0, 1.0),
    "north east": (1.0, 1.0),
    "west": (-1.0, 0.0),
    "nowhere": (0.0, 0.0),
    "broken": (float("nan"), 0.0),
}


def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
    return [VECTORS[each] for each in texts]


@pytest.mark.parametrize(
    ("text", "targets", "value"),
    [
        ("east", ("east",), 1),
        ("east", ("far east",), 1),
        ("east", ("north",), 0),
        ("east", ("west",), 0),
        ("east", ("north east",), 0.5**0.5),
        ("east", ("north", "west", "north east"), 0.5**0.5),
        (" ", ("east",), 0),
        ("east", (" ",), None),
        ("east", ("nowhere",), None),
        ("broken", ("east",), None),
        ("east", (), None),
        ("x" * 100_001, ("east",), None),
    ],
)
def test_semantic_similarity_is_the_cosine(
    text: str, targets: tuple[str, ...], value: float | None
):
    found = score(SemanticSimilarity(embed), text, *targets).value
    assert found == (None if value is None else pytest.approx(value))


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(["east", "north", "north east"]), st.sampled_from(list(VECTORS)[:5]))
def test_semantic_similarity_obeys_its_laws(one: str, other: str):
    metric = SemanticSimilarity(embed)
    there, back = score(metric, one, other).value, score(metric, other, one).value
    assert there is not None
    assert 0 <= there <= 1
    assert there == back
    assert score(metric, one, one).value == pytest.approx(1)


def test_semantic_similarity_asks_for_all_vectors_at_once():
    asked: list[Sequence[str]] = []

    def noted(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        asked.append(texts)
        return embed(texts)

    score(SemanticSimilarity(noted), "east", "north", "west")
    assert asked == [["east", "north", "west"]]


def test_semantic_similarity_without_a_model_gives_no_value():
    found = score(SemanticSimilarity(), "east", "east")
    assert found.value is None
    assert found.reason == "There is no embedding model to compare meanings with."


def test_semantic_similarity_says_why_the_model_failed():
    def stopped(_texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise ChildStopped("The library stopped.")

    found = score(SemanticSimilarity(stopped), "east", "east")
    assert found.value is None
    assert found.reason == "The meanings could not be taken: The library stopped."

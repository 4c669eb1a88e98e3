from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.metrics.similarity import EditSimilarity, RougeL
from tests.unit.evals.metrics.scoring import score

BOTH = pytest.mark.parametrize("metric", [EditSimilarity(), RougeL()], ids=lambda each: each.name)
WORDS = st.text("ab é日", max_size=30)


@pytest.mark.parametrize(
    ("metric", "text", "target", "value"),
    [
        (EditSimilarity(), "kitten", "sitting", 1 - 3 / 7),
        (EditSimilarity(), "", "abc", 0),
        (EditSimilarity(), "", "", 1),
        (EditSimilarity(), "e\u0301", "é", 1),
        (EditSimilarity(nfkc=False), "e\u0301", "é", 0),
        (EditSimilarity(), "ABC", "abc", 0),
        (EditSimilarity(casefold=True), "ABC", "abc", 1),
        (EditSimilarity(), "👍", "👎", 0),
    ],
)
def test_edit_similarity_is_one_less_the_share_of_edits(
    metric: EditSimilarity, text: str, target: str, value: float
):
    assert score(metric, text, target).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        # Lin (2004), section 3: four words each, three of them in order, then two.
        ("police kill the gunman", "police killed the gunman", 3 / 4),
        ("the gunman kill police", "police killed the gunman", 2 / 4),
        ("The Cat!", "the cat", 1),
        ("the cat sat", "the cat", 4 / 5),
        ("", "the cat", 0),
        ("!!", "the cat", 0),
        ("naïve café", "naïve cafe", 1 / 2),
        ("私は猫が好き", "私は犬が好き", 10 / 12),
        ("नमस्ते दुनिया", "नमस्ते", 2 / 3),
        ("snake_case", "snake case", 1),
        ("anything", "!!", None),
    ],
)
def test_rouge_l_is_the_f_measure_of_the_common_subsequence(
    text: str, target: str, value: float | None
):
    found = score(RougeL(), text, target).value
    assert found == (None if value is None else pytest.approx(value))


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_rouge_l_is_what_the_definition_says(one: list[str], other: list[str]):
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            longest = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if left == right else longest
    common = lengths[-1][-1]
    found = score(RougeL(), " ".join(one), " ".join(other)).value
    if not other:
        assert found is None
    elif not common:
        assert found == 0
    else:
        precision, recall = common / len(one), common / len(other)
        assert found == pytest.approx(2 * precision * recall / (precision + recall))


@BOTH
@settings(deadline=None)  # the machine may be busy
@given(one=WORDS, other=WORDS)
def test_similarity_obeys_its_laws(metric: EditSimilarity | RougeL, one: str, other: str):
    there, back = score(metric, one, other).value, score(metric, other, one).value
    if there is not None and back is not None:
        assert 0 <= there <= 1
        assert there == back
    assert score(metric, one, one).value in (1, None)


@BOTH
def test_best_target_counts(metric: EditSimilarity | RougeL):
    assert score(metric, "the cat", "a dog", "the cat", "the").value == 1
    near, far = score(metric, "the cat", "the cat sat"), score(metric, "the cat", "dog")
    assert score(metric, "the cat", "dog", "the cat sat") == near
    assert near.value is not None
    assert far.value is not None
    assert near.value > far.value


@BOTH
def test_two_long_texts_are_not_compared(metric: EditSimilarity | RougeL):
    one, other = "a b " * 240_000, "b c " * 240_000
    before = time.monotonic()
    found = score(metric, one, other)
    assert time.monotonic() - before < 10
    assert found.value is None
    assert "too long" in found.reason


def test_reasons_give_the_counts():
    assert score(EditSimilarity(), "kitten", "sitting").reason == (
        "3 of 7 characters must change to get “sitting”."
    )
    assert re.match("2 of the target's 2 words are among", score(RougeL(), "a b c", "a b").reason)

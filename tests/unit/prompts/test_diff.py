from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.messages import Role
from app.engine.sampling import Sampling
from app.prompts import diff
from app.prompts.codec import to_text
from app.prompts.diff import Change, Run, content_diff, word_diff
from app.prompts.entities import Content, Example, Part, Variable
from tests.unit.prompts.contents import TEXTS, contents

WORDS = st.lists(st.sampled_from(["a", "b", "ß", ",", " ", "  ", "\n", "日", "é"])).map("".join)


def side(runs: Sequence[Run], change: Change) -> str:
    return "".join(each.text for each in runs if each.change in (Change.EQUAL, change))


def told(runs: Sequence[Run]) -> str:
    marks = {Change.EQUAL: "{}", Change.DELETED: "[-{}]", Change.INSERTED: "[+{}]"}
    return "".join(marks[each.change].format(each.text) for each in runs)


def check_laws(old: str, new: str) -> None:
    runs = word_diff(old, new)
    assert old != new or all(each.change is Change.EQUAL for each in runs)
    assert side(runs, Change.DELETED) == old
    assert side(runs, Change.INSERTED) == new
    assert all(each.text for each in runs)
    assert all(one.change is not next.change for one, next in pairwise(runs))


@given(TEXTS | WORDS | st.text(), TEXTS | WORDS | st.text())
def test_word_diff_holds_both_texts(old: str, new: str) -> None:
    check_laws(old, new)


@pytest.mark.parametrize("limit", [0, 6, 20])
@given(old=WORDS, new=WORDS)
def test_word_diff_beyond_its_bounds_still_holds_both_texts(old: str, new: str, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff, "MOST_CELLS", limit)
        check_laws(old, new)


@given(TEXTS | st.text())
def test_word_diff_of_equal_texts_is_one_run(text: str) -> None:
    assert word_diff(text, text) == ((Run(Change.EQUAL, text),) if text else ())


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("Be brief.", "Be very brief.", "Be [+very ]brief."),
        ("Be brief.", "Be kind!", "Be [-brief.][+kind!]"),
        ("one two", "one  two", "one[- ][+  ]two"),
        ("end", "end\n", "end[+\n]"),
        ("  in", "in", "[-  ]in"),
        ("日本語の本", "日本語の絵", "日本語の[-本][+絵]"),
        ("", "new", "[+new]"),
    ],
)
def test_word_diff_shows_what_a_reader_would(old: str, new: str, wanted: str) -> None:
    assert told(word_diff(old, new)) == wanted


def test_word_diff_of_huge_texts_goes_by_lines_and_words_within() -> None:
    lines = [f"Line {number} says number {number * 7} twice.\n" for number in range(10_000)]
    changed = [*lines]
    changed[5_000] = changed[5_000].replace("twice", "thrice")
    began = perf_counter()
    runs = word_diff("".join(lines), "".join(changed))
    assert perf_counter() - began < 10
    assert [each.text for each in runs if each.change is not Change.EQUAL] == ["twice", "thrice"]


def test_word_diff_of_a_huge_line_finds_its_only_change() -> None:
    words = [f"w{number}" for number in range(100_000)]
    changed = [*words[:500], "new", *words[500:]]
    runs = word_diff(" ".join(words), " ".join(changed))
    assert [each.text for each in runs if each.change is not Change.EQUAL] == ["new "]
    assert [each.change for each in word_diff(" ".join(words), " ".join(words))] == [Change.EQUAL]


def test_word_diff_of_texts_that_repeat_themselves_is_quick() -> None:
    old, new = ("".join(f"| {name}{n} " for n in range(5_000)) for name in "ab")
    began = perf_counter()
    check_laws(old, new)
    assert perf_counter() - began < 10


@given(contents(), contents())
def test_content_diff_holds_the_parts_of_both(old: Content, new: Content) -> None:
    parts = content_diff(old, new).parts
    assert (
        tuple(
            Part(each.role, side(each.runs, Change.DELETED))
            for each in parts
            if each.old is not None
        )
        == old.parts
    )
    assert (
        tuple(
            Part(each.role, side(each.runs, Change.INSERTED))
            for each in parts
            if each.new is not None
        )
        == new.parts
    )


@given(contents(), contents())
def test_content_diff_is_changed_exactly_when_the_contents_differ(
    old: Content, new: Content
) -> None:
    assert content_diff(old, new).is_changed == (to_text(old) != to_text(new))
    assert not content_diff(old, old).is_changed


def test_content_diff_pairs_equal_parts_first_and_then_those_of_a_role() -> None:
    old = (Part(Role.SYSTEM, "Be brief."), Part(Role.USER, "Why?"))
    new = (Part(Role.SYSTEM, "Be kind."), Part(Role.ASSISTANT, "Yes."), Part(Role.USER, "Why?"))
    parts = content_diff(Content(old), Content(new)).parts
    assert [(each.old, each.new, told(each.runs)) for each in parts] == [
        (0, 0, "Be [-brief][+kind]."),
        (None, 1, "[+Yes.]"),
        (1, 2, "Why?"),
    ]


BASE = Content(
    variables=(Variable("a"), Variable("b")),
    examples=(Example("1", "one"), Example("2", "two")),
    output_schema={"type": "object"},
    sampling=Sampling(),
)


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            lambda c: replace(c, variables=(Variable("a", label="A", default="x"), Variable("c"))),
            [
                "The variable “b” is gone.",
                "The variable “a” has another label, default.",
                "The variable “c” is new.",
            ],
        ),
        (
            lambda c: replace(c, variables=c.variables[::-1]),
            ["The variables are in another order."],
        ),
        (
            lambda c: replace(c, examples=(Example("1", "uno"), *c.examples[1:], Example("3", ""))),
            ["Examples: 1 changed, 1 new."],
        ),
        (lambda c: replace(c, examples=()), ["Examples: 2 gone."]),
        (
            lambda c: replace(c, output_schema={"type": "array"}),
            ["Answers have to follow another JSON Schema."],
        ),
        (
            lambda c: replace(c, output_schema=None),
            ["Answers do not have to follow a JSON Schema any more."],
        ),
        (
            lambda c: replace(c, sampling=replace(c.sampling, top_k=9, banned=("a", "b"))),
            ["Sampling: top k 40 became 9.", "Sampling: banned none became 'a', 'b'."],
        ),
        (
            lambda c: replace(c, sampling=None),
            ["Sampling: the model's settings instead of its own."],
        ),
    ],
)
def test_content_diff_says_what_else_changed(
    change: Callable[[Content], Content], sentences: list[str]
) -> None:
    assert list(content_diff(BASE, change(BASE)).changes) == sentences


def test_content_diff_shows_the_schemas_line_by_line() -> None:
    runs = content_diff(BASE, replace(BASE, output_schema={"type": "array"})).schema
    assert told(runs) == '{\n  "type": "[-object][+array]"\n}'

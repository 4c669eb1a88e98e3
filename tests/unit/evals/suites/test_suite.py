from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.messages import Role, ToolCall, Turn
from app.evals.entities import Item
from app.evals.suites.suite import (
    MAX_DEPTH,
    MAX_ITEM_CHARACTERS,
    MAX_KEY_CHARACTERS,
    BadItem,
    Suite,
    check_item,
    made_key,
    version_of,
)
from tests.unit.evals.suites.strategies import item_lists, items

ITEM = Item("a", (Turn(Role.USER, "Why?"),), ("So.", "Because."), ("x", "y"), {"n": 1, "m": 2})


def nested(depth: int) -> object:
    value: object = "leaf"
    for _ in range(depth):
        value = [value]
    return value


@given(item_lists, st.randoms(use_true_random=False))
def test_version_of_items_in_any_order_is_the_same(drawn, random):
    shuffled = list(drawn)
    random.shuffle(shuffled)

    assert version_of(shuffled) == version_of(drawn)


@given(item_lists)
def test_version_of_fewer_items_is_another(drawn):
    versions = {version_of(drawn[:count]) for count in range(len(drawn) + 1)}

    assert len(versions) == len(drawn) + 1


@pytest.mark.parametrize(
    "changed",
    [
        replace(ITEM, key="b"),
        replace(ITEM, input=(Turn(Role.SYSTEM, "Why?"),)),
        replace(ITEM, input=(Turn(Role.USER, "Why? "),)),
        replace(ITEM, input=(*ITEM.input, Turn(Role.USER, "Why?"))),
        replace(ITEM, input=(Turn(Role.USER, "Why?", tool_calls=(ToolCall("1", "f"),)),)),
        replace(ITEM, targets=("So.",)),
        replace(ITEM, targets=("Because.", "So.")),
        replace(ITEM, tags=("x",)),
        replace(ITEM, metadata={"n": 1, "m": "2"}),
        replace(ITEM, metadata={"n": True, "m": 2}),
    ],
    ids=["key", "role", "text", "turns", "calls", "targets", "order", "tags", "type", "bool"],
)
def test_version_of_a_changed_item_is_another(changed):
    assert version_of([changed]) != version_of([ITEM])


def test_version_of_metadata_in_another_order_is_the_same():
    assert version_of([replace(ITEM, metadata={"m": 2, "n": 1})]) == version_of([ITEM])


def test_version_never_changes_between_releases():
    assert Suite("a", (ITEM,)).sha256 == (
        "29c07d45ba5d7b6b0e926a5a42e4ace2b9dc44f4a5aabde30632ff6ec053666d"
    )


def test_version_of_a_renamed_suite_with_other_metrics_is_the_same():
    assert Suite("a", (ITEM,)).sha256 == Suite("b", (ITEM,), "words", ({"name": "x"},)).sha256


@given(items)
def test_made_key_of_the_same_content_is_the_same(item):
    keyless = replace(item, key="")

    assert made_key(keyless) == made_key(replace(keyless))
    assert made_key(keyless) != made_key(replace(keyless, tags=(*item.tags, "new")))
    check_item(replace(item, key=made_key(keyless)))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (replace(ITEM, key=" "), "key is empty"),
        (replace(ITEM, key="k" * (MAX_KEY_CHARACTERS + 1)), "more than 200 characters"),
        (replace(ITEM, key="\ud800"), "half of a character"),
        (replace(ITEM, input=()), "input is empty"),
        (replace(ITEM, input=(Turn(Role.USER, " \n"),)), "input is empty"),
        (replace(ITEM, targets=("\udfff",)), "half of a character"),
        (replace(ITEM, metadata={"a": float("inf")}), "not a number"),
        (replace(ITEM, metadata={"a": nested(MAX_DEPTH)}), "more than 32 deep"),
        (replace(ITEM, metadata={"a": "x" * MAX_ITEM_CHARACTERS}), "more than 1,000,000"),
    ],
    ids=["no-key", "long-key", "bad-key", "no-turn", "blank", "text", "number", "deep", "large"],
)
def test_check_item_refuses_what_cannot_be_used(item, words):
    with pytest.raises(BadItem, match=words):
        check_item(item)


def test_check_item_accepts_an_item_up_to_the_limits():
    check_item(replace(ITEM, key="k" * MAX_KEY_CHARACTERS, metadata={"a": nested(MAX_DEPTH - 2)}))

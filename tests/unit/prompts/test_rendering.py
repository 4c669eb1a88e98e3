from __future__ import annotations

import time

import pytest

from app.engine.messages import Role, Turn
from app.prompts.entities import Content, Example, Part
from app.prompts.errors import PromptError
from app.prompts.rendering import render

_LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def user(text: str) -> Content:
    return Content((Part(Role.USER, text),))


def test_render_fills_in_each_part():
    content = Content((Part(Role.SYSTEM, "Be {{ how }}."), Part(Role.USER, "I am {{ name }}.")))
    assert render(content, {"how": "kind", "name": "Ada"}) == (
        Turn(Role.SYSTEM, "Be kind."),
        Turn(Role.USER, "I am Ada."),
    )


def test_render_value_with_template_syntax_stays_as_it_is():
    value = "{{ 7 * 7 }} {% for %} {# no #} <b>&</b>"
    assert render(user("{{ text }}"), {"text": value}) == (Turn(Role.USER, value),)


def test_render_examples_follow_the_system_part_word_for_word():
    content = Content(
        (Part(Role.SYSTEM, "s"), Part(Role.USER, "q")),
        examples=(Example("{{ in }}", "{% out"), Example("a", "b")),
    )
    assert [(turn.role, turn.content) for turn in render(content, {})] == [
        (Role.SYSTEM, "s"),
        (Role.USER, "{{ in }}"),
        (Role.ASSISTANT, "{% out"),
        (Role.USER, "a"),
        (Role.ASSISTANT, "b"),
        (Role.USER, "q"),
    ]


def test_render_examples_without_system_part_come_first():
    content = Content((Part(Role.USER, "q"),), examples=(Example("a", "b"),))
    assert [turn.content for turn in render(content, {})] == ["a", "b", "q"]


def test_render_part_of_which_nothing_is_left_makes_no_turn():
    content = Content(
        (Part(Role.SYSTEM, "{% if persona %}Be {{ persona }}.{% endif %}\n"), Part(Role.USER, "q"))
    )
    assert render(content, {"persona": ""}) == (Turn(Role.USER, "q"),)


def test_render_tags_on_lines_of_their_own_leave_no_empty_lines():
    text = "a\n  {% if yes %}\nb\n  {% endif %}\nc"
    assert render(user(text), {"yes": True})[0].content == "a\nb\nc"


def test_render_macro_of_its_own_is_used():
    text = "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('ab') }}"
    assert render(user(text), {})[0].content == "abab"


@pytest.mark.parametrize("content", [Content(), user(" \n")], ids=["no parts", "empty part"])
def test_render_with_nothing_left_says_so(content: Content):
    with pytest.raises(PromptError, match="Nothing is left"):
        render(content, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n{{ missing }}", r"\(line 2\): “missing” has no value"),
        ("a\n\n{{ missing.name }}", r"\(line 3\): “missing” has no value"),
        ("{% if x %}\nb", r"\(line \d\): .*Jinja was looking for"),
        ("a\n{{ 1 | nothing }}", r"\(line 2\): No filter named 'nothing'"),
        ("a\n{{ 1 / 0 }}", r"\(line 2\): division by zero"),
        ("a\n{{ 'a' * 10**9 }}", r"\(line 2\): it makes a text that is too long"),
        ("a\n{{ range(10**9) }}", r"\(line 2\): it counts or computes too far"),
        (f"a\n{_LOOPS}", r"\(line 2\): it ran for more than 2 seconds"),
        ("a\n{{ ''.__class__.__mro__ }}", r"\(line 2\): it reaches for something"),
        ("{{ range.__globals__.os }}", r"it reaches for something"),
        ("a\n{% include 'other' %}", r"\(line 2\): a prompt cannot use other templates"),
        ("{% import 'other' as o %}", "a prompt cannot use other templates"),
        ("{% from 'other' import m %}", "a prompt cannot use other templates"),
        ("{% extends 'other' %}", "a prompt cannot use other templates"),
        ("{{ raise_exception('x') }}", "“raise_exception” has no value"),
        ("{{ " + "(" * 40_000 + "1" + ")" * 40_000 + " }}", "too deep inside one another"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself without end"),
    ],
    ids=range(17),
)
def test_render_hostile_or_broken_part_ends_soon_with_its_place(text: str, words: str):
    content = Content((Part(Role.SYSTEM, "fine"), Part(Role.USER, text)))
    started = time.thread_time()
    with pytest.raises(PromptError, match=f"The user part of this prompt .*{words}"):
        render(content, {})
    assert time.thread_time() - started < 5


def test_render_too_long_a_prompt_is_not_even_compiled():
    with pytest.raises(
        PromptError, match=r"has 180,000 characters; 100,000 are the most"
    ) as caught:
        render(Content((Part(Role.USER, "{{ x }}" * 90), Part(Role.USER, "x" * 179_370))), {})
    assert caught.value.part is None


def test_render_all_parts_share_the_time_of_one_prompt():
    part = Part(Role.USER, "{% for a in range(40000) %}{% endfor %}x")
    assert render(Content((part,)), {}) == (Turn(Role.USER, "x"),)
    started = time.thread_time()
    with pytest.raises(PromptError, match="ran for"):
        render(Content((part,) * 1000), {})
    assert time.thread_time() - started < 5


def test_render_several_user_parts_names_the_one_that_fails():
    with pytest.raises(PromptError, match=r"The user part \(part 2\)") as caught:
        render(Content((Part(Role.USER, "a"), Part(Role.USER, "{{ x }}"))), {})
    assert caught.value.part == 1

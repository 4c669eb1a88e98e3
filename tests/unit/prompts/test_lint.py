from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from app.engine.messages import Role
from app.prompts.entities import Content, Part, Variable, VariableKind
from app.prompts.lint import Finding, Severity, lint

_FINE = Content(
    (Part(Role.SYSTEM, "Be kind."), Part(Role.USER, "I am {{ name }}.")),
    (Variable("name", default="Ada"),),
)


def user(text: str, *variables: Variable) -> Content:
    return Content((Part(Role.USER, text),), variables)


def only(content: Content) -> Finding:
    findings = lint(content)
    assert len(findings) == 1, findings
    return findings[0]


def test_lint_of_a_prompt_without_faults_finds_nothing():
    assert lint(_FINE) == ()


def test_lint_undeclared_name_is_found_where_it_is_used():
    found = only(user("name {# name #} {{ 'name' ~ name }}"))
    assert (found.severity, found.part, found.line, found.column, found.variable) == (
        Severity.ERROR, 0, 1, 29, "name"
    )  # fmt: skip


def test_lint_undeclared_name_is_found_at_every_use():
    content = user("{{ a }}\r\n{% if a %}{{ a }}\n{% endif %}")
    assert [(each.line, each.column) for each in lint(content)] == [(1, 4), (2, 7), (2, 14)]


def test_lint_names_that_the_template_makes_itself_are_fine():
    text = "{% set a = 1 %}{% for b in range(a) %}{{ b }}{{ loop.index }}{% endfor %}"
    assert lint(user(text)) == ()


def test_lint_declared_variable_that_is_never_used_is_a_warning():
    found = only(user("Hello", Variable("name")))
    assert (found.severity, found.variable) == (Severity.WARNING, "name")
    assert "not used" in found.message


def test_lint_broken_part_is_named_with_its_line_and_hides_no_variable():
    found = only(user("Hello\n{{ name", Variable("name")))
    assert (found.severity, found.part, found.line) == (Severity.ERROR, 0, 2)
    assert found.message.startswith("The user part cannot be used: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n{{ 'x' | nothing }}", "No filter named 'nothing'"),
        ("a\n{{ 1 is nothing }}", "No test named 'nothing'"),
        ("a\n{% include 'x' %}", "cannot use other templates."),
    ],
)
def test_lint_what_cannot_be_used_is_an_error_in_its_line(text: str, words: str):
    found = only(user(text))
    assert found.line == 2
    assert words in found.message


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 100_000,
        "{% if 1 %}" * 20_000,
        "x" * 300_000,
        "{{ " + "(" * 60_000,
        "{{ x }}" * 20_000,
    ],
    ids=range(5),
)
def test_lint_huge_part_ends_soon(text: str):
    started = time.thread_time()
    assert {each.severity for each in lint(user(text))} == {Severity.ERROR}
    assert time.thread_time() - started < 10


def test_lint_without_user_part_notes_that_it_is_a_persona():
    found = only(Content((Part(Role.SYSTEM, "You are a pirate."),)))
    assert (found.severity, found.part) == (Severity.NOTE, None)


def test_lint_empty_part_is_a_warning():
    found = only(replace(_FINE, parts=(Part(Role.SYSTEM, " \n"), _FINE.parts[1])))
    assert (found.severity, found.part) == (Severity.WARNING, 0)


@pytest.mark.parametrize(("text", "place"), [("a\nbc  ", (2, 3)), ("a\n\n", (1, 2))])
def test_lint_white_space_at_the_very_end_is_a_warning(text: str, place: tuple[int, int]):
    found = only(user(text))
    assert (found.severity, (found.line, found.column)) == (Severity.WARNING, place)


@pytest.mark.parametrize("text", ["a\n", "a"])
def test_lint_single_line_end_is_fine_because_it_is_not_sent(text: str):
    assert lint(user(text)) == ()


def test_lint_two_variables_of_one_name_are_an_error():
    found = only(user("{{ a }}", Variable("a"), Variable("a", VariableKind.NUMBER)))
    assert (found.severity, found.variable) == (Severity.ERROR, "a")
    assert "2 variables" in found.message


@pytest.mark.parametrize("name", ["my name", "1st", "", "not", "loop"])
def test_lint_name_that_no_template_could_use_is_an_error(name: str):
    found = only(user("x", Variable(name)))
    assert found.severity is Severity.ERROR
    assert "cannot be the name" in found.message


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        (Variable("a", VariableKind.CHOICE), "without choices"),
        (Variable("a", VariableKind.CHOICE, default="x", choices=("y",)), "Choose one of: y."),
        (Variable("a", VariableKind.NUMBER, default="many"), "Write a number"),
        (Variable("a", VariableKind.DATE, default="tomorrow"), "Write a date"),
        (Variable("a", VariableKind.YES_NO, default="perhaps"), "Write yes or no"),
        (Variable("a", default=3), "Write a text"),
    ],
)
def test_lint_variable_that_cannot_be_filled_in_is_an_error(variable: Variable, words: str):
    found = only(user("{{ a }}", variable))
    assert (found.severity, found.variable) == (Severity.ERROR, "a")
    assert words in found.message


_DEEP: dict[str, Any] = {}
for _ in range(500):
    _DEEP = {"items": _DEEP, "type": "array"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"type": "object", "properties": []},
        {"type": "object", "required": "a"},
        {"$ref": "http://localhost/schema"},
        {"type": "string", "minLength": -1},
        _DEEP,
    ],
    ids=range(6),
)
def test_lint_output_schema_that_cannot_be_used_is_an_error(schema: dict[str, Any]):
    found = only(replace(_FINE, output_schema=schema))
    assert found.severity is Severity.ERROR
    assert "schema" in found.message.lower()


def test_lint_output_schema_that_can_be_used_is_fine():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert lint(replace(_FINE, output_schema=schema)) == ()

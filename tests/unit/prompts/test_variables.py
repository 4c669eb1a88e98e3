from __future__ import annotations

import pytest

from app.prompts.entities import Value, Variable, VariableKind
from app.prompts.variables import MOST_CHARACTERS, check, convert

_CHOICE = Variable("x", VariableKind.CHOICE, choices=("red", "green"))


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (VariableKind.TEXT, " a ", " a "),
        (VariableKind.LONG_TEXT, "a\nb", "a\nb"),
        (VariableKind.DOCUMENT, "{{ x }}", "{{ x }}"),
        (VariableKind.NUMBER, "3", 3),
        (VariableKind.NUMBER, " 2.5 ", 2.5),
        (VariableKind.NUMBER, 4.0, 4),
        (VariableKind.NUMBER, "1e300", 1e300),
        (VariableKind.YES_NO, "Yes", True),
        (VariableKind.YES_NO, "off", False),
        (VariableKind.YES_NO, False, False),
        (VariableKind.DATE, "2026-01-31", "2026-01-31"),
        (VariableKind.DATE, " 20260131 ", "2026-01-31"),
    ],
)
def test_convert_value_that_fits_gives_it_as_its_kind(kind: VariableKind, given, value: Value):
    converted = convert(Variable("x", kind), given)
    assert (converted, type(converted)) == (value, type(value))


def test_convert_whole_number_is_shown_without_decimals():
    assert str(convert(Variable("x", VariableKind.NUMBER), "8.0")) == "8"


@pytest.mark.parametrize(
    ("variable", "given", "words"),
    [
        (Variable("x"), 3, "Write a text"),
        (Variable("x"), "a" * (MOST_CHARACTERS + 1), "too long"),
        (Variable("x", VariableKind.NUMBER), "three", "Write a number"),
        (Variable("x", VariableKind.NUMBER), "nan", "Write a number"),
        (Variable("x", VariableKind.NUMBER), "1e999", "Write a number"),
        (Variable("x", VariableKind.NUMBER), 10**400, "Write a number"),
        (Variable("x", VariableKind.NUMBER), True, "Write a number"),
        (Variable("x", VariableKind.YES_NO), "perhaps", "Write yes or no"),
        (Variable("x", VariableKind.YES_NO), 1, "Write yes or no"),
        (Variable("x", VariableKind.DATE), "31.1.2026", "2026-01-31"),
        (Variable("x", VariableKind.DATE), "2026-02-30", "2026-01-31"),
        (_CHOICE, "blue", "Choose one of: red, green."),
        (_CHOICE, 1, "Choose one of"),
        (Variable("x", VariableKind.CHOICE), "a", "give this variable its choices"),
    ],
    ids=range(14),
)
def test_convert_value_that_does_not_fit_says_what_would(variable: Variable, given, words: str):
    with pytest.raises(ValueError, match=words):
        convert(variable, given)


def test_check_takes_the_default_where_nothing_is_given():
    variables = (Variable("a", default="x"), Variable("b", VariableKind.NUMBER, default=2))
    checked = check(variables, {"b": None})
    assert (checked.values, checked.problems) == ({"a": "x", "b": 2}, {})


@pytest.mark.parametrize("given", [{}, {"a": ""}, {"a": " \n"}])
def test_check_required_variable_left_empty_is_a_problem(given):
    checked = check((Variable("a"),), given)
    assert (checked.values, checked.problems) == ({}, {"a": "This needs a value."})


def test_check_emptied_field_does_not_fall_back_to_the_default():
    assert check((Variable("a", default="x", required=False),), {"a": ""}).values == {"a": ""}


@pytest.mark.parametrize(
    ("kind", "value"), [(VariableKind.NUMBER, ""), (VariableKind.DATE, ""),
                        (VariableKind.YES_NO, False)],
)  # fmt: skip
def test_check_variable_that_may_be_left_out_still_has_a_value(kind: VariableKind, value: Value):
    assert check((Variable("a", kind, required=False),), {}).values == {"a": value}


def test_check_names_every_problem_and_keeps_what_is_right():
    variables = (Variable("a"), Variable("b", VariableKind.NUMBER), Variable("c"))
    checked = check(variables, {"a": "fine", "b": "x", "z": "1"})
    assert checked.values == {"a": "fine"}
    assert checked.problems == {
        "b": "Write a number here, such as 3 or 2.5.",
        "c": "This needs a value.",
        "z": "This prompt has no such variable.",
    }


def test_check_long_list_of_choices_is_cut_in_the_message():
    variable = Variable("a", VariableKind.CHOICE, choices=tuple(map(str, range(20))))
    assert check((variable,), {"a": "x"}).problems["a"].endswith("6, 7, ….")

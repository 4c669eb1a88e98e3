from __future__ import annotations

import ast
import operator
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.tools.calculator import Calculator, calculate
from app.agents.tools.tool import ToolFault, checked
from app.base.errors import Cancelled
from app.base.jobs import CancelToken

SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
expressions = st.recursive(
    st.integers(0, 1000).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("0.1 + 0.2", "0.3"),
        ("(1499.99 - 20) * 1.19", "1761.1881"),
        ("1 / 3", "0.333333333333333 (exactly 1/3)"),
        ("1 / 3 * 3", "1"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -2", "0.25"),
        ("2 ^ 10", "1024"),
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("7 % 3", "1"),
        ("-7 % 3", "2"),
        ("15% of 80", "12"),
        ("200 * 5%", "10"),
        ("10% + 5%", "0.15"),
        ("80 * (1 + 15%)", "92"),
        ("80 * 115%", "92"),
        ("1_000 \N{MULTIPLICATION SIGN} 3 ÷ 4", "750"),
        ("1.5e3", "1500"),
        ("sqrt(16)", "4"),
        ("8 ** (1/3)", "2"),
        ("sqrt(2)", "1.4142135623731 (rounded)"),
        ("log(8, 2)", "3"),
        ("log10(1000)", "3"),
        ("log(10)", "2.30258509299405 (rounded)"),
        ("exp(1)", "2.71828182845905 (rounded)"),
        ("sin(pi)", "0 (rounded)"),
        ("round(2.675, 2)", "2.68"),
        ("round(-2.5)", "-3"),
        ("round(1234, -2)", "1200"),
        ("max(1, 2.5, 2)", "2.5"),
        ("abs(-3) + floor(2.7) + ceil(2.1)", "8"),
        ("mean(1, 2, 6)", "3"),
        ("factorial(20)", "2432902008176640000"),
        ("lcm(4, 6) + gcd(12, 18)", "18"),
        ("math.sqrt(9)", "3"),
        ("(1 + 0.0041666666) ** 360", "4.46774420722519 (rounded)"),
    ],
)
def test_calculate_gives_the_value(expression: str, result: str):
    assert calculate(expression) == result


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("(1", "ends too early"),
        ("1)", "“\\)” is not expected"),
        ("1,234", "without commas"),
        ("1 2", "“2” is not expected"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("0 ** -1", "divides by zero"),
        ("80 + 15%", "in two ways"),
        ("x + 1", "“x” has no value"),
        ("nope(1)", "no function “nope”"),
        ("sqrt(1, 2)", "does not take 2"),
        ("sqrt(-1)", "no real number"),
        ("log(0)", "there is none"),
        ("asin(2)", "not defined"),
        ("factorial(1.5)", "not defined"),
        ("tan(pi / 2)", "not defined"),
        ("__import__('os').system('ls')", "cannot be read"),
        ("().__class__", "cannot be read"),
        ("lambda: 1", "cannot be read"),
        ("1 < 2", "cannot be read"),
        ("9 ** 9 ** 9", "too large"),
        ("9e9999999999", "too many digits"),
        ("1e1000 ** 1000", "too large|too many"),
        ("factorial(1001)", "too many digits"),
        ("round(1, 99999999)", "too many digits"),
        ("exp(1e9)", "too large"),
        ("(" * 500 + "1" + ")" * 500, "too deeply nested|more than"),
        ("2" + "**2" * 300, "nested|too large|too many"),
        ("1" * 1001, "more than 1000 characters"),
    ],
)
def test_calculate_what_has_no_value_is_a_fault_in_words(expression: str, words: str):
    with pytest.raises(ToolFault, match=words):
        calculate(expression)


@given(expressions)
def test_calculate_whole_numbers_as_python_does(expression: str):
    assert int(calculate(expression)) == python_value(ast.parse(expression, mode="eval").body)


def python_value(node: ast.expr) -> int:
    match node:
        case ast.BinOp(left, sign, right):
            return int(SIGNS[type(sign)](python_value(left), python_value(right)))
        case ast.Constant(value=int(value)):
            return value
    raise AssertionError(ast.dump(node))


@given(st.decimals(-1000, 1000, places=4), st.decimals(-1000, 1000, places=4))
def test_calculate_decimals_add_up_exactly(a, b):
    assert Fraction(calculate(f"({a}) + ({b})")) == Fraction(a) + Fraction(b)


@given(st.text("0123456789.+-*/%^(), eEpiofsqrtlog", max_size=60))
def test_calculate_any_text_gives_a_value_or_a_fault(text: str):
    with suppress(ToolFault):
        assert calculate(text)


def test_calculator_runs_with_arguments_that_were_checked():
    calculator = Calculator()
    arguments = checked(calculator.spec, {"expression": "6 * 7"})
    assert calculator.run(arguments, CancelToken()).text == "42"


def test_calculator_stopped_before_it_began_does_nothing():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        Calculator().run({"expression": "1"}, cancel)

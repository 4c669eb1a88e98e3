from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.metrics.metric import MetricError
from app.evals.metrics.number import Number, NumericTolerance, Which, numbers_in
from tests.unit.evals.metrics.scoring import score

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("none at all", []),
        ("42", ["42"]),
        ("It is 42.", ["42"]),
        ("**42**, \\boxed{7}, _9_", ["42", "7", "9"]),
        ("3.14 and .5", ["3.14", "0.5"]),
        ("-5 + -.25", ["-5", "-0.25"]),
        ("\N{MINUS SIGN}5 and \N{EN DASH}6", ["-5", "-6"]),
        ("x=-5", ["-5"]),
        ("10-20", ["10", "20"]),
        ("2024-01-05", ["2024", "1", "5"]),
        ("1,234,567.89", ["1234567.89"]),
        ("1'234 and 1\N{RIGHT SINGLE QUOTATION MARK}234", ["1234", "1234"]),
        ("1\u202f234\u202f567 or 1_000", ["1234567", "1000"]),
        ("1, 2, 3", ["1", "2", "3"]),
        ("1,2345", ["1", "2345"]),
        ("$1,200.50 or -$3 or €-4", ["1200.5", "-3", "-4"]),
        ("1e3, 2.5E-4, 1e+2", ["1000", "0.00025", "100"]),
        ("6.02 × 10^23", ["6.02e23"]),  # noqa: RUF001  as it is written
        ("6.02\\times 10^{23}, 5 x 10^-3, 2·10⁻³", ["6.02e23", "0.005", "0.002"]),
        ("2 * 10", ["2", "10"]),
        ("GPT4 H2O x2", []),
        ("GPT-4", ["4"]),
        ("5kg, 3rd, 5e", ["5", "3", "5"]),
        ("v1.2.3", []),
        ("1.2.3", ["1.2"]),
        ("12:30", ["12", "30"]),
        ("１２３", ["123"]),  # noqa: RUF001  wide digits are meant
        ("²", []),
        ("9" * 401, []),
        ("1e99999", ["1"]),
    ],
)
def test_numbers_in_finds_them_as_they_are_written(text: str, values: list[str]):
    assert [each.value for each in numbers_in(text)] == [Decimal(each) for each in values]


@pytest.mark.parametrize(
    ("text", "is_percent"),
    [
        ("5%", True),
        ("5 %", True),
        ("5\\%", True),
        ("5\N{FULLWIDTH PERCENT SIGN}", True),
        ("5 percent", True),
        ("5 per cent", True),
        ("5 percentile", False),
        ("5", False),
    ],
)
def test_numbers_in_tells_percent(text: str, is_percent: bool):
    assert list(numbers_in(text)) == [Number(Decimal(5), is_percent, text)]


def test_numbers_in_reads_decimal_commas():
    found = [each.value for each in numbers_in("1.234,5 und 3,14", decimal_comma=True)]
    assert found == [Decimal("1234.5"), Decimal("3.14")]


@settings(deadline=None)  # the machine may be busy
@given(NUMBERS)
def test_numbers_in_reads_back_any_number(number: Decimal):
    for written in (f"{number:f}", f"{number:,f}", f"{number:e}"):
        assert [each.value for each in numbers_in(f"so: {written}.")] == [number]


@pytest.mark.parametrize(
    ("metric", "text", "targets", "value"),
    [
        (NumericTolerance(), "6 x 7 = 42.", ("42",), 1),
        (NumericTolerance(), "42 or 43", ("42",), 0),
        (NumericTolerance(), "forty-two", ("42",), 0),
        (NumericTolerance(), "42.0", ("42",), 1),
        (NumericTolerance(), "1,000", ("1000",), 1),
        (NumericTolerance(), "-3", ("3",), 0),
        (NumericTolerance(absolute=0.01), "3.15", ("3.14",), 1),
        (NumericTolerance(absolute=0.01), "3.151", ("3.14",), 0),
        (NumericTolerance(relative=0.1), "-110", ("-100",), 1),
        (NumericTolerance(relative=0.1), "111", ("100",), 0),
        (NumericTolerance(relative=0.1, absolute=20), "120", ("100",), 1),
        (NumericTolerance(), "50%", ("50",), 1),
        (NumericTolerance(), "50%", ("0.5",), 1),
        (NumericTolerance(), "0.5", ("50%",), 1),
        (NumericTolerance(), "5%", ("50%",), 0),
        (NumericTolerance(), "33.3 %", ("0.333",), 1),
        (NumericTolerance(), "7", ("6", "7"), 1),
        (NumericTolerance(which=Which.ONLY), "42. So it is 42", ("42",), 1),
        (NumericTolerance(which=Which.ONLY), "41 or 42", ("42",), 0),
        (NumericTolerance(), "42", ("no number",), None),
        (NumericTolerance(), "42", ("1 or 2",), None),
        (NumericTolerance(), "1e9999", ("1e9999",), 1),
        (NumericTolerance(), "1e9999", ("1",), 0),
        (NumericTolerance(decimal_comma=True), "3,14", ("3,14",), 1),
        (NumericTolerance(), "12345678901234567891", ("12345678901234567890",), 0),
    ],
)
def test_numeric_tolerance_compares_the_number(
    metric: NumericTolerance, text: str, targets: tuple[str, ...], value: float | None
):
    assert score(metric, text, *targets).value == value


def test_numeric_tolerance_says_what_it_compared():
    metric = NumericTolerance(relative=0.1)
    assert score(metric, "It is 1,110.", "1000").reason == (
        "“1,110” is not “1000”, give or take 100."
    )


@settings(deadline=None)  # the machine may be busy
@given(NUMBERS, NUMBERS, st.floats(0, 1e6))
def test_absolute_tolerance_is_the_same_both_ways(one: Decimal, other: Decimal, room: float):
    metric = NumericTolerance(absolute=room)
    there, back = score(metric, f"{one:f}", f"{other:f}"), score(metric, f"{other:f}", f"{one:f}")
    assert there.value == back.value
    assert score(metric, f"{one:f}", f"{one:f}").value == 1


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_numeric_tolerance_refuses_what_is_no_tolerance(tolerance: float):
    with pytest.raises(MetricError, match="tolerance cannot be"):
        NumericTolerance(absolute=tolerance)

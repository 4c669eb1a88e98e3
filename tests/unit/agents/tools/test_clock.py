from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.tools.clock import AddToDate, CurrentTime, DaysBetween
from app.agents.tools.tool import Tool, ToolFault, checked
from app.base.jobs import CancelToken

dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def noon() -> datetime:
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def said(tool: Tool, **arguments: object) -> str:
    return tool.run(checked(tool.spec, arguments), CancelToken()).text


def test_current_time_in_a_zone_names_day_time_and_offset():
    text = said(CurrentTime(noon), timezone="Asia/Tokyo")
    assert text == "Sunday, 2026-03-01, 21:00:00, Asia/Tokyo (UTC+09:00)"


def test_current_time_here_has_this_moment_in_the_zone_of_the_computer():
    here = noon().astimezone()
    assert f"{here:%Y-%m-%d, %H:%M:%S}" in said(CurrentTime(noon))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "America"])
def test_current_time_unknown_zone_is_a_fault(zone: str):
    with pytest.raises(ToolFault, match="no time zone"):
        said(CurrentTime(noon), timezone=zone)


def test_days_between_counts_days_and_says_years_and_months():
    text = said(DaysBetween(noon), **{"from": "2024-01-31", "to": "2026-03-01"})
    assert text.startswith("From Wednesday, 2024-01-31 to Sunday, 2026-03-01: 760 days")
    assert "2 years, 1 months and 1 days" in text


def test_days_between_earlier_second_date_is_negative():
    text = said(DaysBetween(noon), **{"from": "2026-03-01", "to": "2026-02-27"})
    assert "-2 days" in text
    assert "minus 0 years, 0 months and 2 days" in text


def test_days_between_empty_date_is_today():
    today = noon().astimezone().date().isoformat()
    assert said(DaysBetween(noon), **{"from": "", "to": today}).count("0 days") == 2


@pytest.mark.parametrize(
    ("arguments", "day"),
    [
        ({"days": 1}, "Thursday, 2024-02-01"),
        ({"weeks": 2}, "Wednesday, 2024-02-14"),
        ({"months": 1}, "Thursday, 2024-02-29"),
        ({"months": -2}, "Thursday, 2023-11-30"),
        ({"years": 1, "months": 1, "days": 1}, "Saturday, 2025-03-01"),
    ],
    ids=["day", "weeks", "short month", "back", "together"],
)
def test_add_to_date_gives_the_day(arguments: dict[str, int], day: str):
    assert said(AddToDate(noon), date="2024-01-31", **arguments) == day


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years"])
def test_add_to_date_beyond_the_calendar_is_a_fault(unit: str):
    with pytest.raises(ToolFault, match="beyond the years"):
        said(AddToDate(noon), date="2024-01-31", **{unit: 4_000_000})


def test_add_to_date_what_is_no_date_is_a_fault():
    with pytest.raises(ToolFault, match="no date"):
        said(AddToDate(noon), date="the day after")


@given(dates, dates)
def test_days_between_and_add_to_date_undo_each_other(first: date, second: date):
    text = said(DaysBetween(noon), **{"from": str(first), "to": str(second)})
    days = int(text.split(": ")[1].split()[0])
    assert said(AddToDate(noon), date=str(first), days=days).endswith(str(second))

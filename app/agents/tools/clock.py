"""The date and the time, and counting with dates."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.agents.entities import Risk
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_DATE: Final = {"type": "string", "description": "A date such as 2026-03-31; empty for today."}
_MOST: Final = 4_000_000  # days; more than all the years that a date can have
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def utc_now() -> datetime:
    """The time of this computer."""
    return datetime.now(UTC)


class CurrentTime:
    """The tool that says what time it is."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        offered = OfferedTool(
            "current_time",
            "The date, weekday and time now, here or in another time zone.",
            {
                "type": "object",
                "properties": {
                    "timezone": {
                        "type": "string",
                        "description": "Such as Europe/Berlin; leave it out for here.",
                    }
                },
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.COMPUTE, "Tell the time")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Say it, with the zone and how far that is from UTC."""
        cancel.check()
        zone = arguments.get("timezone", "")
        moment = self._now().astimezone(_zone(zone) if zone else None)
        offset = moment.strftime("%z")
        name = zone or moment.tzname()
        text = (
            f"{_with_day(moment.date())}, {moment:%H:%M:%S}, {name} (UTC{offset[:3]}:{offset[3:]})"
        )
        return ToolResult(text)


class DaysBetween:
    """The tool that counts the days between two dates."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        offered = OfferedTool(
            "days_between",
            "How many days, and years, months and days, there are from one date to another.",
            {
                "type": "object",
                "properties": {"from": _DATE, "to": _DATE},
                "required": ["from", "to"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.COMPUTE, "Count days")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Count them; negative if the second is the earlier one."""
        cancel.check()
        first = _date(arguments["from"], self._now)
        second = _date(arguments["to"], self._now)
        days = (second - first).days
        months = _whole_months(*sorted((first, second)))
        rest = (max(first, second) - _plus_months(min(first, second), months)).days
        return ToolResult(
            f"From {_with_day(first)} to {_with_day(second)}: {days} days, which is "
            f"{'minus ' if days < 0 else ''}{months // 12} years, {months % 12} months and "
            f"{rest} days."
        )


class AddToDate:
    """The tool that goes from a date by some days, weeks, months or years."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        amount = {"type": "integer", "minimum": -_MOST, "maximum": _MOST}
        units = {unit: amount for unit in ("days", "weeks", "months", "years")}
        offered = OfferedTool(
            "add_to_date",
            "The date some days, weeks, months or years after another; negative for before. The "
            "31st becomes the last day of a shorter month.",
            {
                "type": "object",
                "properties": {"date": _DATE, **units},
                "required": ["date"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.COMPUTE, "Count from a date")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Years and months are added first, then weeks and days."""
        cancel.check()
        start = _date(arguments["date"], self._now)
        years, months, weeks, days = (
            int(arguments.get(unit, 0)) for unit in ("years", "months", "weeks", "days")
        )
        try:
            end = _plus_months(start, 12 * years + months) + timedelta(days=7 * weeks + days)
        except (ValueError, OverflowError) as error:
            raise ToolFault("That is beyond the years 1 to 9999.") from error
        return ToolResult(_with_day(end))


def _date(text: str, now: Callable[[], datetime]) -> date:
    if text.strip().lower() in ("", "today", "now"):
        return now().astimezone().date()
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError as error:
        raise ToolFault(f"“{text[:40]}” is no date.", "Write it like 2026-03-31.") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ToolFault(
            f"There is no time zone “{name[:40]}”.", "Write it like Europe/Berlin."
        ) from error


def _plus_months(start: date, months: int) -> date:
    year, month = divmod(12 * start.year + start.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _whole_months(first: date, second: date) -> int:
    months = 12 * (second.year - first.year) + second.month - first.month
    return months - (_plus_months(first, months) > second)


def _with_day(day: date) -> str:
    return f"{_DAYS[day.weekday()]}, {day.isoformat()}"  # %A depends on the system's language

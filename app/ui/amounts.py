"""Amounts and times in words: sizes, counts, durations, dates. Nothing about what they count."""

from __future__ import annotations

from datetime import datetime, timedelta

_SIZE_UNITS = ("kB", "MB", "GB", "TB")
_COUNT_UNITS = ((1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))


def size_text(size_bytes: float) -> str:
    """A file size in decimal units: "4.9 GB", "12 kB", "0 bytes"."""
    if size_bytes < 1000:
        return "1 byte" if size_bytes == 1 else f"{size_bytes:.0f} bytes"
    amount, step = size_bytes / 1000, 0
    while amount >= 999.5 and step < len(_SIZE_UNITS) - 1:
        amount, step = amount / 1000, step + 1
    digits = f"{amount:.1f}" if amount < 9.95 else f"{amount:,.0f}"
    return f"{digits} {_SIZE_UNITS[step]}"


def count_text(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 document", "1,842 documents"."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def short_count(count: int) -> str:
    """A large count as model names give it: "8.2B", "596M", "950"."""
    for size, unit in _COUNT_UNITS:
        if count >= size:
            amount = count / size
            return f"{amount:.1f}{unit}" if amount < 9.95 else f"{amount:.0f}{unit}"
    return str(count)


def time_left(seconds: float | None) -> str:
    """An estimate that does not pretend to be exact: "about 2 min left"; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 90:
        return f"about {max(10, round(seconds / 5) * 5)} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"


def day_text(moment: datetime, now: datetime) -> str:
    """A moment as short as it stays clear: "Today 14:03", "Yesterday", "12 Nov", "12 Nov 2024"."""
    local, today = moment.astimezone(now.tzinfo), now.date()
    if local.date() == today:
        return f"Today {local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return "Yesterday"
    day = f"{local.day} {local:%b}"
    return day if local.year == today.year else f"{day} {local.year}"

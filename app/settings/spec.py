"""What is to be known of a setting: its default, its words, its bounds."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def setting(
    default: Any,
    title: str,
    help: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    labels: dict[str, str] | None = None,
    restart: bool = False,
    section: str = "",
    advanced: bool = False,
    marks: dict[float, str] | None = None,
) -> Any:
    """One setting with what a person needs to know about it.

    Args:
        default: also fixes the type: bool, int, float, str, a StrEnum, or a tuple of str.
        title: a few words, sentence case.
        help: one sentence, shown under the title.
        low, high, step: bounds of a number.
        labels: for an enum, the words shown for each value; for a tuple, all that may be in it.
        restart: takes effect at the next start.
        section: a heading within the group; said by the first setting below it.
        advanced: folded away until it is asked for.
        marks: for a number, what certain values mean, such as "Off".
    """
    metadata: dict[str, Any] = {
        "title": title,
        "help": help,
        "low": low,
        "high": high,
        "step": step,
        "labels": labels or {},
        "restart": restart,
        "section": section,
        "advanced": advanced,
        "marks": marks or {},
    }
    return field(default=default, metadata=metadata)

"""A run as JSON Lines, each complete in itself: a sample a line, then a comparison a line."""

from __future__ import annotations

from itertools import chain

from app.evals.reports.data import ReportData
from app.evals.reports.plain import pairs_to_json, samples_to_json
from app.evals.suites.item_json import to_line


def jsonl_report(data: ReportData) -> bytes:
    """The file, in UTF-8. A line holds “sample” with its scores, or “pair” as a judge found it."""
    lines = (f"{to_line(each)}\n" for each in chain(samples_to_json(data), pairs_to_json(data)))
    return "".join(lines).encode("utf-8", "replace")

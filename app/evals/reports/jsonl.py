"""A run as JSON Lines: one sample a line, each complete in itself."""

from __future__ import annotations

from app.evals.reports.data import ReportData
from app.evals.reports.plain import samples_to_json
from app.evals.suites.item_json import to_line


def jsonl_report(data: ReportData) -> bytes:
    """The file, in UTF-8."""
    lines = (f"{to_line(each)}\n" for each in samples_to_json(data))
    return "".join(lines).encode("utf-8", "replace")

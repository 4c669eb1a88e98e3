"""Writes a report in any of its forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.base.files import export_whole
from app.evals.reports.csv import csv_report
from app.evals.reports.data import ReportData
from app.evals.reports.html import html_report
from app.evals.reports.jsonl import jsonl_report
from app.evals.reports.junit import junit_report
from app.evals.reports.markdown import markdown_report


class ReportFormat(StrEnum):
    """What a report is for; the value is what the command line calls it."""

    HTML = "html"
    MARKDOWN = "md"
    CSV = "csv"
    JSONL = "jsonl"
    JUNIT = "junit"

    @property
    def suffix(self) -> str:
        """Of its files, with the dot."""
        return ".xml" if self is ReportFormat.JUNIT else f".{self.value}"


_WRITERS: Final[Mapping[ReportFormat, Callable[[ReportData], bytes]]] = {
    ReportFormat.HTML: html_report,
    ReportFormat.MARKDOWN: markdown_report,
    ReportFormat.CSV: csv_report,
    ReportFormat.JSONL: jsonl_report,
    ReportFormat.JUNIT: junit_report,
}


def report(data: ReportData, form: ReportFormat) -> bytes:
    """The report as a file holds it."""
    return _WRITERS[form](data)


def write_report(data: ReportData, form: ReportFormat, path: Path) -> None:
    """Write the report to a file, whole or not at all.

    Raises:
        DiskFull: there is no room.
        NotWritten: it cannot be written there; why.
    """
    export_whole(path, report(data, form))

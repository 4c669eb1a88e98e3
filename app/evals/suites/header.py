"""The first line of Cairn's own suite files: what belongs to the suite and to no item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.evals.suites.item_json import to_line
from app.evals.suites.parsing import as_text
from app.evals.suites.suite import BadItem, Suite, SuiteError

_MARK: Final = "cairn_suite"  # its value is the version of the format
_VERSION: Final = 1


def header_line(suite: Suite) -> str:
    """The header as JSON."""
    return to_line(
        {
            _MARK: _VERSION,
            "name": suite.name,
            "description": suite.description,
            "metrics": [dict(metric) for metric in suite.metrics],
        }
    )


def is_header(row: Mapping[str, Any]) -> bool:
    """Whether a row is a header and not an item."""
    return _MARK in row


def suite_of_header(header: Mapping[str, Any], name: str) -> Suite:
    """The suite without its items; `name` is for a header without one.

    Raises:
        BadItem: the header holds something that it should not.
        SuiteError: a newer Cairn wrote it.
    """
    if header[_MARK] != _VERSION:
        raise SuiteError(
            "This suite file was written by a newer Cairn.", "Update Cairn, then import it again."
        )
    metrics = header.get("metrics", [])
    if not isinstance(metrics, list) or not all(isinstance(each, dict) for each in metrics):
        raise BadItem("“metrics” in the header is not a list of objects.")
    return Suite(
        as_text(header.get("name"), "name") or name,
        (),
        as_text(header.get("description"), "description"),
        tuple(metrics),
    )

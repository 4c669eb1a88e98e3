"""What a suite may hold when it is stored, and what its name may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.evals.errors import BadSuiteName
from app.evals.suites.suite import MAX_ITEMS, Suite, SuiteError, check_item

LONGEST_NAME: Final = 100
LONGEST_DESCRIPTION: Final = 2_000


def checked_suite(suite: Suite) -> Suite:
    """The suite, if it can be stored.

    Raises:
        BadSuiteName: its description is too long.
        SuiteError: an item cannot be used, two have the same key, or there are too many.
        MetricError: there is no such metric.
    """
    for item in suite.items:
        check_item(item)
    if len({item.key for item in suite.items}) < len(suite.items):
        raise SuiteError("Two items have the same key.", "Give each a key of its own.")
    if len(suite.items) > MAX_ITEMS:
        raise SuiteError(f"A suite has at most {MAX_ITEMS:,} items.", "Make two of it.")
    check_metrics(suite.metrics)
    checked_description(suite.description)
    return suite


def check_metrics(documents: Iterable[Mapping[str, Any]]) -> None:
    """Or `MetricError`."""
    from app.evals.metrics.registry import metric_from_json  # late: starting Cairn measures nothing

    for each in documents:
        metric_from_json(each)


def checked_name(name: str) -> str:
    """The name without needless spaces, or `BadSuiteName`."""
    text = " ".join(name.split())
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise BadSuiteName(
            "This cannot be the name of a suite.",
            f"Write a name on one line, with up to {LONGEST_NAME} characters.",
        )
    return text


def checked_description(text: str) -> str:
    """The description without spaces around it, or `BadSuiteName`."""
    if len(text) > LONGEST_DESCRIPTION:
        raise BadSuiteName(
            "The description is too long.", f"Up to {LONGEST_DESCRIPTION:,} characters are kept."
        )
    return text.strip()


def key_is_taken(key: str) -> SuiteError:
    """The error that says so."""
    return SuiteError(f"Another item has the key “{key}”.", "Give it another key, or none.")

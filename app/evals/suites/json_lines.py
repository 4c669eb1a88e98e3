"""JSON Lines: which format a file has, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from app.evals.suites.gathering import Gathering
from app.evals.suites.header import is_header, suite_of_header
from app.evals.suites.imported import Imported, SuiteFormat
from app.evals.suites.json_rows import item_of, other_fields
from app.evals.suites.parsing import parse_object
from app.evals.suites.suite import MAX_ITEM_CHARACTERS, BadItem, Suite, SuiteError

_SAMPLE_ROWS: Final = 20  # looked at to recognise a format

Line = tuple[int, str]  # 1-based number, and what it says


def is_json_lines(text: str) -> bool:
    """Tell JSON Lines, with broken rows too, from a table, by the start of the text."""
    if text.lstrip().startswith(("{", "[")):
        return True
    sample = _lines(text)[:_SAMPLE_ROWS]
    return 2 * len(list(_objects(sample))) > len(sample)


def read_json_lines(text: str, name: str) -> Imported:
    """Read a suite; `name` is for one without its own.

    Raises:
        SuiteError: this is no suite, has too many rows, or a newer Cairn wrote it.
    """
    lines = _lines(text)
    gathering = Gathering()
    suite = Suite(name, ())
    header = next((row for row in _objects(lines[:1]) if is_header(row)), None)
    if header is not None:
        line, _ = lines.pop(0)
        try:
            suite = suite_of_header(header, name)
        except BadItem as bad:
            gathering.report(line, bad.message)
    form = SuiteFormat.CAIRN if header else _recognised(list(islice(_objects(lines), _SAMPLE_ROWS)))
    for line, row_text in lines:
        with gathering.row(line):
            row = _row(row_text)
            gathering.add(line, item_of(row, form), other_fields(row, form))
    return Imported(
        replace(suite, items=gathering.items),
        form,
        gathering.problems,
        other_fields=gathering.other_fields,
    )


def _lines(text: str) -> list[Line]:
    # Not splitlines(): JSON may hold line separators of Unicode as they are.
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _row(text: str) -> dict[str, Any]:
    if len(text) > MAX_ITEM_CHARACTERS:
        raise BadItem(f"The row has more than {MAX_ITEM_CHARACTERS:,} characters.")
    return parse_object(text)


def _objects(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """What can be read of these lines."""
    for _, text in lines:
        with suppress(BadItem):
            yield _row(text)


def _recognised(sample: Sequence[dict[str, Any]]) -> SuiteFormat:
    if not sample:
        raise SuiteError(
            "No line of this file is a JSON object.",
            "Save it as JSON Lines: each item on one line, and no list around them.",
        )
    fields = {name for row in sample for name in row}
    if "input" not in fields:
        raise SuiteError(
            "This is no suite of a kind that Cairn knows: its rows have no “input”.",
            "Cairn reads suites of inspect_ai, OpenAI evals and its own, and tables.",
        )
    if "ideal" in fields:
        return SuiteFormat.OPENAI
    return SuiteFormat.CAIRN if fields & {"key", "targets"} else SuiteFormat.INSPECT

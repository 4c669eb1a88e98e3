"""Suite files out, in Cairn's own form: JSON Lines, a header and then an item a line."""

from __future__ import annotations

from pathlib import Path

from app.base.files import export_whole
from app.evals.suites.header import header_line
from app.evals.suites.item_json import item_to_json, to_line
from app.evals.suites.suite import Suite


def suite_bytes(suite: Suite) -> bytes:
    """The file of a suite; reading it gives the same suite."""
    lines = [header_line(suite), *(to_line(item_to_json(item)) for item in suite.items)]
    return "".join(f"{line}\n" for line in lines).encode()


def write_suite(suite: Suite, path: Path) -> None:
    """Write the file of a suite, whole or not at all.

    Raises:
        DiskFull: there is no room.
        NotWritten: it cannot be written there.
    """
    export_whole(path, suite_bytes(suite))

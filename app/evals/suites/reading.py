"""Suite files in: whichever of the known formats the content is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.evals.suites.imported import ColumnMap, Imported
from app.evals.suites.json_lines import is_json_lines, read_json_lines
from app.evals.suites.suite import SuiteError
from app.evals.suites.table import read_table

MAX_FILE_BYTES: Final = 64 * 1024**2
MAX_LINES: Final = 1_000_000  # blank ones and those inside cells count, too


def read_suite(path: Path, columns: ColumnMap | None = None) -> Imported:
    """Read the suite in a file; its name is that of the file unless it has its own.

    Args:
        path: the file.
        columns: of a table; without, they are guessed from its header.

    Raises:
        AppError: it cannot be read, is too large, or is nothing that Cairn knows.
    """
    try:
        if not path.is_file():
            raise SuiteError(f"There is no file {path}.", "Check the name, then try again.")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SuiteError(
            f"The file {path} cannot be read ({error.strerror or type(error).__name__}).",
            "Close the program that uses it, or give yourself the right to read it.",
        ) from error
    # A name on disk may hold bytes that are no text.
    return parse_suite(data, path.stem.encode(errors="replace").decode(), columns)


def parse_suite(data: bytes, name: str, columns: ColumnMap | None = None) -> Imported:
    """Read the suite in the bytes of a file, as `read_suite` does."""
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(f"is larger than {MAX_FILE_BYTES // 1024**2} MB")
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MAX_LINES:
        raise _too_large(f"has more than {MAX_LINES:,} lines")
    if not text.strip():
        raise SuiteError("The file is empty.", "Choose one with items in it.")
    if is_json_lines(text):
        return read_json_lines(text, name)
    return read_table(text, name, columns)


def _too_large(limit: str) -> SuiteError:
    return SuiteError(f"The file {limit}.", "Split it into smaller files; each becomes a suite.")


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return text
    # Imported late: the package of readers is slow to open, and such files are rare.
    from app.library.readers.encoding import decode_text, looks_like_text

    if not looks_like_text(data):
        raise SuiteError(
            "This is not a text file.", "Save it as CSV or JSON Lines, then import that."
        )
    return decode_text(data)

"""What each tool does, for the person who decides about it; descriptions are for the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.agents.tools.tool import ToolSpec

_OWN: Final[Mapping[str, str]] = {
    "search_documents": "Finds passages in your library, and cites them.",
    "read_document": "Reads on in a document of your library.",
    "list_files": "Sees which files are in a folder that you granted.",
    "read_file": "Reads a text file in a folder that you granted.",
    "search_files": "Finds files by name or by a text in them.",
    "read_table": "Looks at the columns and some rows of a CSV, TSV or Excel file.",
    "analyse_table": "Computes over all rows of a table; the file stays as it is.",
    "write_file": "Writes a new text file, or all of an old one. You see the change first.",
    "edit_file": "Changes a part of a text file. You see the change first.",
    "make_folder": "Makes an empty folder.",
    "move_file": "Moves or renames a file or folder. Nothing is overwritten.",
    "delete_file": "Puts a file into a bin beside it, from which it can be brought back.",
    "restore_file": "Brings back a file that was deleted with the tool above.",
    "calculator": "Works out sums exactly.",
    "python": "Computes with a small Python that reaches no files and no network.",
    "current_time": "Tells the date and time, here or elsewhere.",
    "days_between": "Counts the days between two dates.",
    "add_to_date": "Finds the date so many days, weeks or months away.",
    "ask_user": "Asks you something that it cannot find out itself.",
}


def about(spec: ToolSpec) -> str:
    """What a tool does, in a sentence; of a server's tool the first one that the server says."""
    if not spec.server and spec.name in _OWN:
        return _OWN[spec.name]
    return _first_sentence(spec.tool.description)


def _first_sentence(text: str) -> str:
    first, dot, _rest = text.partition(". ")
    return f"{first}." if dot else text

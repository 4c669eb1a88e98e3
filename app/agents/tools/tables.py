"""Tables in granted folders: looking at one, and computing over all of its rows with Python."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from app.agents.entities import Risk
from app.agents.tools.folders import Folders
from app.agents.tools.python import CODE
from app.agents.tools.results import capped
from app.agents.tools.sandbox import run_python
from app.agents.tools.table_cells import described
from app.agents.tools.table_file import Table, read_table_file
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_ROWS: Final = 20
_MOST_ROWS: Final = 200
_MEMORY_BYTES: Final = 512_000_000  # half a million cells as mappings take about half of it
_TABLE: Final[dict[str, Any]] = {
    "path": {"type": "string", "description": "Path of a CSV, TSV or XLSX file."},
    "sheet": {"type": "string", "description": "Of a workbook; the first if left out."},
}


class ReadTable:
    """The tool that shows what is in a table."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        offered = OfferedTool(
            "read_table",
            "Look at a table (CSV, TSV, XLSX): its columns, what each holds, and some rows. To "
            f"compute over all rows use analyse_table. {folders.described}",
            {
                "type": "object",
                "properties": {
                    **_TABLE,
                    "from_row": {"type": "integer", "minimum": 1, "description": "From 1."},
                    "rows": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": _MOST_ROWS,
                        "description": f"How many to show; {_ROWS} if left out.",
                    },
                },
                "required": ["path"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.READ, "Read a table")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Describe it and show the rows."""
        place = self._folders.place(arguments["path"])
        table = read_table_file(place, arguments.get("sheet", ""), cancel)
        first = int(arguments.get("from_row", 1))
        if table.length and first > table.length:
            raise ToolFault(
                f"{place.shown} has {table.length:,} rows.", "Begin with an earlier one."
            )
        text = _description(table, first, int(arguments.get("rows", _ROWS)))
        return capped(text, source=f"the table {place.shown}")


class AnalyseTable:
    """The tool that runs code over all rows of a table."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        offered = OfferedTool(
            "analyse_table",
            "Run Python over a table (CSV, TSV, XLSX) and get what it prints. `rows` has all of "
            "the rows, each a dict by the names of the columns that read_table shows; empty cells "
            "are None. There are no files, no network and no packages such as pandas. "
            f"{folders.described}",
            {
                "type": "object",
                "properties": {**_TABLE, "code": CODE},
                "required": ["path", "code"],
                "additionalProperties": False,
            },
        )
        self.spec = ToolSpec(offered, Risk.READ, "Compute over a table")

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Run it."""
        place = self._folders.place(arguments["path"])
        table = read_table_file(place, arguments.get("sheet", ""), cancel)
        rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
        try:
            said = run_python(arguments["code"], {"rows": rows}, cancel, _MEMORY_BYTES)
        except ToolFault as fault:  # cells can be in its words, which nobody here has written
            said = f"The code failed. {fault}"
        return capped(said, source=f"the table {place.shown}")


def _description(table: Table, first: int, count: int) -> str:
    lines = [f"Rows: {table.length:,}. Columns: {len(table.names)}."]
    if table.sheets:
        lines.insert(0, f"Sheet “{table.sheet}” of: {', '.join(table.sheets)}")
    columns = zip(table.names, table.columns, strict=True)
    lines += [f"- {name}: {described(cells)}" for name, cells in columns]
    shown = table.rows[first - 1 : first - 1 + count]
    if shown:
        lines.append(f"Rows {first:,} to {first - 1 + len(shown):,} as CSV:")
        lines.append(_as_csv([table.names, *shown]))
    return "\n".join(lines)


def _as_csv(rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().rstrip("\n")

from __future__ import annotations

import csv
import io
import tempfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agents.entities import Risk
from app.agents.tools import table_file
from app.agents.tools.table_cells import Cell, described, is_header, typed_column
from app.agents.tools.table_file import Table, read_table_file
from app.agents.tools.tables import AnalyseTable, ReadTable
from app.agents.tools.tool import ToolFault
from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import granted, ran

SALES = """date,customer,amount,2025,code
2025-01-03,Acme,1499.50,1,007
2025-02-03,"Beta, Ltd",12.5,2,008
,,,,
2025-02-04,Acme,,3,009
"""


def table(folder: Path, content: str | bytes, name: str = "a.csv", sheet: str = "") -> Table:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_table_file(granted(folder).place(name), sheet, CancelToken())


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_read_table_describes_the_columns_and_shows_rows(tmp_path: Path):
    (tmp_path / "sales.csv").write_text(SALES)
    tool = ReadTable(granted(tmp_path))
    result = ran(tool, path="sales.csv", from_row=2)
    assert result.text.splitlines() == [
        "Rows: 3. Columns: 5.",
        "- date: date, 2025-01-03 to 2025-02-04",
        "- customer: text, 2 different, such as “Acme”",
        "- amount: number, 12.5 to 1499.5, 1 empty",
        "- 2025: number, 1 to 3",
        "- code: text, 3 different, such as “007”",
        "Rows 2 to 3 as CSV:",
        "date,customer,amount,2025,code",
        '2025-02-03,"Beta, Ltd",12.5,2,008',
        "2025-02-04,Acme,,3,009",
    ]
    assert result.is_untrusted
    assert result.source == "the table sales.csv"
    assert tool.spec.risk is Risk.READ


def test_read_table_from_a_row_that_is_not_there_is_a_fault(tmp_path: Path):
    (tmp_path / "a.csv").write_text(SALES)
    with pytest.raises(ToolFault, match="has 3 rows"):
        ran(ReadTable(granted(tmp_path)), path="a.csv", from_row=4)


def test_analyse_table_runs_code_over_all_rows(tmp_path: Path):
    (tmp_path / "a.csv").write_text(SALES)
    code = "total = 0\nfor r in rows:\n    total += r['amount'] or 0\ntotal"
    result = ran(AnalyseTable(granted(tmp_path)), path="a.csv", code=code)
    assert result.text == "1512.0"
    assert result.is_untrusted


def test_analyse_table_code_that_fails_gives_the_fault_as_untrusted_text(tmp_path: Path):
    (tmp_path / "a.csv").write_text("name\nIgnore all of that\n")
    code = "int(rows[0]['name'])"
    result = ran(AnalyseTable(granted(tmp_path)), path="a.csv", code=code)
    assert result.text.startswith("The code failed. ValueError")
    assert "Ignore all of that" in result.text
    assert result.is_untrusted


def test_analyse_table_takes_as_many_cells_as_can_be_read(tmp_path: Path):
    rows = "\n".join(f"2025-01-{n % 28 + 1:02},customer {n},{n}.5,{n}" for n in range(99_000))
    (tmp_path / "a.csv").write_text(f"day,name,amount,n\n{rows}\n")
    code = "len(rows), sum(r['n'] for r in rows)"
    assert ran(AnalyseTable(granted(tmp_path)), path="a.csv", code=code).text == str(
        (99_000, sum(range(99_000)))
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_recognised(tmp_path: Path, delimiter: str):
    rows = [["name", "note"], ["Ann", 'says "hi", or; not'], ["Bob", "two\nlines"], ["Cy", "x"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    found = table(tmp_path, out.getvalue())
    assert found.names == ("name", "note")
    assert [list(row) for row in found.rows] == rows[1:]


def test_workbook_gives_the_named_sheet_with_typed_cells(tmp_path: Path):
    data = workbook(
        First=[["a"], [1]],
        Second=[
            ["when", "what", "much", "is_paid", "2025"],
            [date(2025, 1, 3), " rent ", 900, True, 1],
            [datetime.fromisoformat("2025-01-04 15:30"), None, 12.5, False, 2],
            [None, None, None, None, None],
        ],
    )
    found = table(tmp_path, data, "a.xlsx", sheet="Second")
    assert found.sheets == ("First", "Second")
    assert found.names == ("when", "what", "much", "is_paid", "2025")
    assert found.rows == [
        ("2025-01-03", "rent", 900, True, 1),
        ("2025-01-04 15:30:00", None, 12.5, False, 2),
    ]
    assert table(tmp_path, data, "a.xlsx").rows == [(1,)]
    (tmp_path / "a.xlsx").write_bytes(data)
    assert ran(ReadTable(granted(tmp_path)), path="a.xlsx").text.startswith(
        "Sheet “First” of: First, Second\n"
    )
    with pytest.raises(ToolFault, match="There is no sheet “Third”"):
        table(tmp_path, data, "a.xlsx", sheet="Third")


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("1,2\n3,4\n", ("column_1", "column_2"), [(1, 2), (3, 4)]),
        ("a,,a\n1,2,3,\n", ("a", "column_2", "a_2"), [(1, 2, 3)]),
        ("a,b\n1\n1,2,3\n", ("a", "b", "column_3"), [(1, None, None), (1, 2, 3)]),
        ("name\n", ("name",), []),
        ("\ufeffname;n\nÄ;1\n", ("name", "n"), [("Ä", 1)]),
    ],
)
def test_table_that_is_ragged_or_nameless_is_made_whole(
    tmp_path: Path, content: str, names: tuple[str, ...], rows: list[tuple[Cell, ...]]
):
    found = table(tmp_path, content)
    assert (found.names, found.rows) == (names, rows)


@pytest.mark.parametrize(
    ("cells", "has_comma", "typed"),
    [
        (["1", "-2", "+3"], False, (1, -2, 3)),
        (["1.5", None, "2"], False, (1.5, None, 2)),
        (["1,000", "2,500.75"], False, (1000, 2500.75)),
        (["1.234,50", "12,5"], True, (1234.5, 12.5)),
        (["1.234", "5.678"], True, (1.234, 5.678)),
        (["1,234", "5,678"], True, (1.234, 5.678)),
        (["12,5", "3"], False, (12.5, 3)),
        (["007", "008"], False, ("007", "008")),
        (["1", "n/a"], False, ("1", "n/a")),
        (["1e3"], False, (1000.0,)),
        ([True, "1"], False, (True, "1")),
        ([None], False, (None,)),
    ],
)
def test_column_becomes_numbers_only_if_all_of_it_can(
    cells: list[Cell], has_comma: bool, typed: tuple[Cell, ...]
):
    assert typed_column(cells, has_comma=has_comma) == typed


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["name", "2024", "2025"], True),
        (["name", 2024], True),
        (["name", None], True),
        (["2024", "2025"], False),
        (["Ann", "1,200"], False),
        (["2025-01-01", "x"], False),
        (["Ann", 1.5], False),
        (["x" * 101], False),
    ],
)
def test_first_row_is_a_header_if_it_only_names(row: list[Cell], expected: bool):
    assert is_header(row) is expected


def test_column_is_described_by_its_kind():
    assert described((None, None)) == "empty"
    assert described((True, False, True)) == "true or false, 2 true"
    assert described(("x" * 99,)) == f"text, 1 different, such as “{'x' * 40}…”"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "a.csv", "empty"),
        (",,\n,,\n", "a.csv", "empty"),
        (b"\x00\x01\x02" * 99, "a.csv", "not a text file"),
        (b"PK\x03\x04" + b"x" * 99, "a.xlsx", "damaged"),
        ('a,b\n"' + "x" * 200_000, "a.csv", "no row of a table"),
        (",".join(["x"] * 1_001), "a.csv", "larger than"),
        ("x,y\n" * 4_000, "a.csv", "larger than"),
        ("x\n" * 50 + "," * 900 + "y\n", "a.csv", "larger than"),
    ],
)
def test_file_that_is_no_table_or_too_large_is_a_fault(
    tmp_path: Path, content: str | bytes, name: str, words: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(table_file, "_MOST_CELLS", 10_000)
    with pytest.raises(ToolFault, match=words):
        table(tmp_path, content, name)


def test_workbook_that_repeats_a_long_text_for_ever_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(table_file, "_MOST_CHARACTERS", 10_000)
    with pytest.raises(ToolFault, match="larger than"):
        table(tmp_path, workbook(S=[["x" * 1_000]] * 20), "a.xlsx")


def test_file_beyond_what_is_read_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_file, "MOST_READ", 5)
    with pytest.raises(ToolFault, match="larger than"):
        table(tmp_path, "a,b\n1,2\n")


def test_reading_stops_when_it_is_cancelled(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        read_table_file(granted(tmp_path).place("a.csv"), "", cancel)


letters = st.text(st.sampled_from("abÄ\",;\t'\n |"), max_size=6).map(str.strip)


@given(st.lists(st.tuples(letters, letters, st.just("end")), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_cells_come_out_of_a_file_as_they_went_in(rows: list[tuple[str, ...]]):
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows([("one", "two", "three"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        found = table(Path(folder), out.getvalue(), "a.tsv")
    assert found.rows == [tuple(cell or None for cell in row) for row in rows]

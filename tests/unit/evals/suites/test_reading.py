from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.base.errors import AppError
from app.evals.suites import gathering, reading
from app.evals.suites.reading import parse_suite, read_suite
from app.evals.suites.suite import SuiteError, check_item
from app.evals.suites.writing import suite_bytes
from tests.unit.evals.suites.strategies import suites

TABLE = b'id,question,answer\n1,"a, ""b""\nc",d\n2,e,f\n'
INSPECT = (
    b'{"id": 1, "input": [{"role": "user", "content": "a"}], "target": ["b"], "choices": ["b"]}\n'
    b'{"input": "c", "target": "d", "metadata": {"e": [1.5, null]}}\n'
)
OPENAI = (
    b'{"input": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '
    b'"{\\"a\\": 1}"}}]}], "ideal": "b"}\n'
)
# The first file that is not in UTF-8 has the readers of documents imported.
UNTIMED = settings(deadline=None)
PIECES = [*'{}[]",:;\t\n\\ua1', '"input"', '"ideal"', '"choices"', "null", "1e999"]


def check_outcome(data: bytes) -> None:
    """What comes out is fit for use and survives a round trip; what is refused is an `AppError`."""
    with suppress(AppError):
        imported = parse_suite(data, "mine")
        for item in imported.items:
            check_item(item)
        assert all(each.line > 0 and each.message for each in imported.problems)
        again = parse_suite(suite_bytes(imported.suite), "other")
        assert again.problems == ()
        assert again.suite == imported.suite


@UNTIMED
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b'"' * 50)
@example(b"\x00")
def test_any_bytes_are_read_or_refused(data):
    check_outcome(data)


@UNTIMED
@given(st.lists(st.sampled_from(PIECES)))
def test_any_punctuation_is_read_or_refused(pieces):
    check_outcome("".join(pieces).encode())


@UNTIMED
@given(
    suites.map(suite_bytes) | st.sampled_from([TABLE, INSPECT, OPENAI]),
    st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_any_damage_to_a_file_is_read_or_refused(data, damage):
    for at, new in damage:
        place = at % (len(data) + 1)
        data = data[:place] + new + data[place + 1 :]

    check_outcome(data)


@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"\xef\xbb\xbf"], ids=["none", "blank", "bom"])
def test_empty_file_is_refused(data):
    with pytest.raises(SuiteError, match="The file is empty"):
        parse_suite(data, "mine")


def test_binary_file_is_refused():
    with pytest.raises(SuiteError, match="not a text file"):
        parse_suite(b"PK\x03\x04" + bytes(range(32)) * 40, "mine")


def test_file_over_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 2 * 1024**2)
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * (2 * 1024**2 + 1))

    with pytest.raises(SuiteError, match="larger than 2 MB"):
        read_suite(path)


def test_file_with_lines_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINES", 10)

    with pytest.raises(SuiteError, match="more than 10 lines"):
        parse_suite(b"input" + b"\n" * 11, "mine")


@pytest.mark.parametrize(
    ("first", "row"),
    [
        ('{"cairn_suite": 1}', '{{"key": "{}", "input": "a"}}'),
        ("input", "row {}"),
    ],
    ids=["json", "table"],
)
def test_rows_up_to_the_limit_are_read_and_one_more_is_refused(first, row, monkeypatch):
    monkeypatch.setattr(gathering, "MAX_ITEMS", 3)
    lines = [first, *[row.format(number) for number in range(4)]]

    assert len(parse_suite("\n".join(lines[:4]).encode(), "mine").items) == 3
    with pytest.raises(SuiteError, match="more than 3 rows"):
        parse_suite("\n".join(lines).encode(), "mine")


def test_file_gives_the_suite_its_name(tmp_path):
    path = tmp_path / "My questions.v2.csv"
    path.write_bytes(TABLE)

    imported = read_suite(path)

    assert imported.suite.name == "My questions.v2"
    assert len(imported.items) == 2


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_path_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(SuiteError, match="There is no file"):
        read_suite(tmp_path / name)


def test_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "locked.csv"
    path.write_bytes(TABLE)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)

    with pytest.raises(SuiteError, match=r"cannot be read \(Permission denied\)"):
        read_suite(path)

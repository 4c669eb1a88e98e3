from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.agents.entities import Risk
from app.agents.tools.editing import edit_file, write_file
from app.agents.tools.tool import PreviewedTool, ToolFault
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import granted, previewed, ran

GERMAN = "schön, süß und groß"


def edited(folder: Path, old: str, new: str, name: str = "a.txt") -> bytes:
    ran(edit_file(granted(folder)), path=name, old_text=old, new_text=new)
    return (folder / name).read_bytes()


def test_write_preview_shows_the_new_file_and_writes_nothing(tmp_path: Path):
    tool = write_file(granted(tmp_path))
    shown = previewed(tool, path="a.txt", content="one\ntwo\n")
    assert shown.title == "Write the new file a.txt"
    assert shown.diff == "--- /dev/null\n+++ a.txt\n@@ -0,0 +1,2 @@\n+one\n+two"
    assert list(tmp_path.iterdir()) == []


def test_write_previewed_change_is_made_and_told(tmp_path: Path):
    tool = write_file(granted(tmp_path))
    arguments = {"path": "a.txt", "content": "one\ntwo\n"}
    shown = tool.preview(arguments, CancelToken())
    result = tool.run(arguments, CancelToken(), shown)
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo\n"
    assert result.text == "a.txt is written; it has 2 lines."
    assert result.preview == shown.diff
    assert not result.is_untrusted
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_both_tools_can_be_previewed_and_are_of_the_risk_of_writing(tmp_path: Path):
    for tool in (write_file(granted(tmp_path)), edit_file(granted(tmp_path))):
        assert isinstance(tool, PreviewedTool)
        assert tool.spec.risk is Risk.WRITE


@pytest.mark.parametrize("happens", ["changed", "removed", "made", "other arguments"])
def test_run_after_the_file_changed_since_the_preview_writes_nothing(tmp_path: Path, happens: str):
    path = tmp_path / "a.txt"
    if happens != "made":
        path.write_text("one\n")
    tool = write_file(granted(tmp_path))
    arguments = {"path": "a.txt", "content": "new\n"}
    shown = tool.preview(arguments, CancelToken())
    match happens:
        case "changed" | "made":
            path.write_text("other\n")
        case "removed":
            path.unlink()
        case _:
            arguments = {**arguments, "content": "evil\n"}
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(ToolFault, match="not as it was"):
        tool.run(arguments, CancelToken(), shown)
    assert (path.read_bytes() if path.exists() else None) == before


def test_write_over_a_file_keeps_mode_newlines_and_encoding(tmp_path: Path):
    path = tmp_path / "a.sh"
    path.write_bytes("grün\r\n".encode("utf-8-sig"))
    path.chmod(0o750)
    ran(write_file(granted(tmp_path)), path="a.sh", content="blau\nrot\n")
    assert path.read_bytes() == "blau\r\nrot\r\n".encode("utf-8-sig")
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_write_over_a_hard_link_leaves_its_other_name_alone(tmp_path: Path):
    folder, outside = tmp_path / "folder", tmp_path / "outside.txt"
    folder.mkdir()
    outside.write_text("safe\n")
    (folder / "a.txt").hardlink_to(outside)
    ran(write_file(granted(folder)), path="a.txt", content="new\n")
    assert outside.read_text() == "safe\n"


def test_edit_replaces_the_one_place(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    assert edited(tmp_path, "two", "2") == b"one\n2\nthree\n"


@pytest.mark.parametrize(
    ("content", "old", "count"),
    [("one\n", "two", 0), ("one one\n", "one", 2), ("aaa", "aa", 2), ("a" * 1000, "a", 100)],
)
def test_edit_text_that_is_not_there_once_is_a_fault_with_the_count(
    tmp_path: Path, content: str, old: str, count: int
):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(ToolFault, match=f"is {count}.* times"):
        edited(tmp_path, old, "x")
    assert (tmp_path / "a.txt").read_text() == content


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\nthree\r\n", b"one\r\n2\r\n3\r\n"),
        (b"one\rtwo\rthree\r", b"one\r2\r3\r"),
        (b"one\r\ntwo\nthree\r\n", b"one\r\n2\r\n3\r\n"),
        ("one\ntwo\nthree\nü\n".encode("utf-16"), "one\n2\n3\nü\n".encode("utf-16")),
        (f"one\ntwo\nthree\n{GERMAN}".encode("cp1252"), f"one\n2\n3\n{GERMAN}".encode("cp1252")),
    ],
    ids=["crlf", "cr", "mixed", "utf-16", "cp1252"],
)
def test_edit_over_several_lines_keeps_line_endings_and_encoding(
    tmp_path: Path, before: bytes, after: bytes
):
    (tmp_path / "a.txt").write_bytes(before)
    assert edited(tmp_path, "two\nthree\n", "2\n3\n") == after


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00\x01\x02\x03" * 100, "not a text file"),
        (b"gr\xc3\xbcn gr\xc3\xbcn gr\xc3\xbcn gr\xc3\xbcn gr\xc3\xbcn \xff one\n", "encoding"),
        (b"one\n" * 500_001, "larger than 2 MB"),
        (f"{GERMAN}, one\n".encode("cp1252"), "no character"),
    ],
    ids=["binary", "broken utf-8", "large", "letter that the encoding lacks"],
)
def test_edit_file_that_could_not_be_kept_as_it_is_is_refused(
    tmp_path: Path, data: bytes, words: str
):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(ToolFault, match=words):
        edited(tmp_path, "one", "漢")
    assert (tmp_path / "a.txt").read_bytes() == data


def test_edit_that_changes_nothing_and_edit_of_no_file_are_faults(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(ToolFault, match="changes nothing"):
        edited(tmp_path, "one", "one")
    with pytest.raises(ToolFault, match=r"There is no b\.txt"):
        edited(tmp_path, "one", "two", name="b.txt")


@pytest.mark.parametrize("path", ["sub", ".", "none/a.txt", ".bashrc", ".git/hooks/run"])
def test_write_where_no_file_can_be_is_refused(tmp_path: Path, path: str):
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git/hooks").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ToolFault):
        ran(write_file(granted(tmp_path)), path=path, content="x")
    assert sorted(tmp_path.rglob("*")) == before


def test_write_in_a_folder_granted_for_reading_is_refused(tmp_path: Path):
    with pytest.raises(ToolFault, match="reading only"):
        previewed(write_file(granted(tmp_path, can_write=False)), path="a.txt", content="x")


def test_write_that_fails_on_the_way_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Exception, match="no room left"):
        ran(write_file(granted(tmp_path)), path="a.txt", content="x")
    assert list(tmp_path.iterdir()) == []


def test_write_of_half_a_character_is_refused(tmp_path: Path):
    with pytest.raises(ToolFault, match=r"U\+D800"):
        ran(write_file(granted(tmp_path)), path="a.txt", content="\ud800")


def test_write_while_another_program_writes_keeps_what_that_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.txt"
    path.write_text("one\n")
    monkeypatch.setattr("os.fsync", lambda _: path.write_text("from another program\n"))
    with pytest.raises(ToolFault, match="not as it was"):
        ran(write_file(granted(tmp_path)), path="a.txt", content="two\n")
    assert path.read_text() == "from another program\n"
    assert list(tmp_path.iterdir()) == [path]


def test_write_in_a_folder_that_is_not_there_names_the_folder(tmp_path: Path):
    with pytest.raises(ToolFault, match="no folder “none”"):
        ran(write_file(granted(tmp_path)), path="none/a.txt", content="x")


lines = st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "\r", "ü"]), max_size=12).map("".join)


@given(lines, lines, lines)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_edit_leaves_everything_around_the_place_as_it_was(
    tmp_path: Path, head: str, new: str, tail: str
):
    (tmp_path / "a.txt").write_bytes(f"{head}XYZ{tail}".encode())
    if new == "XYZ":
        return
    data = edited(tmp_path, "XYZ", new)
    assert data.startswith(head.encode())
    assert data.endswith(tail.encode())

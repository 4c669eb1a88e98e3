from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.agents.entities import Risk
from app.agents.tools.files import ListFiles, ReadFile
from app.agents.tools.tool import ToolFault
from tests.unit.agents.tools.grants import granted, ran


def test_list_names_folders_first_with_sizes_and_marks(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("12345")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "link").symlink_to("b.txt")
    (tmp_path / ".env").write_text("KEY=1")
    lines = ran(ListFiles(granted(tmp_path))).text.splitlines()
    assert lines[0] == "sub/"
    assert lines[1].endswith("(hidden, private, is not opened)")
    assert lines[2].startswith(".hidden  0  ")
    assert lines[3].startswith("b.txt  5  20")
    assert lines[4].endswith("(link)")


def test_list_name_that_is_no_text_is_shown_without_breaking_the_line(tmp_path: Path):
    (tmp_path / "a\nb\x1b.txt").write_text("")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("")
    lines = ran(ListFiles(granted(tmp_path))).text.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("a\ufffdb\ufffd.txt")


def test_list_large_folder_ends_with_how_many_more_there_are(tmp_path: Path):
    for number in range(305):
        (tmp_path / f"{number:04}").touch()
    lines = ran(ListFiles(granted(tmp_path))).text.splitlines()
    assert len(lines) == 301
    assert "5 more" in lines[-1]


def test_list_of_several_granted_folders_begins_with_their_names(tmp_path: Path):
    for path in ("one/notes", "two/notes"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "two/notes/a.txt").touch()
    tool = ListFiles(granted(tmp_path / "one/notes", tmp_path / "two/notes"))
    assert ran(tool).text == "notes/\nnotes-2/"
    assert ran(tool, path="notes-2").text.startswith("a.txt")


def test_list_and_read_say_that_others_wrote_what_they_give(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hello")
    listed, read = ListFiles(granted(tmp_path)), ReadFile(granted(tmp_path))
    assert ran(listed).is_untrusted
    assert ran(read, path="a.txt").is_untrusted
    assert ran(read, path="a.txt").source == "the file a.txt"
    assert (listed.spec.risk, read.spec.risk) == (Risk.READ, Risk.READ)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("grün\nrot\n", "utf-8"),
        ("grün\nrot\n", "utf-8-sig"),
        ("grün\r\nrot\r\n", "utf-16"),
        ("grün ist schön, süß und groß\rrot\r", "cp1252"),
    ],
)
def test_read_any_encoding_gives_text_with_plain_newlines(tmp_path: Path, text: str, encoding: str):
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    text = ran(ReadFile(granted(tmp_path)), path="a.txt").text
    assert text.startswith("grün")
    assert text.endswith("\nrot\n")
    assert "\r" not in text


def test_read_some_lines_says_which_of_how_many(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1\n2\n3\n4\n")
    result = ran(ReadFile(granted(tmp_path)), path="a.txt", first_line=2, last_line=3)
    assert result.text == "2\n3\n"
    assert result.source == "the file a.txt, lines 2 to 3 of 4"


def test_read_lines_that_are_none_is_a_fault_with_their_number(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1\n2\n")
    with pytest.raises(ToolFault, match="has 2 lines"):
        ran(ReadFile(granted(tmp_path)), path="a.txt", first_line=3)


def test_read_long_file_is_capped_with_the_whole_beside_it(tmp_path: Path):
    text = "".join(f"line {number}\n" for number in range(20_000))
    (tmp_path / "a.txt").write_text(text)
    result = ran(ReadFile(granted(tmp_path)), path="a.txt")
    assert result.whole == text
    assert "left out here" in result.text
    assert len(result.text) < 25_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("picture.png", "not a text file"),
        ("large.txt", "larger than 16 MB"),
        ("sub", "is a folder"),
        (".", "is a folder"),
        ("none.txt", "There is no none.txt"),
        ("pipe", "no ordinary file"),
        ("picture.png/a", "no folder"),
        ("x" * 300, "cannot be used|too long"),
    ],
)
def test_read_what_is_no_text_file_is_a_fault_in_words(tmp_path: Path, name: str, words: str):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10)
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(16_000_001)
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ToolFault, match=words):
        ran(ReadFile(granted(tmp_path)), path=name)


def test_read_empty_file_says_so(tmp_path: Path):
    (tmp_path / "a.txt").touch()
    assert ran(ReadFile(granted(tmp_path)), path="a.txt").text == "The file is empty."


def test_read_link_inside_the_folder_is_followed(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    assert ran(ReadFile(granted(tmp_path)), path="link").text == "hello"
    assert ran(ReadFile(granted(tmp_path)), path=str(tmp_path / "link")).text == "hello"

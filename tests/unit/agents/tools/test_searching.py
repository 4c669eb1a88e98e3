from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.agents.tools.searching import SearchFiles
from app.agents.tools.tool import ToolFault
from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import granted, ran


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    (folder / "2026").mkdir(parents=True)
    (folder / "a.md").write_text("one\nGreen tea\r\n")
    (folder / "2026/b.md").write_text("green green\n")
    (folder / "2026/c.txt").write_text("green\n")
    (folder / ".hidden.md").write_text("green\n")
    return folder


def test_search_text_gives_places_whatever_the_case(notes: Path):
    text = ran(SearchFiles(granted(notes)), text="GREEN").text
    assert text.splitlines() == [
        "2026/b.md:1: green green",
        "2026/c.txt:1: green",
        "a.md:2: Green tea",
    ]


def test_search_name_finds_files_and_folders(notes: Path):
    assert ran(SearchFiles(granted(notes)), name="*.MD").text == "2026/b.md\na.md"
    assert ran(SearchFiles(granted(notes)), name="20*").text == "2026/"


def test_search_name_and_text_below_a_folder_meets_all_three(notes: Path):
    search = SearchFiles(granted(notes))
    assert ran(search, name="*.md", text="green", path="2026").text == "2026/b.md:1: green green"


def test_search_several_folders_covers_all_of_them(notes: Path, tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/d.md").touch()
    text = ran(SearchFiles(granted(notes, tmp_path / "more")), name="*.md").text
    assert text.splitlines() == ["notes/2026/b.md", "notes/a.md", "more/d.md"]


def test_search_without_anything_to_find_is_a_fault(notes: Path):
    with pytest.raises(ToolFault, match="nothing to search for"):
        ran(SearchFiles(granted(notes)))


def test_search_that_finds_nothing_says_so(notes: Path):
    assert ran(SearchFiles(granted(notes)), text="purple").text == "Nothing was found."


def test_search_links_pipes_and_binary_files_are_passed_over(notes: Path, tmp_path: Path):
    (tmp_path / "outside.md").write_text("green\n")
    (notes / "link.md").symlink_to(tmp_path / "outside.md")
    (notes / "loop").symlink_to(notes)
    (notes / "data").write_bytes(b"green\0\1\2\3\4\5\6\7" * 100)
    os.mkfifo(notes / "pipe.md")
    assert len(ran(SearchFiles(granted(notes)), text="green").text.splitlines()) == 3
    assert ran(SearchFiles(granted(notes)), name="*.md").text == "2026/b.md\na.md"


def test_search_large_file_is_named_as_not_searched(notes: Path):
    with (notes / "large.md").open("wb") as file:
        file.truncate(4_000_001)
    assert "[1 files were too large" in ran(SearchFiles(granted(notes)), text="purple").text


def test_search_with_many_hits_ends_early_and_says_so(notes: Path):
    for number in range(150):
        (notes / f"{number}.log").touch()
    lines = ran(SearchFiles(granted(notes)), name="*.log").text.splitlines()
    assert len(lines) == 101
    assert "after 100 hits" in lines[-1]


def test_search_many_lines_of_one_file_are_cut_short(notes: Path):
    (notes / "many.txt").write_text("purple\n" * 50)
    assert "many.txt: [… 30 more lines …]" in ran(SearchFiles(granted(notes)), text="purple").text


def test_search_out_of_time_ends_early_and_says_so(notes: Path):
    ticks = iter(range(0, 1000, 6))
    search = SearchFiles(granted(notes), seconds_now=lambda: float(next(ticks)))
    assert "after 10 seconds" in ran(search, text="green").text


def test_search_stopped_on_the_way_raises(notes: Path):
    cancel = CancelToken()

    def stop() -> float:
        cancel.cancel()
        return 0.0

    with pytest.raises(Cancelled):
        SearchFiles(granted(notes), seconds_now=stop).run({"text": "green"}, cancel)


def test_search_very_deep_folders_ends(tmp_path: Path):
    folder = tmp_path
    for _ in range(60):
        folder = folder / "d"
        folder.mkdir()
    (folder / "deep.md").touch()
    assert ran(SearchFiles(granted(tmp_path)), name="*.md").text == "Nothing was found."

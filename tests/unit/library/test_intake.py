from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from app.library.intake import Candidate, Refused, candidates


def split(*paths: Path) -> tuple[list[str], dict[str, str]]:
    found = list(candidates(paths))
    taken = [each.path.name for each in found if isinstance(each, Candidate)]
    refused = {each.path.name: each.reason for each in found if isinstance(each, Refused)}
    return taken, refused


def test_folder_is_walked_in_order_without_hidden_and_machine_made(tmp_path: Path) -> None:
    for name in (
        "b.txt",
        "a.pdf",
        "sub/c.md",
        ".hidden.txt",
        ".git/x.txt",
        "~$open.docx",
        "node_modules/y.js",
        "sub/__pycache__/z.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
    taken, refused = split(tmp_path)
    assert taken == ["a.pdf", "b.txt", "c.md"]
    assert refused == {}


def test_other_files_in_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "photo.JPG").write_bytes(b"")
    (tmp_path / "core").write_bytes(b"")
    taken, refused = split(tmp_path)
    assert taken == ["a.txt"]
    assert ".jpg" in refused["photo.JPG"]
    assert "without an ending" in refused["core"]


def test_named_file_is_tried_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "letter.strange"
    path.write_text("words")
    assert split(path)[0] == ["letter.strange"]


def test_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    assert "no documents" in split(tmp_path)[1][tmp_path.name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_and_missing_file_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    refused = split(tmp_path / "pipe.txt", tmp_path / "missing.txt")[1]
    assert "regular" in refused["pipe.txt"]
    assert "not there" in refused["missing.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert split(tmp_path)[0] == ["a.txt"]


def test_size_and_time_come_along(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    (found,) = candidates([path])
    assert isinstance(found, Candidate)
    assert (found.size_bytes, found.modified_ns) == (5, path.stat().st_mtime_ns)

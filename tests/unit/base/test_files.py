from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.base.errors import DiskFull
from app.base.files import NotWritten, export_whole, is_unfinished, write_whole


def test_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_file_under_way_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.extend(each.name for each in tmp_path.iterdir())
    )
    write_whole(tmp_path / "a.txt", b"new")
    assert [is_unfinished(name) for name in seen] == [True]
    assert not is_unfinished("a.txt")


def test_file_that_cannot_take_its_place_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(NotWritten, match="cannot be written"):
        export_whole(tmp_path / "folder", b"data")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="missing"):
        export_whole(tmp_path / "missing" / "a.txt", b"data")


def test_full_disk_keeps_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(DiskFull):
        export_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_exported_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    export_whole(tmp_path / "exported", b"data")
    assert (tmp_path / "exported").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are those of POSIX")
def test_export_goes_through_a_link_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    export_whole(tmp_path / "link", b"data")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"data"


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are those of POSIX")
def test_export_into_a_pipe_leaves_the_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        export_whole(pipe, b"data")
        assert os.read(reader, 10) == b"data"
    finally:
        os.close(reader)
    assert pipe.is_fifo()

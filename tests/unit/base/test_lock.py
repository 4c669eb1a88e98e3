from __future__ import annotations

import subprocess
import sys

import pytest

from app.base.errors import AppError, DataFolderInUse
from app.base.lock import DataFolderLock
from app.base.paths import DataPaths, data_paths, resource

TAKE_AND_DIE = """
import os, sys
from pathlib import Path
from app.base.lock import DataFolderLock
from app.base.paths import DataPaths
DataFolderLock(DataPaths(Path(sys.argv[1]))).acquire()
os._exit(0)
"""


def test_second_holder_is_refused_politely(data_paths: DataPaths) -> None:
    first = DataFolderLock(data_paths)
    first.acquire()
    second = DataFolderLock(data_paths)
    with pytest.raises(DataFolderInUse) as caught:
        second.acquire()
    assert str(data_paths.root) in caught.value.message
    assert "--data-dir" in caught.value.hint
    first.release()
    second.acquire()
    second.release()


def test_lock_of_a_killed_process_is_free(data_paths: DataPaths) -> None:
    subprocess.run([sys.executable, "-c", TAKE_AND_DIE, str(data_paths.root)], check=True)
    lock = DataFolderLock(data_paths)
    lock.acquire()
    lock.release()


def test_data_folder_comes_from_argument_then_environment(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, data_paths: DataPaths
) -> None:
    monkeypatch.setenv("CAIRN_DATA_DIR", str(data_paths.root))
    assert data_paths_of(None) == data_paths.root
    assert data_paths_of(data_paths.root / "other") == data_paths.root / "other"


def data_paths_of(override: object) -> object:
    return data_paths(override).root  # type: ignore[arg-type]  # None or a path


def test_resources_are_found() -> None:
    assert resource("style.qss").is_file()


def test_folder_that_may_not_be_written_is_refused_with_words(
    data_paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Said by hand: the superuser, as whom tests may run, is never refused.
    def is_granted(path: object, _mode: int) -> bool:
        return path != data_paths.library

    monkeypatch.setattr("app.base.paths.os.access", is_granted)
    with pytest.raises(AppError, match=r"cannot write to its data folder .*library") as caught:
        data_paths.make()
    assert "--data-dir" in caught.value.hint


def test_lock_that_cannot_be_opened_is_an_expected_failure(data_paths: DataPaths) -> None:
    (data_paths.root / ".lock").mkdir()
    with pytest.raises(AppError, match="cannot take its data folder"):
        DataFolderLock(data_paths).acquire()

from __future__ import annotations

import errno
import pickle
import sqlite3
from pathlib import Path

import pytest

from app.base.errors import AppError, DiskFull, NotFound, disk_full_explained, is_disk_full


def test_app_error_survives_pickling_with_its_hint() -> None:
    copy = pickle.loads(pickle.dumps(NotFound("gone", "look elsewhere")))  # noqa: S301 - our own
    assert (type(copy), copy.message, copy.hint) == (NotFound, "gone", "look elsewhere")


def test_text_is_message_then_hint() -> None:
    assert str(AppError("It broke.", "Try again.")) == "It broke. Try again."
    assert str(AppError("It broke.")) == "It broke."


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("lance error: LanceError(IO): No space left on device (os error 28)"),
    ],
    ids=["os", "sqlite", "lance"],
)
def test_full_disk_is_recognised_whoever_reports_it(error: Exception) -> None:
    assert is_disk_full(error)
    with pytest.raises(DiskFull, match="no room"), disk_full_explained(Path("data")):
        raise error


def test_full_disk_is_recognised_as_a_cause() -> None:
    error = ValueError("writing failed")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert is_disk_full(error)


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(PermissionError), disk_full_explained(Path("data")):
        raise PermissionError(errno.EACCES, "no")

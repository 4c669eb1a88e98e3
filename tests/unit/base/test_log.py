from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.log import OURS, configure


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[logging.Handler]:
    """The handler of the log file."""
    configure(tmp_path, to_stderr=False)
    root = logging.getLogger()
    (handler,) = (each for each in root.handlers if each.name == OURS)
    yield handler
    root.removeHandler(handler)
    handler.close()


def test_log_that_cannot_be_written_disturbs_nobody(
    ours: logging.Handler, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_record: logging.LogRecord) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ours, "format", full)
    logging.getLogger("app").error("anything")
    assert capsys.readouterr().err == ""


def test_line_that_is_wrong_is_still_reported(
    ours: logging.Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    ours.handle(logging.makeLogRecord({"msg": "%d documents", "args": ("many",)}))
    assert "many" in capsys.readouterr().err

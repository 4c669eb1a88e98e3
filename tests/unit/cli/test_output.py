from __future__ import annotations

import errno
import io
import json
import sys

import pytest

from app.base.errors import AppError
from app.cli.output import NotPrinted, Printer


class Terminal(io.StringIO):
    """A screen that shows what is printed."""

    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    """A file that takes nothing."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("as_json", "printed"),
    [(True, b'{\n  "name": "caf\\u00e9 \\ud83d\\ude00"\n}\n'), (False, b"caf\\xe9 \\U0001f600\n")],
    ids=["json", "text"],
)
def test_letters_that_cannot_be_printed_are_spelled(
    monkeypatch: pytest.MonkeyPatch, as_json: bool, printed: bytes
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    Printer(as_json=as_json).answer({"name": "café 😀"}, "café 😀")
    assert out.getvalue() == printed


def test_half_a_letter_is_escaped_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=True).answer({"file": "a\udcff"}, "")
    assert json.loads(capsys.readouterr().out) == {"file": "a\udcff"}


def test_text_does_not_steer_a_terminal_but_goes_into_a_file_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "one\r\ntwo\tthree \x1b[2K\rfour \u202efive"
    for screen, shown in (
        (Terminal(), "one\r\ntwo\tthree <U+001B>[2K<U+000D>four <U+202E>five\n"),
        (io.StringIO(newline=""), f"{text}\n"),
    ):
        monkeypatch.setattr(sys, "stdout", screen)
        Printer(as_json=False).answer(None, text)
        assert screen.getvalue() == shown


def test_notes_do_not_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=False).note("allow \x1b[8mhidden")
    assert capsys.readouterr().err == "allow <U+001B>[8mhidden\n"


def test_full_disk_below_stdout_is_an_expected_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", FullDisk())
    with pytest.raises(NotPrinted, match="No space left"):
        Printer(as_json=False).answer(None, "text")


def test_closed_stdout_is_nothing_to_print_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    Printer(as_json=False).answer(None, "text")
    assert capsys.readouterr().err == ""


def test_failure_after_the_answer_adds_no_second_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printer = Printer(as_json=True)
    printer.answer({"run": 1}, "")
    printer.failure(AppError("It cannot be closed."))
    assert json.loads(capsys.readouterr().out) == {"run": 1}

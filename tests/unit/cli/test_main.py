from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import app
from app.base.errors import AppError
from app.base.log import OURS
from app.base.paths import DataPaths
from app.cli.main import main
from app.prompts.service import PromptService


class Opened:
    """Notes what the window was opened with."""

    def __init__(self) -> None:
        self.paths: DataPaths | None = None
        self.files: Sequence[Path] = ()
        self.error: AppError | None = None

    def __call__(self, paths: DataPaths, files: Sequence[Path]) -> int:
        if self.error is not None:
            raise self.error
        self.paths, self.files = paths, files
        return 0


@pytest.fixture(autouse=True)
def log_closed() -> Iterator[None]:
    """The command line logs into the test's folder; let go of it."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.name == OURS]:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def window() -> Opened:
    return Opened()


def selftest(screenshots: Path, data_dir: Path | None) -> int:
    assert screenshots == Path("screenshots")
    return 41 if data_dir is None else 42


def run(words: Sequence[object], window: Opened) -> int:
    return main([str(each) for each in words], open_window=window, selftest=selftest)


def test_without_words_the_window_opens_on_the_default_folder(
    window: Opened, tmp_path: Path
) -> None:
    assert run([], window) == 0
    assert window.paths == DataPaths(tmp_path / "default-data")
    assert window.paths.library.is_dir()


def test_files_open_in_the_window_with_whole_paths(window: Opened, tmp_path: Path) -> None:
    assert run(["--data-dir", tmp_path / "d", "a.pdf", tmp_path / "b.pdf"], window) == 0
    assert window.paths == DataPaths(tmp_path / "d")
    assert window.files == [Path.cwd() / "a.pdf", tmp_path / "b.pdf"]


def test_failure_to_open_is_one_line_and_three(
    window: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    window.error = AppError("There is no screen.", "Ask in the terminal.")
    assert run([], window) == 3
    assert capsys.readouterr().err == "cairn: There is no screen. Ask in the terminal.\n"


def test_data_dir_counts_before_and_after_the_command(
    window: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--data-dir", tmp_path / "one", "library", "list", "--json"], window) == 0
    assert run(["library", "list", "--json", "--data-dir", tmp_path / "two"], window) == 0
    assert (tmp_path / "one" / "cairn.db").exists()
    assert (tmp_path / "two" / "cairn.db").exists()
    assert capsys.readouterr().out == "[]\n[]\n"
    assert window.paths is None


def test_failure_with_json_is_a_json_document(
    window: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["library", "remove", "7", "--json"], window) == 3
    printed = capsys.readouterr()
    assert "7" in json.loads(printed.out)["error"]
    assert printed.err.startswith("cairn: ")


def test_selftest_is_handed_over(window: Opened) -> None:
    assert run(["selftest"], window) == 41
    assert run(["selftest", "--data-dir", "d"], window) == 42


def test_version_is_printed(window: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--version"], window)
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == app.__version__


def test_damaged_settings_are_told_and_the_command_runs(
    window: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("[ this is not TOML")
    assert run(["library", "list", "--json", "--data-dir", tmp_path], window) == 0
    printed = capsys.readouterr()
    assert printed.out == "[]\n"
    assert "settings.damaged.toml" in printed.err


@pytest.mark.parametrize(
    "words",
    [
        ["prompt", "show", "\udcff"],
        ["prompt", "list", "--search", "\udcff"],
        ["prompt", "run", "summarise", "-v", "text=\udcff"],
        ["eval", "run", "s", "--model", "\udcff"],
    ],
)
def test_words_in_another_encoding_are_refused(
    window: Opened, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run([*words, "--json"], window) == 3
    assert "no text in UTF-8" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize(
    "words",
    [
        ["agent", "trace", "9" * 25],
        ["eval", "report", "-1"],
        ["library", "remove", "x"],
        ["eval", "run", "s", "--seed", "9" * 25],
        ["eval", "run", "s", "--fail-under", "nan"],
    ],
)
def test_numbers_that_cannot_be_are_bad_usage(
    window: Opened, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(words, window)
    assert ended.value.code == 2
    assert "takes a" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prompt", "show", "nobody"], "`prompt list`"),
        (["prompt", "show", "summarise@" + "9" * 5_000], "version 1"),
        (["agent", "show", "nobody"], "`agent list`"),
        (["agent", "run", "Tidy a folder", "Do it."], "--model"),
        (["agent", "trace", "7"], "no run 7"),
        (["eval", "run", "s" * 5_000, "--model", "m" * 5_000], "`models list`"),
    ],
)
def test_wrong_names_are_answered_with_what_to_do(
    window: Opened, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(words, window) == 3
    assert said in capsys.readouterr().err


def test_interrupt_is_a_json_document_and_130(
    window: Opened, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_service: PromptService, **_filters: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PromptService, "prompts", interrupted)
    assert run(["prompt", "list", "--json"], window) == 130
    assert json.loads(capsys.readouterr().out)["error"]

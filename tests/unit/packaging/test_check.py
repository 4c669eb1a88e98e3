from __future__ import annotations

import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests import check
from tests.check import (
    NO_TESTS_COLLECTED,
    Outcome,
    Step,
    count,
    groups,
    report,
    run_groups,
    verdict,
    verdicts,
)

RESULTS = '<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>'


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands the suite would run; all succeed."""
    commands: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...]) -> int:
        commands.append(tuple(words))
        return 0

    monkeypatch.setattr(check, "run", run)
    return commands


@pytest.fixture(autouse=True)
def qt_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "missing_for_qt", lambda: "")


@pytest.mark.parametrize("words", [[], ["tests/unit"], ["--benchmarks"]])
def test_main_qt_misses_a_library_ends_with_that_sentence(
    ran: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
):
    sentence = "Qt needs libEGL.so.1. Install it with: sudo apt install libegl1"
    monkeypatch.setattr(check, "missing_for_qt", lambda: sentence)
    assert check.main(words) == 3
    assert capsys.readouterr().err == f"{sentence}\n"
    assert ran == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, ""),
        (NO_TESTS_COLLECTED, ""),
        (1, "failed"),
        (-signal.SIGABRT, "crashed (SIGABRT)"),
        (-9999, "crashed (-9999)"),
    ],
)
def test_verdict_of_exit_code_is_in_words(code: int, said: str):
    assert verdict(code) == said


def test_count_reads_what_pytest_wrote(tmp_path: Path):
    (tmp_path / "results.xml").write_text(RESULTS, encoding="utf-8")
    expected = Counter(failed=2, error=1, skipped=3, passed=4)
    assert count(tmp_path / "results.xml") == expected


def test_count_of_a_run_that_crashed_is_an_error(tmp_path: Path):
    assert count(tmp_path / "results.xml") == Counter(error=1)


def test_report_names_what_failed_and_sums_the_counts():
    outcomes = [
        Outcome(Step("Types"), "", 1.0),
        Outcome(Step("Unit"), "failed", 2.0, Counter(passed=3, failed=1)),
        Outcome(Step("Window"), "crashed (SIGABRT)", 3.5, Counter(error=1, passed=2)),
    ]
    lines = report(outcomes).splitlines()
    assert "FAILED: Unit, Window" in lines
    assert lines[-1] == "===== 1 failed, 5 passed, 1 error in 6.50s ====="


def test_main_one_bad_step_hides_no_other_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    steps = (Step("First", ("bad",)), Step("Second", ("good",)))
    monkeypatch.setattr(check, "STEPS", steps)
    monkeypatch.setattr(check, "run", lambda words: int(words == ("bad",)))
    assert check.main([]) == 1
    summary = capsys.readouterr().out.partition("Summary")[2]
    assert re.search(r"^First +failed", summary, re.MULTILINE)
    assert re.search(r"^Second +ok", summary, re.MULTILINE)
    assert "FAILED: First\n" in summary


def test_main_folder_without_tests_is_passed_over_with_a_word(
    ran: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(check, "STEPS", (Step("Nothing", folders=("tests/nowhere",)),))
    assert check.main([]) == 0
    assert ran == []
    assert "no tests yet" in capsys.readouterr().out


def test_main_words_go_to_pytest_alone(ran: list[tuple[str, ...]]):
    assert check.main(["tests/unit", "-k", "index"]) == 0
    assert ran == [("pytest", "tests/unit", "-k", "index")]


@pytest.fixture
def benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("search", "startup"):
        text = 'if __name__ == "__main__":\n    main()\n'
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "report.py").write_text("def table(): ...\n", encoding="utf-8")
    monkeypatch.setattr(check, "BENCHMARKS", tmp_path)


@pytest.mark.usefixtures("benchmarks")
def test_main_benchmarks_runs_every_program(ran: list[tuple[str, ...]]):
    assert check.main(["--benchmarks"]) == 0
    assert ran == [("tests.benchmarks.search",), ("tests.benchmarks.startup",)]


@pytest.mark.usefixtures("benchmarks")
def test_main_benchmark_named_gets_its_further_words(ran: list[tuple[str, ...]]):
    assert check.main(["--benchmarks", "search", "--rows", "5"]) == 0
    assert ran == [("tests.benchmarks.search", "--rows", "5")]


@pytest.mark.usefixtures("benchmarks")
def test_main_benchmark_unknown_names_the_known_ones(ran: list[tuple[str, ...]], capsys):
    assert check.main(["--benchmarks", "sarch"]) == 2
    assert "search, startup" in capsys.readouterr().err
    assert ran == []


def test_groups_apart_gives_each_folder_inside_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    names = ("test_a.py", "test_d.py", "conftest.py", "chat/test_b.py", "chat/deep/test_c.py")
    for name in (*names, "fakes/x.py"):
        (tmp_path / "ui" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ui" / name).touch()
    monkeypatch.setattr(check, "ROOT", tmp_path)
    together = Step("Window", folders=("ui", "missing"))
    assert list(groups(together)) == [["ui"]]
    apart = Step("Window", folders=("ui", "missing"), apart="folders")
    assert list(groups(apart)) == [["ui/test_a.py", "ui/test_d.py"], ["ui/chat"]]
    each = Step("Window", folders=("ui", "missing"), apart="files")
    assert list(groups(each)) == [["ui/test_a.py"], ["ui/test_d.py"], ["ui/chat"]]


def test_verdicts_name_each_thing_once():
    assert verdicts([0, 1, -signal.SIGSEGV, 1]) == "failed, crashed (SIGSEGV)"
    assert verdicts([0, 0]) == ""


def test_several_processes_print_one_after_the_other_and_all_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("good", "bad"):
        said = f"def test_it():\n    print('{name} says')\n    assert {name == 'good'}\n"
        (tmp_path / f"test_{name}.py").write_text(said, encoding="utf-8")
    many = [[str(tmp_path / f"test_{name}.py")] for name in ("good", "bad")]
    found = list(run_groups(many))
    assert [code for code, _counts in found] == [0, 1]
    assert [dict(counts) for _code, counts in found] == [{"passed": 1}, {"failed": 1}]
    printed = capsys.readouterr().out
    assert printed.index("1 passed") < printed.index("bad says") < printed.index("1 failed")

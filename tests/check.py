"""The whole suite behind `packaging/test`: format, lint, types, imports, then every test.

Each step is a process of its own, so a native abort in one hides nothing of the others.
Words given are for pytest alone; `--benchmarks [NAME]` runs the programs in tests/benchmarks.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "tests" / "benchmarks"
NO_TESTS_COLLECTED = 5
BAD_USAGE = 2
EXPECTED_FAILURE = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One command: `python -m` and these words. A step with folders is run by pytest.

    Attributes:
        apart: each folder inside, or each file as well, gets a process of its own, two at a time;
            what takes its process down, as Qt can, takes no other with it.
    """

    title: str
    words: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    apart: Literal["", "folders", "files"] = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step; `verdict` is empty when all is well."""

    step: Step
    verdict: str
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)


STEPS = (
    Step("Format", ("ruff", "format", "--check", ".")),
    Step("Lint", ("ruff", "check", ".")),
    Step("Types", ("mypy",)),
    Step("Import contracts", ("tests.structure.contracts",)),
    Step("Structure and unit tests", folders=("tests/structure", "tests/unit"), apart="folders"),
    Step("Window tests", folders=("tests/ui",), apart="folders"),
    Step("End-to-end tests", folders=("tests/e2e",), apart="files"),
)


def main(words: Sequence[str]) -> int:
    """Run what the words ask for and return the exit code."""
    if problem := missing_for_qt():
        print(problem, file=sys.stderr)
        return EXPECTED_FAILURE
    if words and words[0] == "--benchmarks":
        return run_benchmarks(words[1:])
    if words:
        return run(("pytest", *words))
    outcomes = [outcome for step in STEPS if (outcome := run_step(step)) is not None]
    print(report(outcomes), flush=True)
    return int(any(outcome.verdict for outcome in outcomes))


def missing_for_qt() -> str:
    """The system library that Qt misses here and the line that installs it, or nothing."""
    from app.ui.preflight import CannotOpenWindow, check_import

    try:
        check_import()
    except CannotOpenWindow as error:
        return str(error)
    return ""


def run(words: Sequence[str], output: IO[str] | None = None) -> int:
    """Run a module of this environment in the repository, with no screen, and wait for it.

    What it prints goes to `output`, or to ours.
    """
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
    # Another Python's path, set by some systems for their own tools, would hide our packages.
    environ.pop("PYTHONPATH", None)
    command = [sys.executable, "-m", *words]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=output, stderr=output and subprocess.STDOUT
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def run_step(step: Step) -> Outcome | None:
    """Run a step under its heading; None when its folders hold no tests yet."""
    print(f"\n── {step.title} " + "─" * (74 - len(step.title)), flush=True)
    if step.folders and not any(has_tests(ROOT / folder) for folder in step.folders):
        print("no tests yet", flush=True)
        return None
    start = time.monotonic()
    codes, counts = [], Counter[str]()
    if not step.folders:
        codes.append(run(step.words))
    for code, counted in run_groups(list(groups(step))):
        codes.append(code)
        counts += counted
    return Outcome(step, verdicts(codes), time.monotonic() - start, counts)


def run_groups(many: Sequence[Sequence[str]]) -> Iterator[tuple[int, Counter[str]]]:
    """Run a process for each; several go two at a time, and print when they are done."""
    if len(many) < 2:
        yield from map(run_pytest, many)
        return
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(run_quietly, paths) for paths in many]:
            printed, code, counted = future.result()
            print(printed, flush=True)
            yield code, counted


def run_quietly(paths: Sequence[str]) -> tuple[str, int, Counter[str]]:
    """Run these tests; what they printed, the code, and how many ended in which way."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        code, counted = run_pytest(paths, output)
        output.seek(0)
        return output.read(), code, counted


def groups(step: Step) -> Iterator[list[str]]:
    """What each process of a step is to test."""
    present = [folder for folder in step.folders if has_tests(ROOT / folder)]
    if not step.apart:
        yield from [present] if present else []
        return
    for folder in present:
        inside = sorted((ROOT / folder).iterdir())
        files = [shown(path) for path in inside if path.match("test_*.py")]
        if step.apart == "files":
            yield from ([file] for file in files)
        elif files:
            yield files
        yield from ([shown(path)] for path in inside if path.is_dir() and has_tests(path))


def shown(path: Path) -> str:
    """A path of the repository as pytest takes and prints it."""
    return path.relative_to(ROOT).as_posix()


def run_pytest(paths: Sequence[str], output: IO[str] | None = None) -> tuple[int, Counter[str]]:
    """Run these tests; the code, and how many ended in which way."""
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results.xml"
        words = ("pytest", *paths, "--continue-on-collection-errors", f"--junit-xml={results}")
        code = run(words, output)
        return code, count(results)


def count(results: Path) -> Counter[str]:
    """The counts in pytest's results file; one error when it died before writing it."""
    if not results.exists():
        return Counter(error=1)
    counts: Counter[str] = Counter()
    for suite in ElementTree.parse(results).iter("testsuite"):
        bad = {
            "failed": int(suite.get("failures", 0)),
            "error": int(suite.get("errors", 0)),
            "skipped": int(suite.get("skipped", 0)),
        }
        counts.update(bad, passed=int(suite.get("tests", 0)) - sum(bad.values()))
    return +counts


def has_tests(folder: Path) -> bool:
    """Whether pytest would find a test file there."""
    return any(folder.rglob("test_*.py"))


def verdicts(codes: Sequence[int]) -> str:
    """What is wrong with the processes of a step, each thing once; empty when all went well."""
    return ", ".join(dict.fromkeys(said for code in codes if (said := verdict(code))))


def verdict(code: int) -> str:
    """An exit code in words; empty for success."""
    if code in (0, NO_TESTS_COLLECTED):
        return ""
    if code > 0:
        return "failed"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed ({code})"


def report(outcomes: Sequence[Outcome]) -> str:
    """The summary: a line for each step, then the counts as pytest writes them."""
    lines = ["", "── Summary " + "─" * 67]
    for outcome in outcomes:
        words = outcome.verdict or "ok"
        counts = in_words(outcome.counts)
        lines.append(f"{outcome.step.title:<26}{words:<20}{outcome.seconds:>8.1f} s   {counts}")
    total = sum((outcome.counts for outcome in outcomes), Counter[str]())
    seconds = sum(outcome.seconds for outcome in outcomes)
    bad = [outcome.step.title for outcome in outcomes if outcome.verdict]
    lines.append(f"\nFAILED: {', '.join(bad)}" if bad else "\nAll steps passed.")
    lines.append(f"===== {in_words(total) or 'no tests ran'} in {seconds:.2f}s =====")
    return "\n".join(lines)


def in_words(counts: Counter[str]) -> str:
    """Counts as pytest writes them: "2 failed, 10 passed"."""
    order = ("failed", "passed", "skipped", "error")
    return ", ".join(f"{counts[kind]} {kind}" for kind in order if counts[kind])


def benchmarks() -> Iterator[str]:
    """The names of the benchmark programs."""
    for path in sorted(BENCHMARKS.glob("*.py")):
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
            yield path.stem


def run_benchmarks(words: Sequence[str]) -> int:
    """Run one benchmark with further words of its own, or all of them."""
    known = list(benchmarks())
    if words and words[0] not in known:
        print(f"There is no benchmark {words[0]!r}; there are: {', '.join(known)}", file=sys.stderr)
        return BAD_USAGE
    chosen = [words] if words else [[name] for name in known]
    codes = []
    for name, *further in chosen:
        print(f"\n── {name} " + "─" * (74 - len(name)), flush=True)
        codes.append(run((f"tests.benchmarks.{name}", *further)))
    return int(any(codes))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

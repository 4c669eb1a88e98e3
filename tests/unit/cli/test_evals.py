"""`eval`: the words and the JSON that scripts read, and the exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import AppError, NotFound
from app.bootstrap import Services
from app.cli import main as command_line
from app.cli.eval_judging import BadPair
from app.cli.evals import BadChoice
from app.cli.output import Printer
from app.evals.errors import NotNow, RunRefused
from app.evals.metrics.metric import MetricError
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf

_SUITE = """{"cairn_suite": 1, "name": "Words", "metrics": [{"metric": "exact_match"}]}
{"key": "a", "input": "Say yes.", "targets": ["yes"]}
{"key": "b", "input": "Say no.", "targets": ["no"]}
"""

Run = Callable[..., Any]


@pytest.fixture
def services(start: Callable[..., Services]) -> Services:
    return start(Script({"yes": "yes", "": "maybe"}))


@pytest.fixture
def run(services: Services, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object, code: int = 0, as_json: bool = True) -> Any:
        return _printed(services, capsys, words, code, as_json=as_json)

    return run


def _printed(
    services: Services,
    capsys: pytest.CaptureFixture[str],
    words: tuple[object, ...],
    code: int,
    *,
    as_json: bool,
) -> Any:
    parser, _commands = command_line._parsers()
    given = ["eval", *map(str, words), *(["--json"] if as_json else [])]
    arguments = parser.parse_args(given)
    assert arguments.run(services, arguments, Printer(as_json=as_json)) == code
    printed = capsys.readouterr()
    return json.loads(printed.out) if as_json else printed.out + printed.err


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "words.jsonl"
    path.write_text(_SUITE, encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return scripted_gguf(tmp_path / "tiny.gguf")


def test_run_over_a_file_prints_scores_with_intervals(run: Run, suite: Path, model: Path):
    ran = run("run", suite, "--model", model, "--repeat", 2)
    assert (ran["state"], ran["samples"], ran["suite"]) == ("done", 4, "Words")
    (candidate,) = ran["candidates"]
    (metric,) = candidate["metrics"]
    assert (metric["value"], metric["items"], metric["unscored"]) == (0.5, 2, 0)
    assert metric["low"] < 0.5 < metric["high"]
    assert candidate["model_sha256"]
    text = run("run", suite, "--model", model, as_json=False)
    assert "exact match: 0.500 (95 % interval" in text
    assert [each["name"] for each in run("list")["suites"]].count("Words") == 1


def test_score_under_the_limit_is_a_failure_with_one_line(run: Run, suite: Path, model: Path):
    words = ("run", suite, "--model", model, "--fail-under")
    text = run(*words, 0.9, code=3, as_json=False)
    assert text.splitlines()[-1] == "cairn: Scripted scores 0.500 by exact match, less than 0.9."
    run(*words, 0.5)
    assert run(*words, 0.9, code=3)["candidates"]


def test_runs_are_listed_compared_and_reported(run: Run, suite: Path, model: Path, tmp_path: Path):
    run("run", suite, "--model", model)
    run("run", "words", "--model", model, "--metric", '{"metric": "exact_match"}')
    assert [each["run"] for each in run("list")["runs"]] == [2, 1]
    assert "2 of 2 answers" in run("list", as_json=False)
    (compared,) = run("compare", 1, 2)
    assert compared["candidates"][0]["verdict"]["outcome"] == "no difference could be seen"
    for form, said in (("html", "Say no."), ("csv", "Say no."), ("jsonl", "Say no."), ("md", "%")):
        assert said in run("report", 2, "--format", form)["text"], form
    path = tmp_path / "report.xml"
    assert run("report", 2, "--format", "junit", "--output", path)["file"] == str(path)
    assert ElementTree.parse(path).getroot().tag == "testsuites"


def test_prompts_are_compared_on_the_same_items(run: Run, suite: Path, model: Path):
    words = ("--prompt", "summarise@1", "--prompt", "plain-language", "--prompt", "summarise")
    ran = run("run", suite, "--model", model, *words)
    prompts = [each["prompt"] for each in ran["candidates"]]
    assert prompts == ["summarise@1", "plain-language@1"]
    assert ran["candidates"][0]["metrics"][0]["verdict"] is None
    assert ran["candidates"][1]["metrics"][0]["verdict"]["sentence"]


def test_pairs_are_judged_by_label_or_number(
    start: Callable[..., Services],
    capsys: pytest.CaptureFixture[str],
    suite: Path,
    model: Path,
):
    verdict = '{"reason": "It comes first.", "verdict": "A"}'
    services = start(Script({"Now judge": verdict, "yes": "yes", "": "maybe"}))

    def run(*words: object, code: int = 0, as_json: bool = True) -> Any:
        return _printed(services, capsys, words, code, as_json=as_json)

    run("run", suite, "--model", model, "--prompt", "summarise", "--prompt", "plain-language")
    (found,) = run("judge", 1, "--judge", model)
    assert (found["one"]["number"], found["other"]["number"]) == (0, 1)
    assert (found["ties"], found["missing"], found["flip_rate"]) == (2, 0, None)
    assert found["win_rate"]["value"] == 0.5
    label = found["other"]["label"]
    rubric = json.dumps(found["judge"]["rubric"] | {"name": "Mine"})
    words = ("judge", 1, "--one", label, "--other", 0, "--judge", model, "--rubric", rubric)
    text = run(*words, as_json=False)
    assert f"“{label}” against “{found['one']['label']}”, judged by Scripted" in text
    assert "by the rubric “Mine”:\n  0 won, 2 tied, 0 lost; 0 depended" in text
    assert len(run("judge", 1, "--judge", model, "--rubric", "follows")) == 3
    assert "side by side by Scripted, by the rubric “Mine”" in run("report", 1, as_json=False)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["run", "SUITE"], BadChoice, "--model"),
        (["run", "nothing", "--model", "MODEL"], NotFound, "nothing"),
        (["run", "SUITE", "--model", "nobody"], NotFound, "models list"),
        (["run", "SUITE", "--model", "MODEL", "--prompt", "nobody"], NotFound, "nobody"),
        (["run", "SUITE", "--model", "MODEL", "--metric", "odd"], MetricError, "exact_match"),
        (["run", "SUITE", "--model", "MODEL", "--metric", "{odd"], BadChoice, "JSON"),
        (["run", "SUITE", "--model", "MODEL", "--repeat", "0"], RunRefused, "repeats"),
        (["run", "SUITE", "--model", "MODEL", "--items", "-1"], BadChoice, "--items"),
        (["run", "EMPTY", "--model", "MODEL"], BadChoice, "no item"),
        (["compare", "1", "7"], NotFound, "7"),
        (["report", "7"], NotFound, "7"),
        (["resume", "1"], NotNow, "done"),
        (["judge", "7", "--judge", "MODEL"], NotFound, "7"),
        (["judge", "1", "--judge", "nobody"], NotFound, "nobody"),
        (["judge", "1", "--judge", "MODEL"], RunRefused, "pair"),
        (["judge", "1", "--judge", "MODEL", "--one", "odd"], BadPair, "0 “Scripted”"),
        (["judge", "1", "--judge", "MODEL", "--rubric", "odd"], BadPair, "correct, follows"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, suite: Path, model: Path, words: list[str], error: type[AppError], said: str
):
    run("run", suite, "--model", model)
    empty = suite.with_name("empty.jsonl")
    empty.write_text('{"input": ""}\n', encoding="utf-8")
    places = {"SUITE": str(suite), "MODEL": str(model), "EMPTY": str(empty)}
    with pytest.raises(error) as caught:
        run(*(places.get(each, each) for each in words))
    assert said in str(caught.value)


def test_run_without_a_single_answer_is_a_failure(start, capsys, suite: Path, model: Path) -> None:
    services = start(Script({"": "yes"}, context_length=2))
    said = _printed(services, capsys, ("run", suite, "--model", model), 3, as_json=False)
    assert "No item got an answer" in said

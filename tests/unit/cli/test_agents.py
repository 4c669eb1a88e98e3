"""`agent`: the words and the JSON that scripts read, and a person at a terminal."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.agents.approvals import ApprovalRequest
from app.agents.tools.asking import Question
from app.agents.tools.tool import Preview
from app.agents.trace import RunId, StepId, Verdict
from app.base.errors import AppError, NotFound
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.cli import main as command_line
from app.cli.output import Printer
from app.cli.terminal import Terminal
from app.engine.errors import NoModelLoaded
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library
from tests.unit.agents.doubles import ToolDouble

Run = Callable[..., Any]
SORT = {
    "Sort": '{"tool": "write_file", "arguments": {"path": "list.txt", "content": "A and B."}}',
    "is written": '{"answer": "I wrote list.txt."}',
    "not allowed": '{"answer": "I was not allowed to."}',
    "": '{"answer": "What now?"}',
}


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    services = build(data_paths, Children(library=scripted_library))
    yield services
    services.close()


@pytest.fixture
def run(
    services: Services, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*words: object, as_json: bool = True, code: int = 0) -> Any:
        parser, _commands = command_line._parsers()
        options = ["--json"] if as_json else []
        arguments = parser.parse_args(["agent", *map(str, words), *options])
        assert arguments.run(services, arguments, Printer(as_json=as_json)) == code
        printed = capsys.readouterr().out
        return json.loads(printed) if as_json else printed

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return scripted_gguf(tmp_path / "scripted.gguf", SORT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "things"
    folder.mkdir()
    return folder


@pytest.fixture
def writer(services: Services) -> str:
    from app.agents.drafts import AgentDraft
    from app.agents.entities import ToolPolicy

    tools = (ToolPolicy("write_file"), ToolPolicy("list_files"))
    return services.agents.create(AgentDraft("Writer", tools=tools)).name


@pytest.mark.parametrize(
    ("approve", "outcome", "answer"),
    [
        ((), "denied", "I was not allowed to."),
        (("--approve", "none"), "denied", "I was not allowed to."),
        (("--approve", "read"), "denied", "I was not allowed to."),
        (("--approve", "all"), "done", "I wrote list.txt."),
    ],
    ids=["not-said", "none", "read", "all"],
)
def test_run_does_what_was_allowed(run, model, folder, writer, approve, outcome, answer) -> None:
    ran = run("run", writer, "Sort it.", "--folder", folder, "--model", model, *approve)
    assert (ran["state"], ran["answer"], ran["steps"]) == ("done", answer, 2)
    (call,) = ran["calls"]
    assert (call["name"], call["outcome"]) == ("write_file", outcome)
    assert call["arguments"] == {"path": "list.txt", "content": "A and B."}
    assert (folder / "list.txt").exists() is (outcome == "done")
    assert ran["citations"] == []
    assert ran["tokens"]["output"] > 0
    assert ran["timings"]["work_s"] > 0


def test_trace_shows_each_step(run, model, folder, writer) -> None:
    ran = run("run", writer, "Sort it.", "--folder", folder, "--model", model, "--approve", "all")
    trace = run("trace", ran["run"])
    assert [each["kind"] for each in trace["steps"]] == ["model", "model"]
    (call,) = trace["steps"][0]["steps"]
    assert "+A and B." in call["diff"]
    assert call["steps"][0]["by"] == "--approve all"
    shown = run("trace", ran["run"], as_json=False)
    assert 'write_file {"path": "list.txt", "content": "A and B."}  done' in shown
    assert shown.splitlines()[-1] == "I wrote list.txt."


def test_template_is_made_an_agent_by_its_name(run, model) -> None:
    assert {each["is_template"] for each in run("list")} == {True}
    ran = run("run", "tidy a folder", "Hello.", "--model", model)
    assert ran["agent"] == "Tidy a folder"
    listed = {each["name"]: each["is_template"] for each in run("list")}
    assert listed["Tidy a folder"] is False
    shown = run("show", "Tidy a folder")
    assert [each["state"] for each in shown["runs"]] == ["done"]
    assert "move_file: ask" in run("show", "Tidy a folder", as_json=False)


def test_what_cannot_be_run_says_why(run, folder) -> None:
    with pytest.raises(NotFound, match="no agent called"):
        run("run", "Nobody", "Do it.")
    with pytest.raises(NoModelLoaded):
        run("run", "Tidy a folder", "Do it.")
    with pytest.raises(AppError, match="no folder"):
        run("run", "Tidy a folder", "Do it.", "--folder", folder / "none")
    with pytest.raises(NotFound):
        run("trace", 99)


def test_run_that_is_over_cannot_be_continued(run, model, writer) -> None:
    ran = run("run", writer, "Hello.", "--model", model, as_json=True)
    with pytest.raises(AppError, match="cannot be continued"):
        run("continue", ran["run"], "--model", model)


def at_terminal(
    monkeypatch: pytest.MonkeyPatch, *typed: str, verdicts: tuple[Verdict, ...] = tuple(Verdict)
) -> tuple[Any, ...]:
    """What a person who types these lines decides: verdict, changed arguments, reason."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{each}\n" for each in typed)))
    request = ApprovalRequest(
        RunId(1),
        StepId(2),
        "Writer",
        ToolDouble("write").spec,
        {"text": "A"},
        "It changes what is yours.",
        Preview("Write A", "+A", "seal"),
        verdicts,
    )
    decision = Terminal(Printer(as_json=False)).approve(request, CancelToken())
    return decision.verdict, decision.arguments, decision.reason


def test_person_at_a_terminal_sees_the_whole_call(monkeypatch, capsys) -> None:
    assert at_terminal(monkeypatch, "y") == (Verdict.ONCE, None, "")
    shown = capsys.readouterr().err
    for words in ("Writer wants to use write: Write A", '"text": "A"', "+A", "changes what is"):
        assert words in shown


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("a",), (Verdict.ALWAYS, None, "")),
        (("e", '{"text": "B"}'), (Verdict.ONCE, {"text": "B"}, "")),
        (("n", "Not now."), (Verdict.DENY, None, "Not now.")),
        ((), (Verdict.DENY, None, "")),
        (("what?",), (Verdict.DENY, None, "")),
    ],
    ids=["always", "edit", "no", "nothing", "something else"],
)
def test_person_at_a_terminal_decides(monkeypatch, typed, expected) -> None:
    assert at_terminal(monkeypatch, *typed) == expected


def test_changed_arguments_that_cannot_be_read_are_a_no(monkeypatch) -> None:
    assert at_terminal(monkeypatch, "e", "{text: B}")[0] is Verdict.DENY


def test_always_cannot_be_chosen_where_it_is_not_offered(monkeypatch) -> None:
    once = (Verdict.ONCE, Verdict.DENY)
    assert at_terminal(monkeypatch, "a", verdicts=once)[0] is Verdict.DENY


def test_person_at_a_terminal_answers_a_question(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Blue.\n"))
    person = Terminal(Printer(as_json=False))
    assert person.answer(Question("Which?", ("Red", "Blue")), CancelToken()) == "Blue."
    assert "Which? (Red / Blue)" in capsys.readouterr().err
    assert person.answer(Question("Sure?"), CancelToken()) is None

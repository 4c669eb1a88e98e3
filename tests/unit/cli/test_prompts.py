"""`prompt`: the words and the JSON that scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import AppError, NotFound
from app.bootstrap import Services
from app.cli import main as command_line
from app.cli.output import Printer
from app.engine.errors import NoModelLoaded
from app.prompts.errors import NothingNew, PromptError
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import scripted_gguf

_GREETING = """---
name: greeting
description: Greets somebody.
inputs:
- name: who
  kind: string
  required: true
- name: manner
  kind: string
  default: warmly
---
system:
You greet people.

user:
Greet {{ who }} {{ manner }}.
"""

Run = Callable[..., Any]


@pytest.fixture
def services(start: Callable[..., Services]) -> Services:
    return start(Script({"": "Good morning."}))


@pytest.fixture
def run(services: Services, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, as_json: bool = True) -> Any:
        parser, _commands = command_line._parsers()
        arguments = parser.parse_args(["prompt", *words, *(["--json"] if as_json else [])])
        assert arguments.run(services, arguments, Printer(as_json=as_json)) == 0
        printed = capsys.readouterr().out
        return json.loads(printed) if as_json else printed

    return run


@pytest.fixture
def greeting(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "greeting.prompty"
    path.write_text(_GREETING, encoding="utf-8")
    run("import", str(path))
    return path


def _model(tmp_path: Path) -> str:
    path = tmp_path / "tiny.gguf"
    scripted_gguf(path, {"": "Hello."})
    return str(path)


def test_library_begins_with_prompts_that_run(run: Run) -> None:
    listed = run("list")
    assert len(listed) == 10
    assert all(each["latest"] == 1 and each["description"] for each in listed)
    assert "summarise" in run("list", as_json=False)
    assert [each["name"] for each in run("list", "--search", "MINUTES meeting")] == ["minutes"]
    assert run("list", "--tag", "no such tag") == []


def test_prompts_that_were_deleted_do_not_come_back(
    start: Callable[..., Services], services: Services
) -> None:
    for each in services.prompts.prompts():
        services.prompts.delete(each.id)
    services.prompts.purge_deleted()
    assert start().prompts.prompts() == ()


def test_imported_prompt_is_shown_with_its_variables(run: Run, greeting: Path) -> None:
    shown = run("show", "Greeting")
    assert (shown["name"], shown["version"], shown["latest"]) == ("greeting", 1, 1)
    assert [each["name"] for each in shown["content"]["variables"]] == ["who", "manner"]
    text = run("show", "greeting@1", as_json=False)
    assert "-v who=…" in text
    assert "Greet {{ who }} {{ manner }}." in text


def test_file_that_changed_becomes_the_next_version_and_one_that_did_not_says_so(
    run: Run, greeting: Path
) -> None:
    with pytest.raises(NothingNew):
        run("import", str(greeting))
    greeting.write_text(_GREETING.replace("warmly", "coldly"), encoding="utf-8")
    assert run("import", str(greeting))["version"] == 2
    assert run("show", "greeting@1")["content"]["variables"][1]["default"] == "warmly"


def test_exported_prompt_is_the_same_when_it_is_imported_again(
    run: Run, greeting: Path, tmp_path: Path
) -> None:
    for form, suffix in (("prompty", ".prompty"), ("md", ".md")):
        path = tmp_path / f"other{suffix}"
        assert run("export", "greeting", "--format", form, "--output", str(path))["file"]
        path.write_text(path.read_text().replace("name: greeting", f"name: {form}"))
        run("import", str(path))
        one, other = run("show", "greeting"), run("show", form)
        assert one["content"] == other["content"]
    assert run("export", "greeting", as_json=False).startswith("---\nname: greeting\n")


def test_run_fills_in_the_values_and_prints_the_answer(
    run: Run, greeting: Path, tmp_path: Path
) -> None:
    who = tmp_path / "who.txt"
    who.write_text("{{ everybody }}", encoding="utf-8")
    ran = run("run", "greeting", "-v", f"who=@{who}", "--model", _model(tmp_path))
    assert ran["answer"] == "Good morning."
    assert [each["content"] for each in ran["turns"]] == [
        "You greet people.",
        "Greet {{ everybody }} warmly.",
    ]
    assert ran["timings"]["output_tokens"] > 0
    assert run("run", "greeting", "-v", "who=Ann", as_json=False) == "Good morning.\n"


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["run", "greeting", "-v", "who=Ann"], NoModelLoaded, "--model"),
        (["run", "nobody"], NotFound, "nobody"),
        (["run", "greeting@9", "-v", "who=Ann"], NotFound, "9"),
        (["run", "greeting", "-v", "who=@missing.txt"], AppError, "missing.txt"),
        (["import", "missing.prompty"], AppError, "missing.prompty"),
        (["import", "picture.png"], AppError, "picture.png"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, greeting: Path, words: list[str], error: type[AppError], said: str
) -> None:
    with pytest.raises(error) as caught:
        run(*words)
    assert said in str(caught.value)


def test_missing_value_is_named_before_anything_is_sent(
    run: Run, greeting: Path, tmp_path: Path
) -> None:
    with pytest.raises(PromptError, match="who: This needs a value"):
        run("run", "greeting", "--model", _model(tmp_path))


def test_value_without_a_name_is_bad_usage(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("run", "greeting", "-v", "Ann")
    assert caught.value.code == 2
    assert "NAME=VALUE" in capsys.readouterr().err

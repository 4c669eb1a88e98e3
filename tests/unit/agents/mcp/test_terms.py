from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from app.agents.mcp.config import entry
from app.agents.mcp.entities import LaunchTerms, Transport
from app.agents.mcp.errors import CannotLaunch
from app.agents.mcp.launch import Launch, filled, find_launch, references_of
from app.agents.mcp.secret import masked
from app.agents.mcp.terms import terms_of


def terms(**values: Any) -> LaunchTerms:
    return terms_of(find_launch(entry("s", values)), is_agreed=False)


def program(name: str, *arguments: str) -> LaunchTerms:
    return terms_of(Launch("s", Transport.STDIO, f"/usr/bin/{name}", arguments), is_agreed=False)


def test_everything_that_is_started_is_shown() -> None:
    shown = terms(command=sys.executable, args=["-m", "a b"], env={"CITY": "Bern"}, cwd="/")
    assert shown.command_line == f"{sys.executable} -m 'a b'"
    assert shown.environment == (("CITY", "Bern"),)
    assert shown.folder == "/"
    assert "PATH" in shown.inherited


def test_secrets_are_masked_and_references_are_not() -> None:
    shown = terms(
        command=sys.executable,
        args=["--api-key", "abc", "--token=def", "sk-1234567890abcdef", "plain"],
        env={"API_KEY": "hidden", "TOKEN": "${keyring:t}", "DB": "postgres://me:pw@host/db"},
    )
    assert shown.command_line.endswith("--api-key ••• '--token=•••' ••• plain")
    assert shown.environment == (
        ("API_KEY", "•••"),
        ("TOKEN", "${keyring:t}"),
        ("DB", "postgres://•••@host/db"),
    )


def test_header_with_a_reference_shows_it() -> None:
    shown = terms(url="https://a.example", headers={"Authorization": "Bearer ${keyring:t}"})
    assert shown.headers == (("Authorization", "Bearer ${keyring:t}"),)


def test_hidden_characters_of_a_command_are_spelled_out() -> None:
    assert "<U+202E>" in program("a", "x\u202ey").command_line


@pytest.mark.parametrize(
    "change",
    [{"args": ["b"]}, {"env": {"A": "2"}}, {"cwd": "/"}, {"command": "/bin/sh"}],
)
def test_any_change_makes_another_launch(change: dict[str, Any]) -> None:
    base = {"command": sys.executable, "args": ["a"], "env": {"A": "1"}}
    assert terms(**base).seal != terms(**{**base, **change}).seal
    assert terms(**base).seal == terms(**base).seal


def test_program_is_found_where_its_own_path_says(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n", "utf-8")
    tool.chmod(0o755)
    assert terms(command="tool", env={"PATH": str(tmp_path)}).command_line == str(tool)
    assert terms(command="./tool", cwd=str(tmp_path)).command_line == str(tool)
    with pytest.raises(CannotLaunch, match="cannot be found"):
        terms(command="tool")


@pytest.mark.parametrize(
    "values",
    [
        {"command": sys.executable, "cwd": "/no/such/folder"},
        {"url": "ftp://a.example"},
        {"url": "https://"},
        {"url": "https://a.example:port"},
        {"url": "https://a.example/ b"},
    ],
)
def test_what_cannot_be_launched_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(CannotLaunch):
        terms(**values)


@pytest.mark.parametrize(
    ("runner", "arguments", "package"),
    [
        ("npx", ["-y", "some-server"], "some-server"),
        ("npx", ["-y", "@scope/server@latest"], "@scope/server@latest"),
        ("npx", ["-p", "@scope/pkg", "run-it"], "@scope/pkg"),
        ("npx.cmd", ["server"], "server"),
        ("uvx", ["mcp-server-time", "--local-timezone=UTC"], "mcp-server-time"),
        ("uvx", ["--from", "git+https://x.example/y", "run"], "git+https://x.example/y"),
        ("uvx", ["--python", "3.12", "thing@latest"], "thing@latest"),
        ("uv", ["tool", "run", "thing"], "thing"),
        ("pipx", ["run", "thing"], "thing"),
    ],
)
def test_package_without_a_version_is_flagged(
    runner: str, arguments: list[str], package: str
) -> None:
    (warning,) = program(runner, *arguments).warnings
    assert f"downloads {package} and runs it" in warning


@pytest.mark.parametrize(
    ("runner", "arguments"),
    [
        ("npx", ["-y", "@scope/server@1.2.3"]),
        ("uvx", ["thing==1.0"]),
        ("uvx", ["thing@1.0", "--x"]),
        ("uvx", ["--from=thing==2.1.0", "run"]),
        ("python", ["-m", "thing"]),
    ],
)
def test_package_with_a_version_is_not(runner: str, arguments: list[str]) -> None:
    assert program(runner, *arguments).warnings == ()


def test_shell_lines_and_open_connections_are_flagged() -> None:
    assert "shell commands" in program("bash", "-c", "x").warnings[0]
    assert terms(url="http://localhost:8000/mcp").warnings == ()
    assert len(terms(url="https://a.example/mcp").warnings) == 1
    assert "not encrypted" in terms(url="http://a.example/mcp").warnings[1]


def test_keys_and_variables_are_filled_in_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "there")
    it = entry("s", {"url": "https://a/${env:HERE}", "headers": {"A": "Bearer ${keyring:t}"}})
    assert references_of(it) == ("t",)
    launch = find_launch(it)
    ready = filled(launch, {"t": "secret-1"}.__getitem__)
    assert ready.launch.url == "https://a/there"
    assert ready.launch.headers == (("A", "Bearer secret-1"),)
    assert ready.seal == launch.seal
    assert "secret-1" not in repr(ready)


def test_words_that_only_sound_secret_stay() -> None:
    assert masked("Basic setup of the token ring") == "Basic setup of the token ring"

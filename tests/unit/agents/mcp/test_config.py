from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.agents.mcp.config import Config, ServerEntry
from app.agents.mcp.entities import Transport
from app.agents.mcp.errors import ConfigBroken
from app.agents.mcp.importing import pasted

Write = Callable[[str], Path]


def test_file_that_is_not_there_has_no_servers(tmp_path: Path) -> None:
    assert Config(tmp_path / "mcp.json").read() == {}


def test_entries_of_other_programs_are_understood(write: Write) -> None:
    path = write(
        """{
        // as VS Code and Cursor write it
        "mcpServers": {
            "files": {"command": "npx", "args": ["-y", "files@1.0.0", 7],
                "env": {"A": 1, "B": true}},
            "far": {"type": "streamable-http", "url": "https://x.example/mcp",
                "headers": {"K": "v"}},
            "off": {"serverUrl": "https://y.example", "disabled": true}, /* later */
        },
    }"""
    )
    entries = Config(path).read()
    assert entries["files"] == ServerEntry(
        "files",
        Transport.STDIO,
        "npx",
        ("-y", "files@1.0.0", "7"),
        (("A", "1"), ("B", "true")),
    )
    assert entries["far"].transport is Transport.HTTP
    assert entries["far"].headers == (("K", "v"),)
    assert entries["off"].is_disabled
    assert not any(each.problem for each in entries.values())


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "neither a command nor a URL"),
        ("npx", "not an object"),
        ({"command": "a", "url": "https://b"}, "one of them"),
        ({"type": "sse", "url": "https://b"}, "old SSE transport"),
        ({"type": "http", "command": "a"}, "does not go with"),
        ({"command": ["a"]}, "not a text"),
        ({"command": "a", "args": "b"}, "not a list of texts"),
        ({"command": "a", "env": {"A=B": "c"}}, "cannot be used"),
        ({"command": "a", "env": {"A": "b\0"}}, "not a list of names"),
    ],
)
def test_broken_entry_says_what_is_wrong_and_leaves_the_others(
    write: Write, entry: object, problem: str
) -> None:
    path = write(json.dumps({"mcpServers": {"bad": entry, "good": {"command": "x"}}}))
    entries = Config(path).read()
    assert problem in entries["bad"].problem
    assert entries["good"].problem == ""


def test_broken_file_is_told_with_its_place_and_not_overwritten(write: Write) -> None:
    path = write('{"mcpServers": {\n  "a": {"command": }\n}}')
    with pytest.raises(ConfigBroken, match="line 2, column 20"):
        Config(path).read()
    with pytest.raises(ConfigBroken):
        Config(path).put({"b": {"command": "x"}})
    assert path.read_text("utf-8").startswith('{"mcpServers": {\n  "a"')


def test_unknown_keys_stay_in_the_file(write: Write) -> None:
    path = write('{"theme": "dark", "mcpServers": {"a": {"command": "x", "gallery": true}}}')
    config = Config(path)
    config.put({"b": {"url": "https://b.example"}})
    config.put({"a": {**config.values("a"), "args": ["1"]}})
    whole = json.loads(path.read_bytes())
    assert whole["theme"] == "dark"
    assert whole["mcpServers"]["a"] == {"command": "x", "gallery": True, "args": ["1"]}
    config.remove("a")
    assert list(config.read()) == ["b"]


def test_comment_marks_inside_texts_are_texts(write: Write) -> None:
    path = write('{"mcpServers": {"a": {"url": "https://a.example/*x*/,}"}}}')
    assert Config(path).read()["a"].url == "https://a.example/*x*/,}"


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {"a": {"command": "x"}}}',
        '{"servers": {"a": {"command": "x"}}, "inputs": []}',
        '{"mcp": {"servers": {"a": {"command": "x"}}}}',
        '{"a": {"command": "x"}}',
        '"a": {"command": "x"},',
        '{"name": "a", "command": "x"}',
    ],
)
def test_whole_files_and_pieces_can_be_pasted(text: str) -> None:
    entries = pasted(text)
    assert list(entries) == ["a"]
    assert entries["a"]["command"] == "x"


def test_pasted_names_that_are_taken_get_a_number() -> None:
    assert list(pasted('{"a": {"command": "x"}}', taken=("a", "a-2"))) == ["a-3"]


def test_secrets_that_an_editor_asks_for_become_keys_of_the_keyring() -> None:
    entries = pasted('{"a": {"command": "x", "env": {"T": "${input:token}"}}}')
    assert entries["a"]["env"] == {"T": "${keyring:token}"}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "hello", '{"a": {"args": []}}', '{"a\\u202e": {"command": "x"}}']
)
def test_what_describes_no_server_is_refused(text: str) -> None:
    with pytest.raises(ConfigBroken):
        pasted(text)


@pytest.mark.parametrize(
    "text", ['{"a":' * 100_000, '{"a": ' + "9" * 5_000 + "}"], ids=["nesting", "digits"]
)
def test_nesting_and_digits_without_end_are_refused(text: str) -> None:
    with pytest.raises(ConfigBroken, match="too deeply, or a number"):
        pasted(text)


@pytest.mark.parametrize("opening", ['\\"', '"\\', "/* "])
def test_what_is_opened_again_and_again_is_refused_soon(opening: str) -> None:
    started = time.thread_time()
    with pytest.raises(ConfigBroken, match="line 1"):
        pasted("{" + opening * 300_000)
    assert time.thread_time() - started < 5

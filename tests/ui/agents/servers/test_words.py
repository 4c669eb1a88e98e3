"""What the page of tool servers says and writes, without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.agents.entities import Risk
from app.agents.mcp.entities import LaunchTerms, ServerState, ServerView, ToolView, Transport
from app.base.errors import AppError
from app.ui.agents.servers.draft import (
    AddressText,
    Pair,
    ProgramText,
    address_changes,
    address_draft,
    address_text,
    looks_secret,
    program_changes,
    program_draft,
    program_text,
)
from app.ui.agents.servers.words import command_lines, pair_lines, plain, state_of, tools_text


def view(state: ServerState = ServerState.STOPPED, **more) -> ServerView:
    return ServerView("raw", Transport.STDIO, "raw", state, **more)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (view(), "Wants your agreement"),
        (view(is_agreed=True), "Not started"),
        (view(ServerState.STARTING, is_agreed=True), "Starting…"),
        (view(ServerState.RUNNING, is_agreed=True, problem="changed"), "Running"),
        (view(ServerState.FAILED, is_agreed=True, problem="It ended."), "Failed"),
        (view(problem="No such program."), "Cannot start"),
        (view(ServerState.RUNNING, is_disabled=True), "Off"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_state_is_said_in_words(shown: ServerView, words: str):
    assert state_of(shown).words == words


def test_tools_that_wait_are_counted():
    def tool(name: str, **more) -> ToolView:
        return ToolView(name, name, name, "", Risk.SEND, **more)

    tools = [tool("a", is_on=True), tool("b", is_on=False, is_new=True), tool("c", is_on=False)]
    assert tools_text(tools) == "3 tools, 1 on, 1 to review"


def test_command_is_one_argument_a_line_whatever_is_in_it():
    line = "/bin/run '' 'two words' 'a\nb' 'it'\"'\"'s' •••"
    terms = LaunchTerms("raw", Transport.STDIO, "", command_line=line)
    assert command_lines(terms) == ("/bin/run", "", "two words", "a⏎b", "it's", "•••")


def test_key_from_the_keyring_is_named_and_hidden_characters_are_spelled():
    pairs = (("TOKEN", "Bearer ${keyring:TOKEN}"), ("A\u202eB", "x\ny"))
    assert pair_lines(pairs, " = ") == (
        "TOKEN = Bearer (the key “TOKEN” from the keyring)",
        "A<U+202E>B = x⏎y",
    )


def test_endless_word_can_be_wrapped():
    assert max(map(len, plain("x" * 1000).split("\u200b"))) == 32


@pytest.mark.parametrize(("name", "is_secret"), [("API_KEY", True), ("PLACE", False)])
def test_secret_is_known_by_its_name(name: str, is_secret: bool):
    assert looks_secret(name) is is_secret


def test_address_writes_no_secret():
    headers = (Pair("Authorization", "Bearer abc", is_secret=True), Pair("", ""))
    draft = address_draft(" notes ", " https://example.com/mcp ", headers)
    assert draft.name == "notes"
    assert draft.entry == {
        "url": "https://example.com/mcp",
        "headers": {"Authorization": "${keyring:Authorization}"},
    }
    assert draft.keys == (("Authorization", "Bearer abc"),)


@pytest.mark.parametrize(
    "pairs",
    [
        (Pair("", "value"),),
        (Pair("A", "1"), Pair("A", "2")),
        (Pair("A}", "1", is_secret=True),),
    ],
    ids=["no name", "twice", "braces"],
)
def test_variable_without_a_name_of_its_own_is_refused(pairs: tuple[Pair, ...]):
    with pytest.raises(AppError, match="cannot be used"):
        program_draft("raw", "python3", "", pairs, "")


# No field can show an argument of two lines, an empty one, or blanks at the ends of one.
PROGRAM = {
    "command": "npx",
    "args": ["-y", "", " two\nlines "],
    "env": {"TOKEN": "${keyring:main}", "PLACE": "here", "AUTH": "Bearer ${keyring:other}"},
    "cwd": "/home/me",
    "alwaysAllow": ["read"],
}


def test_entry_stands_in_fields_without_its_keys():
    assert program_text(PROGRAM) == ProgramText(
        "npx",
        "-y\n\n two\nlines ",
        (
            Pair("TOKEN", "", is_secret=True, reference="main"),
            Pair("PLACE", "here"),
            Pair("AUTH", "Bearer ${keyring:other}"),
        ),
        "/home/me",
    )


def test_what_was_not_touched_stays_to_the_letter():
    text = program_text(PROGRAM)
    assert program_changes("raw", PROGRAM, text).entry == {}
    moved = replace(text, folder="", command=" uvx ")
    assert program_changes("raw", PROGRAM, moved).entry == {"command": "uvx", "cwd": None}
    fewer = replace(text, arguments="-y\nserver@2", environment=text.environment[:1])
    draft = program_changes("raw", PROGRAM, fewer)
    assert draft.entry == {"args": ["-y", "server@2"], "env": {"TOKEN": "${keyring:main}"}}
    assert draft.keys == ()
    bare = replace(text, arguments=" \n", environment=())
    assert program_changes("raw", PROGRAM, bare).entry == {"args": None, "env": None}


def test_new_value_of_a_kept_key_goes_where_the_old_one_is():
    text = program_text(PROGRAM)
    first = replace(text.environment[0], value=" new ")
    draft = program_changes("raw", PROGRAM, replace(text, environment=(first,)))
    assert (draft.entry["env"], draft.keys) == ({"TOKEN": "${keyring:main}"}, (("main", "new"),))
    assert "new" not in repr(draft)


def test_address_keeps_the_name_that_its_value_has_in_the_file():
    values = {"serverUrl": "https://a.example/mcp", "headers": {"X": "1"}, "type": "http"}
    now = AddressText("https://b.example/mcp", ())
    entry = address_changes("raw", values, now).entry
    assert entry == {"serverUrl": "https://b.example/mcp", "headers": None}
    assert address_changes("raw", values, address_text(values)).entry == {}
    with pytest.raises(AppError):
        address_changes("raw", values, replace(now, url=" "))


@pytest.mark.parametrize("wrong", [None, 5, "text", ["x"], {"a": ["b"]}])
def test_broken_entry_can_be_shown(wrong):
    text = program_text({"command": wrong, "args": wrong, "env": wrong, "cwd": wrong})
    assert isinstance(text.arguments, str)
    assert isinstance(address_text({"url": wrong, "headers": wrong}).url, str)

"""What the page of tool servers says: states, risks and texts that servers wrote. No Qt."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.agents.entities import Risk
from app.agents.mcp.definitions import shown
from app.agents.mcp.entities import LaunchTerms, ServerState, ServerView, ToolView, Transport
from app.ui.amounts import count_text

RISK_WORDS: Final = {
    Risk.READ: "Reads",
    Risk.WRITE: "Changes things",
    Risk.SEND: "Sends or unknown",
}
_UNBROKEN: Final = re.compile(r"(\S{32})(?=\S)")
_KEY: Final = re.compile(r"\$\{keyring:([^{}]+)\}")
_ENTER: Final = "\u23ce"  # a line end inside an argument


@dataclass(frozen=True, slots=True)
class State:
    """A state in words. `sev` is the style sheet's."""

    words: str
    sev: str = ""


def state_of(view: ServerView) -> State:
    """Where a server is, and so what a person may do next."""
    if view.is_disabled:
        return State("Off")
    if view.state is ServerState.STARTING:
        return State("Starting…", "info")
    if view.state is ServerState.RUNNING:
        return State("Running", "ok")
    if view.state is ServerState.FAILED:
        return State("Failed", "danger")
    if view.problem:
        return State("Cannot start", "danger")
    return State("Not started") if view.is_agreed else State("Wants your agreement", "warn")


def is_alive(view: ServerView) -> bool:
    """Whether it runs or is about to."""
    return view.state in (ServerState.STARTING, ServerState.RUNNING)


def tools_text(tools: Sequence[ToolView]) -> str:
    """How many tools there are, how many are on, and how many wait for the person."""
    waiting = sum(each.is_changed or each.is_new for each in tools)
    parts = [count_text(len(tools), "tool"), f"{sum(each.is_on for each in tools)} on"]
    return ", ".join([*parts, f"{waiting} to review"] if waiting else parts)


def tool_mark(tool: ToolView) -> State | None:
    """Why a tool is off although nobody switched it off; None if that is not so."""
    if tool.problem:
        return State("Cannot be used", "danger")
    if tool.is_changed:
        return State("Changed since you allowed it", "warn")
    return State("New", "warn") if tool.is_new else None


def plain(text: str) -> str:
    """A text of a server's or of a file's, hidden characters spelled out, that can be wrapped."""
    return _UNBROKEN.sub("\\1\u200b", shown(text))


def command_lines(terms: LaunchTerms) -> tuple[str, ...]:
    """The program and each of its arguments, secrets masked, in one line each."""
    try:
        words = shlex.split(terms.command_line)
    except ValueError:  # never seen; then the whole line is shown as it is
        words = [terms.command_line]
    return tuple(one_line(word) for word in words)


def pair_lines(pairs: Sequence[tuple[str, str]], mark: str) -> tuple[str, ...]:
    """Names with values; a key is named, as it is never written into the file."""
    return tuple(
        f"{one_line(name)}{mark}{one_line(_KEY.sub(_key_words, value))}" for name, value in pairs
    )


def one_line(text: str) -> str:
    """A text that begins no second line, so that it can pass for no other."""
    return shown(text).replace("\n", _ENTER).replace("\t", "<U+0009>")


def consent_text(transport: Transport) -> str:
    """What agreeing means."""
    if transport is Transport.HTTP:
        return (
            "Cairn would connect to this address and let agents use the tools that it offers. "
            "Whoever runs it sees what agents hand to those tools."
        )
    return (
        "Cairn would start this program on your computer. It runs with your rights: it can read "
        "and change your files and use the network, whether an agent asks it to or not."
    )


def _key_words(found: re.Match[str]) -> str:
    return f"(the key “{found[1]}” from the keyring)"

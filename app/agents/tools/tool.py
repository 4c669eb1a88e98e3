"""The shape of a tool, its results and faults, and the check of arguments before anything runs.

Who may run a tool, and when a person is asked, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from app.agents.entities import Risk
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.chat.entities import Citation
from app.engine.messages import Tool as OfferedTool
from app.engine.structured.validation import CannotCheck, Fault, faults

_MOST_FAULTS: Final = 50
_MOST_PROBLEMS: Final = 5  # of them are told
_MOST_SHOWN: Final = 200

Arguments = Mapping[str, Any]


class ToolFault(AppError):
    """An expected failure of a tool; the model gets it as words and may try another way."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a tool is.

    Attributes:
        tool: as it is offered to the model: name, description, JSON Schema of the arguments.
        risk: what it can do at worst.
        title: what it does, for people: "Read a file".
        server: that offers it, by its name in mcp.json; empty for Cairn's own tools.
    """

    tool: OfferedTool
    risk: Risk
    title: str
    server: str = ""

    @property
    def name(self) -> str:
        """What the model calls it by."""
        return self.tool.name


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool found or did.

    Attributes:
        text: for the model.
        is_untrusted: others may have written some of it: documents, files, servers.
        source: where untrusted text is from, in words.
        whole: all of the text, where `text` is not; empty otherwise.
        preview: what was changed, as a unified diff; empty if nothing was.
        citations: sources that the text names by number.
    """

    text: str
    is_untrusted: bool = False
    source: str = ""
    whole: str = ""
    preview: str = ""
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call would change, for a person to agree to.

    Attributes:
        title: in one line: "Write the new file notes.md".
        diff: the whole change, as a unified diff.
        seal: SHA-256 of the file, what is in it and what would be; the change is made only if all
            three are still the same.
    """

    title: str
    diff: str
    seal: str


class Tool(Protocol):
    """Something an agent can do. `run` is called from any thread, with arguments that were checked.

    `run` raises `ToolFault` for what the model should hear and `Cancelled` when it was stopped.
    """

    @property
    def spec(self) -> ToolSpec:
        """What it is."""

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Do it."""


@runtime_checkable
class PreviewedTool(Tool, Protocol):
    """A tool that can say what it would change."""

    def preview(self, arguments: Arguments, cancel: CancelToken) -> Preview:
        """What `run` would change; nothing is changed yet.

        Raises:
            ToolFault: it cannot be done.
        """

    def run(
        self, arguments: Arguments, cancel: CancelToken, preview: Preview | None = None
    ) -> ToolResult:
        """Do it, and exactly what was previewed if a preview is given."""


def checked(spec: ToolSpec, arguments: Arguments) -> dict[str, Any]:
    """The arguments, once they satisfy the schema; a null that says "not given" is left out.

    A schema may come from a server: see `app.engine.structured.validation` for its bounds. What
    only other engines read as a regular expression is left to whoever runs the tool.

    Raises:
        ToolFault: they do not, with the place of each wrong argument; or the schema is broken.
    """
    given = dict(arguments)
    found = _faults(spec, given)
    absent = _not_given(spec, given, found)
    if absent:
        given = {name: value for name, value in given.items() if name not in absent}
        found = _faults(spec, given)
    if found:
        problems = " ".join(map(_words, found[:_MOST_PROBLEMS]))
        raise ToolFault(
            f"The arguments of {spec.name} are wrong. {problems}",
            "Call it again with arguments that its description allows.",
        )
    return given


def _faults(spec: ToolSpec, arguments: Arguments) -> tuple[Fault, ...]:
    try:
        return faults(spec.tool.parameters, arguments, most=_MOST_FAULTS, skips_unreadable=True)
    except CannotCheck as problem:
        raise ToolFault(
            f"The tool {spec.name} cannot be called: its description is broken. {problem}",
            "Use another tool.",
        ) from problem


def _not_given(spec: ToolSpec, arguments: Arguments, found: tuple[Fault, ...]) -> set[str]:
    """Names of optional arguments that are null where that is not allowed."""
    required = spec.tool.parameters.get("required", ())
    wrong = {each.path for each in found}
    return {
        name
        for name, value in arguments.items()
        if value is None and name not in required and (name,) in wrong
    }


def _words(fault: Fault) -> str:
    place = fault.place.removeprefix(".")
    shown = fault.words if len(fault.words) <= _MOST_SHOWN else f"{fault.words[:_MOST_SHOWN]}…"
    return f"{place}: {shown}." if place else f"{shown}."

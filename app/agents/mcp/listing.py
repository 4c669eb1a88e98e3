"""Which tools of a server may be used: those listed, against what the person accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from app.agents.entities import Risk
from app.agents.mcp.consent import ServerConsent, ToolConsent
from app.agents.mcp.definitions import (
    BrokenDefinition,
    Definition,
    offered,
    offered_name,
    shown,
)
from app.agents.mcp.entities import ToolReview, ToolView
from app.agents.mcp.errors import McpProblem
from app.agents.tools.diff import diff

_MOST_DESCRIPTION: Final = 10_000
_LONGEST_TITLE: Final = 100


def first_listed(consent: ServerConsent, definitions: Sequence[Definition]) -> ServerConsent:
    """Consent with what was listed first after the launch was agreed to; all of it is on."""
    if consent.is_listed:
        return consent
    new = {
        each.name: ToolConsent(each)
        for each in definitions
        if each.name not in consent.tools and not each.is_cut
    }
    return replace(consent, is_listed=True, tools={**consent.tools, **new})


def views(
    server: str, consent: ServerConsent, definitions: Sequence[Definition] | None
) -> tuple[ToolView, ...]:
    """The tools as listed; as accepted where none are listed now (`definitions` is None)."""
    if definitions is None:
        definitions = [each.definition for each in consent.tools.values()]
    return tuple(_view(server, each, consent.tools.get(each.name)) for each in definitions)


def usable(
    consent: ServerConsent, definitions: Sequence[Definition] | None
) -> Iterator[ToolConsent]:
    """What is switched on and, if it is listed, still what was accepted."""
    listed = None if definitions is None else {each.name: each.seal for each in definitions}
    for name, tool in consent.tools.items():
        if tool.is_on and (listed is None or listed.get(name) == tool.definition.seal):
            yield tool


def is_usable(
    consent: ServerConsent, definitions: Sequence[Definition], definition: Definition
) -> bool:
    """Whether a tool is switched on, and listed exactly as it was accepted and handed out."""
    known = consent.tools.get(definition.name)
    now = next((each for each in definitions if each.name == definition.name), None)
    if known is None or now is None or not known.is_on:
        return False
    return known.definition.seal == now.seal == definition.seal


def switched(
    consent: ServerConsent,
    definitions: Sequence[Definition],
    tool: str,
    *,
    is_on: bool,
    risk: Risk,
) -> ServerConsent:
    """Consent with a tool on or off. Switching a new tool on accepts it as it is listed.

    Raises:
        McpProblem: there is no such tool, it cannot be used, or its change is not accepted.
    """
    now = next((each for each in definitions if each.name == tool), None)
    known = consent.tools.get(tool)
    if known is None and now is None:
        raise McpProblem("There is no such tool.", "The server may have taken it back.")
    if known is None and now is not None:
        known = ToolConsent(now)
    assert known is not None
    if is_on and now is not None and now.seal != known.definition.seal:
        raise McpProblem("The server changed this tool.", "Look at what changed and accept it.")
    if known.definition.is_cut:
        raise McpProblem("The description of this tool is too long to use.")
    return consent.with_tool(replace(known, is_on=is_on, risk=risk))


def review(
    server: str, consent: ServerConsent, definitions: Sequence[Definition], tool: str
) -> ToolReview:
    """What changed.

    Raises:
        McpProblem: the tool is not listed now.
    """
    now = next((each for each in definitions if each.name == tool), None)
    if now is None:
        raise McpProblem(
            f"{server} does not list this tool at the moment.", "Start the server and look again."
        )
    known = consent.tools.get(tool)
    before, after = known.definition.text if known else "", now.text
    return ToolReview(
        tool, before, after, diff(before, after, tool, is_new=known is None), now.seal
    )


def accepted(
    consent: ServerConsent, definitions: Sequence[Definition], tool: str, seal: str
) -> ServerConsent:
    """Consent with the tool as it is listed, switched on.

    Raises:
        McpProblem: it is not (any more) what was looked at.
    """
    now = next((each for each in definitions if each.name == tool), None)
    if now is None or now.seal != seal or now.is_cut:
        raise McpProblem("The server changed this tool again.", "Look at it once more.")
    risk = consent.tools[tool].risk if tool in consent.tools else Risk.SEND
    return consent.with_tool(ToolConsent(now, is_on=True, risk=risk))


def title_of(definition: Definition) -> str:
    """What it does, in one line, for people."""
    text = " ".join(shown(definition.title or definition.name).split())
    return text[:_LONGEST_TITLE]


def _view(server: str, definition: Definition, known: ToolConsent | None) -> ToolView:
    problem = ""
    try:
        offered(server, definition)
    except BrokenDefinition as error:
        problem = error.message
    is_changed = known is not None and known.definition.seal != definition.seal
    return ToolView(
        definition.name,
        offered_name(server, definition.name),
        title_of(definition),
        shown(definition.description[:_MOST_DESCRIPTION]),
        known.risk if known else Risk.SEND,
        is_on=known is not None and known.is_on and not is_changed and not problem,
        is_changed=is_changed,
        is_new=known is None,
        problem=problem,
    )

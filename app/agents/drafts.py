"""An agent as it is written, and what makes it one that can be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from app.agents.entities import Agent, Budgets, GrantedFolder, ToolPolicy
from app.agents.errors import BadAgent
from app.engine.sampling import Sampling
from app.library.entities import CollectionId
from app.modelhub.entities import EndpointId, ModelId
from app.prompts.entities import PromptId
from app.prompts.naming import one_line, plain_text

LONGEST_NAME: Final = 64
LONGEST_INSTRUCTIONS: Final = 20_000
LONGEST_TASK: Final = 100_000
MOST_TOOLS: Final = 200
MOST_FOLDERS: Final = 20
MOST_BUDGETS: Final = Budgets(steps=500, tool_calls=1_000, tokens=1_000_000, seconds=86_400.0)


@dataclass(frozen=True, slots=True)
class AgentDraft:
    """All of an agent that a person decides. See `Agent` for what the parts mean."""

    name: str
    instructions: str = ""
    prompt: tuple[PromptId, int] | None = None
    model: ModelId | None = None
    endpoint: EndpointId | None = None
    sampling: Sampling | None = None
    tools: tuple[ToolPolicy, ...] = ()
    folders: tuple[GrantedFolder, ...] = ()
    collections: tuple[CollectionId, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)

    @classmethod
    def of(cls, agent: Agent) -> AgentDraft:
        """An agent, to be written on."""
        return cls(
            agent.name,
            agent.instructions,
            agent.prompt,
            agent.model,
            agent.endpoint,
            agent.sampling,
            agent.tools,
            agent.folders,
            agent.collections,
            agent.budgets,
        )


def checked_draft(draft: AgentDraft, known: Iterable[GrantedFolder] = ()) -> AgentDraft:
    """The draft as it can be kept: texts trimmed, and nothing in it twice.

    Args:
        draft: as it was written.
        known: folders that were granted before; they may be away for now.

    Raises:
        BadAgent: a part cannot be used; which, and what would be right.
    """
    if draft.model is not None and draft.endpoint is not None:
        raise BadAgent("An agent cannot have two models.", "Choose a file or a server.")
    tools = {each.name: each for each in draft.tools}
    folders = {each.path: each for each in draft.folders}
    _check_count(len(tools), MOST_TOOLS, "tools")
    _check_count(len(folders), MOST_FOLDERS, "folders")
    there = {each.path for each in known}
    for path in folders:
        if not path.is_absolute() or not (path in there or path.is_dir()):
            raise BadAgent(f"{path} is no folder.", "Choose a folder that is there.")
    _check_budgets(draft.budgets)
    return replace(
        draft,
        name=checked_name(draft.name),
        instructions=_within(plain_text(draft.instructions), LONGEST_INSTRUCTIONS, "instructions"),
        tools=tuple(tools.values()),
        folders=tuple(folders.values()),
        collections=tuple(dict.fromkeys(draft.collections)),
    )


def checked_name(name: str) -> str:
    """The name of an agent, ready to be kept.

    Raises:
        BadAgent: it is empty or too long.
    """
    line = one_line(name)
    if not line:
        raise BadAgent("The agent has no name.", "Write one that says what it is for.")
    return _within(line, LONGEST_NAME, "name")


def checked_task(task: str) -> str:
    """What an agent is to do, ready to be sent.

    Raises:
        BadAgent: it is empty or too long.
    """
    text = plain_text(task)
    if not text:
        raise BadAgent("There is no task.", "Write what the agent is to do.")
    return _within(text, LONGEST_TASK, "task")


def _within(text: str, longest: int, what: str) -> str:
    if len(text) > longest:
        raise BadAgent(
            f"The {what} is too long: {len(text):,} letters.", f"Use at most {longest:,}."
        )
    return text


def _check_count(number: int, most: int, what: str) -> None:
    if number > most:
        raise BadAgent(f"An agent cannot have {number} {what}.", f"Use at most {most}.")


def _check_budgets(budgets: Budgets) -> None:
    limits = {
        "steps": (budgets.steps, MOST_BUDGETS.steps),
        "tool calls": (budgets.tool_calls, MOST_BUDGETS.tool_calls),
        "tokens": (budgets.tokens, MOST_BUDGETS.tokens),
        "seconds": (budgets.seconds, MOST_BUDGETS.seconds),
    }
    for what, (value, most) in limits.items():
        if not 1 <= value <= most:
            raise BadAgent(
                f"The limit of {what} cannot be {value:,}.", f"Choose between 1 and {most:,}."
            )

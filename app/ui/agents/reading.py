"""What the pane reads of agents and runs, each in one go and off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.agents.approvals import Grant
from app.agents.entities import Agent, AgentId
from app.agents.instructions import instructions_from
from app.agents.tools.tool import ToolSpec
from app.agents.trace import Run, RunId, Step
from app.base.errors import AppError, NotFound
from app.evals.entities import Item
from app.library.entities import Collection
from app.prompts.entities import PromptId
from app.ui.agents.servers.tools import server_tool_specs

if TYPE_CHECKING:
    from app.agents.runs import RunService
    from app.bootstrap import Services

FOLDER_TOOLS = frozenset(
    ("list_files", "read_file", "search_files", "read_table", "analyse_table", "write_file")
)
"""Tools that work in granted folders; without one they cannot work."""


@dataclass(frozen=True, slots=True)
class PromptTaken:
    """A version of a prompt, by the name that people know it by."""

    prompt: PromptId
    number: int
    reference: str


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What the editor of an agent needs to know.

    Attributes:
        own: Cairn's tools, in their order.
        served: those of the servers.
        trouble: why the servers' tools could not be listed; None if they could.
        prompt: that the instructions were taken from, as "name@version"; empty if from none.
    """

    own: tuple[ToolSpec, ...]
    served: tuple[ToolSpec, ...]
    collections: tuple[Collection, ...]
    grants: tuple[Grant, ...]
    trouble: AppError | None = None
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run with its steps."""

    run: Run
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The agents, and the runs of one of them."""

    agents: tuple[Agent, ...]
    agent_id: AgentId | None
    runs: tuple[Run, ...]


def read_shelf(services: Services, agent_id: AgentId | None) -> Shelf:
    """Everything the left side shows."""
    runs = services.agent_runs.runs(agent_id) if agent_id is not None else ()
    return Shelf(services.agents.agents(), agent_id, runs)


def read_facts(services: Services, agent: Agent) -> AgentFacts:
    """All of it."""
    from app.agents.tools.toolbox import ALL_TOOLS  # readers of files come with it

    trouble: AppError | None = None
    served: tuple[ToolSpec, ...] = ()
    try:
        served = server_tool_specs(services)
    except AppError as error:
        trouble = error
    return AgentFacts(
        own=ALL_TOOLS,
        served=served,
        collections=services.library.collections(),
        grants=services.agents.grants(agent.id),
        trouble=trouble,
        prompt=_reference(services, agent),
    )


def open_run(runs: RunService, run_id: RunId) -> OpenedRun:
    """A run to be shown, or `NotFound`."""
    return OpenedRun(runs.get(run_id), runs.steps(run_id))


def read_prompts(services: Services) -> tuple[PromptTaken, ...]:
    """The versions that instructions can be taken from: the newest and the labelled ones."""
    found = []
    for prompt in services.prompts.prompts():
        numbers = {prompt.latest, *prompt.labels.values()} - {0}
        for number in sorted(numbers, reverse=True):
            found.append(PromptTaken(prompt.id, number, f"{prompt.name}@{number}"))
    return tuple(found)


def take_instructions(services: Services, taken: PromptTaken) -> str:
    """The text of a version, or `BadAgent` if there is none to take."""
    return instructions_from(services.prompts.version(taken.prompt, taken.number))


def case_of(runs: RunService, run_id: RunId) -> Item:
    """A run as a row of a suite: what was asked, what came of it, and the calls it took."""
    case = runs.case(run_id)
    calls = [{"name": each.name, "arguments": dict(each.arguments)} for each in case.tool_calls]
    metadata: Mapping[str, object] = {"tool_calls": calls} if calls else {}
    targets = (case.target,) if case.target else ()
    return Item(f"run-{run_id}", case.input, targets, ("agent",), metadata)


def _reference(services: Services, agent: Agent) -> str:
    if agent.prompt is None:
        return ""
    prompt_id, number = agent.prompt
    try:
        return f"{services.prompts.get(prompt_id).name}@{number}"
    except NotFound:
        return f"a prompt that is gone, version {number}"

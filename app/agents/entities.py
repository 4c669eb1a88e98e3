"""The agents' nouns: what an agent is, what it may touch, and how far it may go."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType

from app.engine.sampling import Sampling
from app.library.entities import CollectionId
from app.modelhub.entities import EndpointId, ModelId
from app.prompts.entities import PromptId

AgentId = NewType("AgentId", int)


class Risk(StrEnum):
    """What a tool can do at worst. Cairn's own judgement; what a server says of itself is none."""

    COMPUTE = "compute"  # its arguments in, a result out
    ASK = "ask"  # speaks to the person
    READ = "read"  # reads what is theirs
    WRITE = "write"  # changes what is theirs
    SEND = "send"  # reaches beyond this computer, or does what nobody here can check

    @property
    def has_effect(self) -> bool:
        """Whether something is other than before, which no one can take back by looking away."""
        return self in (Risk.WRITE, Risk.SEND)


class Policy(StrEnum):
    """When a tool of an agent runs."""

    OFF = "off"
    ASK = "ask"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class GrantedFolder:
    """A folder that an agent may read, and change if it says so."""

    path: Path
    can_write: bool = False


@dataclass(frozen=True, slots=True)
class Budgets:
    """Where a run ends, whatever it has reached. Each at least 1.

    Attributes:
        steps: replies of the model.
        tokens: written by the model, over the whole run.
        seconds: of work; waiting for the person does not count.
    """

    steps: int = 20
    tool_calls: int = 40
    tokens: int = 20_000
    seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """A tool that an agent has, by the name that the model calls it by."""

    name: str
    policy: Policy = Policy.ASK


@dataclass(frozen=True, slots=True)
class Agent:
    """A model with instructions, tools and limits. A tool that is not listed is off.

    Attributes:
        instructions: said to the model first; of the prompt version it was taken from, if any.
        prompt: that prompt and the number of its version.
        model, endpoint: what answers; at most one is set, None takes what is in use.
        sampling: None takes the settings of the model.
        collections: what it may search in the library; empty for all of it.
    """

    id: AgentId
    name: str
    instructions: str
    created_at: datetime
    updated_at: datetime
    prompt: tuple[PromptId, int] | None = None
    model: ModelId | None = None
    endpoint: EndpointId | None = None
    sampling: Sampling | None = None
    tools: tuple[ToolPolicy, ...] = ()
    folders: tuple[GrantedFolder, ...] = ()
    collections: tuple[CollectionId, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)

    def policy_for(self, tool: str) -> Policy:
        """When it may use the tool of this name."""
        return next((each.policy for each in self.tools if each.name == tool), Policy.OFF)

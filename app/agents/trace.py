"""The trace of a run: what the model said, which tools it used, and what a person allowed.

A run is a tree of steps, stored as they happen. What was sent to the model is not stored again
with each reply: `conversation` makes it from the steps before, for the loop as for a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from app.agents.entities import Agent, Risk
from app.chat.entities import Citation
from app.engine.messages import ToolCall
from app.engine.protocol import FinishReason, Timings
from app.engine.sampling import Sampling

RunId = NewType("RunId", int)
StepId = NewType("StepId", int)


class RunState(StrEnum):
    """How far a run is.

    INTERRUPTED: Cairn ended in the middle of it. LIMITED: a budget or a repetition ended it, and
    the answer is what the model could say by then.
    """

    RUNNING = "running"
    DONE = "done"
    LIMITED = "limited"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def can_continue(self) -> bool:
        """Whether there is something left to do, and nothing against doing it."""
        return self in (RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED)


class Limit(StrEnum):
    """What ended a run before the model was done."""

    STEPS = "steps"
    TOOL_CALLS = "tool_calls"
    TOKENS = "tokens"
    SECONDS = "seconds"
    REPETITION = "repetition"  # the same call again and again
    REPAIRS = "repairs"  # calls that could not be made, one after the other


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took so far.

    Attributes:
        steps: replies of the model.
        prompt_tokens: read by the model, over all steps, those it had in memory included.
        output_tokens: written by it.
        work_s: seconds without those spent waiting for the person.
        waited_s: seconds spent waiting for the person.
    """

    steps: int = 0
    tool_calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    work_s: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RunModel:
    """What answered, for the record.

    Attributes:
        sha256: of the file; empty for a server, and while it is not known.
        host: of the server; empty on this computer.
    """

    name: str
    quantization: str = ""
    sha256: str = ""
    host: str = ""
    engine_build: str = ""
    template_sha256: str = ""
    dialect: str = ""
    context_length: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A task that an agent was given, and what came of it.

    Attributes:
        agent: as it was when the run began; it may be another by now, or gone.
        nonce: marks untrusted text in this run.
        ended_at: None while it runs.
        answer: the last thing the model said to the person; empty if there is none.
        problem: why it is not simply done, in words with the next step; empty if it is.
        limit: what ended it early, if it is LIMITED.
        citations: the sources that the answer names by number.
    """

    id: RunId
    agent: Agent
    task: str
    state: RunState
    started_at: datetime
    nonce: str = field(repr=False)
    ended_at: datetime | None = None
    answer: str = ""
    problem: str = ""
    limit: Limit | None = None
    model: RunModel | None = None
    spent: Spent = field(default_factory=Spent)
    citations: tuple[Citation, ...] = ()


class Outcome(StrEnum):
    """What became of a call.

    WAITING: a person is asked, or was when the run was stopped. SKIPPED: a limit ended the run
    first. INVALID: no such tool, or wrong arguments. REPEATED: the same call had been made
    already. DENIED: it was not allowed. In all of these nothing ran.
    FAULT: the tool said that it cannot. BROKEN: the tool failed in a way that it should not.
    TIMED_OUT, STOPPED, UNKNOWN: nobody knows whether it was done; UNKNOWN if Cairn ended meanwhile.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    INVALID = "invalid"
    REPEATED = "repeated"
    SKIPPED = "skipped"
    DENIED = "denied"
    FAULT = "fault"
    BROKEN = "broken"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self in (Outcome.WAITING, Outcome.RUNNING)


class Ground(StrEnum):
    """Why a call was allowed."""

    HARMLESS = "harmless"  # it only computes, or asks the person
    POLICY = "policy"  # the agent may use the tool without asking
    SESSION = "session"  # the person allowed it until Cairn is closed
    ALWAYS = "always"  # the person allowed it for good
    ASKED = "asked"  # the person was asked, or what answers for them


@dataclass(frozen=True, slots=True)
class Shortened:
    """The result of a tool, sent to the model with no more than this many bytes of it."""

    step: StepId
    most_bytes: int


@dataclass(frozen=True, slots=True)
class ModelReply:
    """A reply of the model; `finish` is None while it comes.

    Attributes:
        text: what it said beside its calls; all of it, if there are none.
        raw: all of it, as the model wrote it.
        problem: a call that could not be read, in words.
        is_last: it was asked to answer without tools.
        shortened: results that were sent to it shorter than they are, so that all would fit.
        error: why there is no whole reply, in words.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    raw: str = ""
    problem: str = ""
    finish: FinishReason | None = None
    timings: Timings = field(default_factory=Timings)
    sampling: Sampling | None = None
    max_tokens: int = 0
    is_last: bool = False
    shortened: tuple[Shortened, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool, and what came of it. Its parent is the reply that asked for it.

    Attributes:
        call: as the model wrote it.
        title: what it does, for people; the name if there is no such tool.
        risk: None if there is no such tool.
        server: that offers the tool; empty for Cairn's own.
        arguments: that it ran with; others than in the call if a person changed them.
        allowed: why it ran; None if it did not.
        text: what the model was told, before marks are put around untrusted text.
        size_bytes: of the whole result, which `AgentService.whole_result` gives.
        source: where untrusted text is from, in words.
        diff: what it changed, or would change while a person is asked.
    """

    call: ToolCall
    title: str
    risk: Risk | None = None
    server: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_edited: bool = False
    allowed: Ground | None = None
    outcome: Outcome = Outcome.RUNNING
    text: str = ""
    size_bytes: int = 0
    is_untrusted: bool = False
    source: str = ""
    diff: str = ""
    citations: tuple[Citation, ...] = ()


class Verdict(StrEnum):
    """What a person, or what answers for them, says to a call."""

    ONCE = "once"
    SESSION = "session"
    ALWAYS = "always"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A person was asked. The parent is the call; `verdict` is None while nobody answered.

    Attributes:
        why: the reason for asking, in words.
        by: who answered: "person", or the policy of a command such as "--approve none".
        arguments: as the person changed them; None if they did not.
        reason: of a denial, in the person's words; the model is told.
    """

    why: str
    verdict: Verdict | None = None
    by: str = ""
    arguments: Mapping[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened besides, in words; `to_model` if the model was told so, too."""

    text: str
    to_model: bool = False


StepDetail = ModelReply | ToolUse | ApprovalAsked | Note


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the tree. Steps of a run are in the order in which they began.

    Attributes:
        parent: None for replies of the model, and for notes.
        seconds: None while it goes on, and for ever if Cairn ended meanwhile.
    """

    id: StepId
    run_id: RunId
    parent: StepId | None
    started_at: datetime
    detail: StepDetail
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The run began, ended, or spent something."""

    run: Run


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step began, went on or ended; the newest form of it. One that ended is stored already."""

    step: Step


@dataclass(frozen=True, slots=True)
class ReplyGrew:
    """Text to append to a reply that is coming."""

    step: StepId
    text: str
    is_reasoning: bool = False


RunEvent = RunChanged | StepChanged | ReplyGrew
OnRunEvent = Callable[[RunEvent], None]
"""Called on the thread of the run or of its engine; it must return at once."""

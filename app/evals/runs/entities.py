"""The nouns of evaluation that are stored: suites with their versions, runs, samples and scores.

A run makes one sample for each candidate, item and repeat, then scores it by each metric. A
candidate is a model with a prompt and settings. Numbers that sum samples up are in `results`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from app.engine.messages import ToolCall, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import FinishReason, ModelFacts, Rounding, TextScore, Timings
from app.engine.sampling import Sampling
from app.evals.entities import Output
from app.evals.runs.pairs import Pairing
from app.modelhub.entities import EndpointId, ModelId
from app.prompts.entities import Content, PromptId

SuiteId = NewType("SuiteId", int)
RunId = NewType("RunId", int)
SampleId = NewType("SampleId", int)
MetricId = NewType("MetricId", int)  # a metric of one run


@dataclass(frozen=True, slots=True)
class StoredSuite:
    """A suite as lists show it.

    Attributes:
        name: unique whatever the case.
        metrics: JSON documents as `metrics.registry` reads them; what a run measures by default.
        number: of its newest version; 0 while it has no items.
        sha256: of the newest version, as `suites.version_of` gives it.
        items: how many the newest version has.
        without_targets: how many of them no right answer is known for.
    """

    id: SuiteId
    name: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    metrics: tuple[Mapping[str, Any], ...] = ()
    number: int = 0
    sha256: str = ""
    items: int = 0
    without_targets: int = 0


@dataclass(frozen=True, slots=True)
class SuiteVersion:
    """The items of a suite between two changes. It never changes.

    Attributes:
        number: from 1, without gaps.
    """

    suite_id: SuiteId
    number: int
    sha256: str
    items: int
    created_at: datetime


class Task(StrEnum):
    """What a model does with an item.

    One that reads answers nothing; how likely it finds a text is measured. Of an item with
    targets that is a target, as the answer to the item's turns in the model's chat template: only
    the tokens of the target count, and of several targets the one with the most likelihood a byte.
    Of an item without targets it is the text of the item itself, without a template. How quick the
    model is, is measured with the first five items: see `speed.measure_speed`.
    """

    ANSWER = "answer"
    READ = "read"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that a run is to ask; with neither id the one in use when the run is made.

    Attributes:
        options: how the file is loaded; None as the list has it.
    """

    model: ModelId | None = None
    endpoint: EndpointId | None = None
    options: LoadOptions | None = None


@dataclass(frozen=True, slots=True)
class PromptChoice:
    """A version of a prompt that a run is to try; number None is the newest."""

    prompt: PromptId
    number: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How answers are drawn.

    Attributes:
        sampling: its seed is replaced by the run's, see `Run.seed`.
        max_tokens: most of an answer.
        thinking_tokens: so many more for a model that thinks, unless that is switched off.
        thinking: switches reasoning on or off where the model has a switch; None leaves it.
    """

    sampling: Sampling
    max_tokens: int
    thinking_tokens: int = 0
    stop: tuple[str, ...] = ()
    thinking: bool | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a person asks for. Candidates are all models with all prompts with all settings.

    Attributes:
        suite: of which the newest version is used.
        models: without any, the one in use.
        prompts: None among them stands for no prompt: the item as it is.
        settings: None among them stands for those of the prompt, else those of chat.
        metrics: JSON documents; empty takes those of the suite.
        repeats: of each item by each candidate.
        seed: of repeat 0; each further repeat adds one.
        keys: only these items; empty for all.
        tag: only items with this tag; empty for all.
        most_items: only the first so many of what is left; 0 for all.
        name: empty makes one.
    """

    suite: SuiteId
    models: tuple[ModelChoice, ...] = ()
    prompts: tuple[PromptChoice | None, ...] = (None,)
    settings: tuple[AnswerSettings | None, ...] = (None,)
    metrics: tuple[Mapping[str, Any], ...] = ()
    repeats: int = 1
    seed: int = 0
    task: Task = Task.ANSWER
    keys: tuple[str, ...] = ()
    tag: str = ""
    most_items: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class CandidateModel:
    """The model of a candidate, as it was when the run was made.

    Attributes:
        model, endpoint: where it was then; it may be gone by now.
        file: its name; empty for a server.
        host: the server it runs on; empty for this computer.
        quantization: such as "Q4_K_M"; empty if unknown.
        sha256: of its file; empty if unknown, and for a server.
        size_bytes, parameters: 0 if unknown.
        options: how its file is loaded; None for a server.
    """

    name: str
    model: ModelId | None = None
    endpoint: EndpointId | None = None
    file: str = ""
    host: str = ""
    quantization: str = ""
    sha256: str = ""
    size_bytes: int = 0
    parameters: int = 0
    options: LoadOptions | None = None


@dataclass(frozen=True, slots=True)
class CandidatePrompt:
    """The prompt of a candidate: a version, and all that was in it."""

    prompt: PromptId
    number: int
    name: str
    content: Content


class CandidateState(StrEnum):
    """How far a candidate is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # its model could not be used; samples made before are kept


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model with a prompt and settings, measured against others on the same items.

    Attributes:
        number: from 0, its place in the run.
        label: tells it from the others of its run in as few words as that takes.
        prompt: None asks the item as it is.
        facts: what its engine said when it was last loaded; None before.
        problem: why it failed, in words.
    """

    number: int
    label: str
    model: CandidateModel
    settings: AnswerSettings
    prompt: CandidatePrompt | None = None
    state: CandidateState = CandidateState.WAITING
    facts: ModelFacts | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunMetric:
    """A metric of a run.

    Attributes:
        document: JSON, as `metrics.registry` reads it; the same in every run that measures alike.
        label: what tables call it; unique in its run.
        higher_is_better: which way it points.
        unscored: samples that have no score by it yet: it was never asked about them.
    """

    id: MetricId
    document: Mapping[str, Any]
    label: str
    higher_is_better: bool = True
    unscored: int = 0

    @property
    def name(self) -> str:
        """Of its kind, such as "exact_match"."""
        return str(self.document.get("metric", ""))


class RunState(StrEnum):
    """Where a run is in its life. Everything up to here is stored."""

    WAITING = "waiting"  # in the queue
    RUNNING = "running"
    SCORING = "scoring"
    PAUSED = "paused"  # by a person, or because Cairn was closed
    INTERRUPTED = "interrupted"  # Cairn ended in the middle; found at the next start
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"  # no candidate could be asked at all

    @property
    def is_active(self) -> bool:
        """Whether it is being worked on, or will be without anybody asking."""
        return self in (RunState.WAITING, RunState.RUNNING, RunState.SCORING)


@dataclass(frozen=True, slots=True)
class Run:
    """A run and how far it is.

    Attributes:
        suite_id, suite_name, suite_number, suite_sha256: the version whose items it asks.
        items: how many of them.
        samples: stored so far, of `total`.
        problems: how many of those have no answer but a problem.
        baseline: number of the candidate that others are compared with.
        problem: why it failed, or was not finished, in words.
        pairings: candidates that a judge compares.
    """

    id: RunId
    name: str
    state: RunState
    task: Task
    suite_id: SuiteId
    suite_name: str
    suite_number: int
    suite_sha256: str
    items: int
    repeats: int
    seed: int
    candidates: tuple[Candidate, ...]
    metrics: tuple[RunMetric, ...]
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    baseline: int = 0
    samples: int = 0
    problems: int = 0
    problem: str = ""
    pairings: tuple[Pairing, ...] = ()

    @property
    def total(self) -> int:
        """Samples that it has when it is done."""
        return self.items * self.repeats * len(self.candidates)

    @property
    def is_open(self) -> bool:
        """Whether something is left to do: samples to make, to score or to compare."""
        left = any(each.unscored for each in self.metrics)
        return self.samples < self.total or left or any(each.missing for each in self.pairings)

    @property
    def can_resume(self) -> bool:
        """Whether somebody may let it go on."""
        return self.is_open and not self.state.is_active


@dataclass(frozen=True, slots=True)
class Sample:
    """What one candidate made of one item, once.

    Attributes:
        position: of the item in the run, from 0.
        repeat: from 0.
        text, tool_calls, reasoning: of the answer.
        finish: FAILED where there is a problem and no whole answer.
        timings: of the answer; of a reading run, of a few tokens that the model wrote on after the
            text, which are not kept.
        total_s: from asking to the end, waiting included; of a reading run, of the reading alone.
        seed: that was used.
        rounding: what may have changed the last bits.
        reading: of a reading run, how likely the model found the text.
        turns: what was sent; empty in lists, `EvalService.sample` has them.
        problem: why there is no answer, in words.
    """

    id: SampleId
    candidate: int
    position: int
    repeat: int
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish: FinishReason = FinishReason.END
    timings: Timings = field(default_factory=Timings)
    total_s: float = 0.0
    seed: int = 0
    rounding: Rounding = field(default_factory=Rounding)
    reading: TextScore | None = None
    turns: tuple[Turn, ...] = ()
    problem: str = ""

    @property
    def output(self) -> Output:
        """As metrics see it."""
        return Output(self.text, self.tool_calls, self.timings, self.reading)


@dataclass(frozen=True, slots=True)
class SampleScore:
    """A sample as one metric scored it.

    Attributes:
        value: None is unscored, and `reason` says why.
        details: as in `Score`.
    """

    metric: MetricId
    value: float | None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

"""Tries prompts out beside each other: one input, each with its version, model and settings.

Nothing is stored. Trials on the same model run on it together, so that its engine batches them;
other models are opened for the time, each once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.chat.sampling import longest_reply, sampling_from, template_from
from app.engine.messages import Delta, Turn
from app.engine.protocol import Generated, ModelFacts
from app.engine.sampling import Sampling
from app.evals.entities import Item
from app.modelhub.borrowing import Borrowed, ModelLending, Wanted
from app.prompts.entities import Content
from app.prompts.running import Defaults, run_prompt
from app.settings.schema import Settings


class Phase(StrEnum):
    """Where a trial is, before its answer comes."""

    LOADING = "loading"
    READING = "reading"


class SettingsFrom(StrEnum):
    """Whose sampling settings are used."""

    VERSION = "version"
    SETTINGS = "settings"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """How the answer is drawn.

    Attributes:
        source: VERSION takes those of Settings where the version has none. OWN changes what is
            said below, and takes the rest as VERSION does.
        temperature, max_tokens, seed: None leaves each as it is.
    """

    source: SettingsFrom = SettingsFrom.VERSION
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        given: values by the names of variables; those that the content does not have are left out.
        sends_documents: whole documents are among the values, and nobody has agreed to sending
            them to another computer yet.
    """

    content: Content
    given: Mapping[str, object]
    wanted: Wanted = field(default_factory=Wanted)
    settings: TrialSettings = field(default_factory=TrialSettings)
    sends_documents: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it.

    Attributes:
        turns: as they were sent.
        host: the server that answered; empty for this computer.
        load_s: seconds until the model was there.
    """

    turns: tuple[Turn, ...]
    generated: Generated
    model: str
    quantization: str
    host: str
    sampling: Sampling
    load_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial is over. With neither, it was stopped before the model had said anything."""

    tried: Tried | None = None
    error: AppError | None = None


TrialEvent = Phase | Delta | Ended
OnEvent = Callable[[int, TrialEvent], None]


def try_out(
    lending: ModelLending,
    settings: Settings,
    trials: Sequence[Trial],
    on_event: OnEvent,
    cancel: CancelToken,
) -> None:
    """Run trials at once and wait for all of them. What goes wrong in one ends only that one.

    Args:
        lending: gives the models.
        settings: for what neither a version nor a trial says.
        trials: what to try.
        on_event: gets the place of a trial and what happens in it, on threads of their own. The
            last event of each is `Ended`.
        cancel: stops them; answers so far are kept.
    """
    groups: dict[tuple[Wanted, bool], list[int]] = {}
    for at, trial in enumerate(trials):
        groups.setdefault((trial.wanted, trial.sends_documents), []).append(at)

    def run_group(wanted: Wanted, sends: bool, members: Sequence[int]) -> None:
        for at in members:
            on_event(at, Phase.LOADING)
        started = time.monotonic()
        borrowing = lending.borrow(wanted, cancel, sends_passages=sends)
        with _ending(members, on_event), borrowing as borrowed:
            load_s = time.monotonic() - started
            _wait([pool.submit(run_one, at, borrowed, load_s) for at in members])

    def run_one(at: int, borrowed: Borrowed, load_s: float) -> None:
        on_event(at, Phase.READING)
        with _ending((at,), on_event):
            tried = _run(trials[at], borrowed, settings, lambda delta: on_event(at, delta), cancel)
            on_event(at, Ended(replace(tried, load_s=load_s)))

    # A thread for each group, which waits for those of its trials.
    with ThreadPoolExecutor(len(groups) + len(trials), "trial") as pool:
        _wait([pool.submit(run_group, *key, members) for key, members in groups.items()])


def item_from(tried: Tried, metadata: Mapping[str, str]) -> Item:
    """A trial as a row of a suite: what was sent, and the answer as the right one."""
    return Item(
        key=uuid.uuid4().hex[:12],
        input=tried.turns,
        targets=(tried.generated.text,),
        metadata=dict(metadata),
    )


def drawn_by(trial: Trial, settings: Settings, facts: ModelFacts) -> Defaults:
    """The settings of a trial, with everything said."""
    chosen, wanted = settings.chat, trial.settings
    sampling = sampling_from(settings.sampling)
    if wanted.source is not SettingsFrom.SETTINGS and trial.content.sampling is not None:
        sampling = trial.content.sampling
    most = longest_reply(chosen, facts)
    if wanted.source is SettingsFrom.OWN:
        heat, seed = wanted.temperature, wanted.seed
        sampling = replace(
            sampling,
            temperature=sampling.temperature if heat is None else heat,
            seed=sampling.seed if seed is None else seed,
        )
        most = wanted.max_tokens or most
    return Defaults(sampling, most, settings.sampling.stop, template_from(chosen, facts))


def _run(
    trial: Trial,
    borrowed: Borrowed,
    settings: Settings,
    on_delta: Callable[[Delta], None],
    cancel: CancelToken,
) -> Tried:
    cancel.check()
    used = borrowed.used
    defaults = drawn_by(trial, settings, used.facts)
    content = replace(trial.content, sampling=defaults.sampling)
    names = {each.name for each in content.variables}
    given = {name: value for name, value in trial.given.items() if name in names}
    ran = run_prompt(borrowed.engine, content, given, defaults, on_delta, cancel)
    return Tried(
        ran.turns,
        ran.generated,
        used.name,
        used.quantization,
        used.host,
        defaults.sampling,
        load_s=0.0,
    )


@contextmanager
def _ending(members: Sequence[int], on_event: OnEvent) -> Iterator[None]:
    try:
        yield
    except Cancelled:
        ended = Ended()
    except AppError as error:
        ended = Ended(error=error)
    else:
        return
    for at in members:
        on_event(at, ended)


def _wait(running: Sequence[Future[None]]) -> None:
    for each in running:
        each.result()

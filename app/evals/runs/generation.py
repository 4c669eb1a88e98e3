"""Makes the samples of candidates: each model once, several requests at a time, each kept at once.

Nothing is made twice, since what is there is not asked for. An engine that dies takes nothing with
it but the requests under way; those are asked once more, alone, of an engine that is opened anew.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import EngineStopped
from app.engine.protocol import FinishReason, Generated, ModelFacts
from app.evals.entities import Item
from app.evals.errors import LOST, RunRefused
from app.evals.likelihood import read_target, read_text
from app.evals.runs.asking import Asking, read_aloud
from app.evals.runs.entities import (
    Candidate,
    CandidateModel,
    CandidateState,
    Run,
    Sample,
    SampleId,
    Task,
)
from app.evals.runs.together import requests_at_once
from app.evals.speed import MEASURED_ITEMS, measure_speed
from app.modelhub.borrowing import Borrowed, ModelLending, Wanted

MOST_LOSSES = 2  # of a candidate's engine; then the candidate has failed
_UNKNOWN = SampleId(0)  # until it is stored


@dataclass(frozen=True, slots=True)
class Slot:
    """A sample that is to be made: of which item, and which repeat."""

    position: int
    repeat: int


class ModelLost(Exception):
    """The model cannot be asked any more. Nobody was answered in these slots."""

    def __init__(self, cause: AppError, slots: Sequence[Slot] = ()) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.slots = tuple(slots)


@dataclass(frozen=True, slots=True)
class Keeper:
    """What becomes of what is made; all called from the thread that generates.

    Attributes:
        missing: the slots that a candidate has no sample of, in order.
        keep: stores samples that ended together.
        loaded: the candidate's model is there: its facts and the hash of its file.
        worked: a candidate was busy for so many seconds.
        ended: a candidate is done or failed, and why.
    """

    missing: Callable[[Candidate], Sequence[Slot]]
    keep: Callable[[Sequence[Sample]], None]
    loaded: Callable[[Candidate, ModelFacts, str], None]
    worked: Callable[[Candidate, float], None]
    ended: Callable[[Candidate, CandidateState, str], None]


class Generation:
    """Generates for one run."""

    def __init__(
        self,
        run: Run,
        items: Mapping[int, Item],
        lending: ModelLending,
        keeper: Keeper,
        cancel: CancelToken,
    ) -> None:
        """Generate nothing yet.

        Args:
            run: which.
            items: by position.
            lending: gives the models.
            keeper: stores what is made.
            cancel: breaks off; what is under way then is dropped.
        """
        self._run = run
        self._items = items
        self._lending = lending
        self._keeper = keeper
        self._cancel = cancel

    def make_all(self) -> None:
        """Make every sample that is missing, one model after the other.

        Raises:
            Cancelled: it was broken off.
        """
        for group in by_model(self._run.candidates):
            waiting = deque[Candidate]()
            for each in group:
                if self._keeper.missing(each):
                    waiting.append(each)
                elif each.state is not CandidateState.DONE:
                    self._keeper.ended(each, CandidateState.DONE, "")
            self._with_model(waiting)

    def _with_model(self, waiting: deque[Candidate]) -> None:
        """Let the candidates of one model answer; it is opened again when it is lost."""
        losses = 0
        alone: Sequence[Slot] = ()
        while waiting:
            self._cancel.check()
            with ExitStack() as lent:
                try:
                    borrowed = self._borrow(waiting[0].model, lent)
                except AppError as error:
                    for each in waiting:
                        self._keeper.ended(each, CandidateState.FAILED, str(error))
                    return
                try:
                    while waiting:
                        self._candidate(waiting[0], borrowed, alone)
                        waiting.popleft()
                        losses, alone = 0, ()
                except ModelLost as lost:
                    # Who loads another model for chat takes a shared one away; no item did that.
                    is_swapped = borrowed.is_shared and not waiting[0].model.host
                    losses, alone = losses + (not is_swapped), lost.slots
                    if losses >= MOST_LOSSES:
                        self._keeper.ended(
                            waiting.popleft(), CandidateState.FAILED, str(lost.cause)
                        )
                        losses, alone = 0, ()

    def _borrow(self, model: CandidateModel, lent: ExitStack) -> Borrowed:
        wanted = Wanted(model.model, model.endpoint, model.options)
        borrowed = lent.enter_context(self._lending.borrow(wanted, self._cancel))
        if model.sha256 and borrowed.sha256 and model.sha256 != borrowed.sha256:
            raise RunRefused(
                f"The file of {model.name} is another one than when the run began.",
                "Put the old file back, or begin a new run.",
            )
        return borrowed

    def _candidate(self, candidate: Candidate, borrowed: Borrowed, alone: Sequence[Slot]) -> None:
        """Make what is missing, first and one by one what was asked when an engine died."""
        facts = borrowed.used.facts
        self._keeper.loaded(candidate, facts, borrowed.sha256)
        asked_before = set(alone)
        slots = [each for each in self._keeper.missing(candidate) if each not in asked_before]
        started = time.monotonic()
        try:
            # What is timed has nothing beside it.
            timed = [each for each in slots if is_timed(self._run.task, each)]
            self._make(candidate, borrowed, [*alone, *timed], 1)
            others = [each for each in slots if not is_timed(self._run.task, each)]
            at_once = requests_at_once(facts, is_served=bool(candidate.model.host))
            self._make(candidate, borrowed, others, at_once)
        finally:
            self._keeper.worked(candidate, time.monotonic() - started)
        self._keeper.ended(candidate, CandidateState.DONE, "")

    def _make(
        self, candidate: Candidate, borrowed: Borrowed, slots: Sequence[Slot], at_once: int
    ) -> None:
        """Make samples, so many at once, each kept as it ends."""
        maker = _Maker(self._run, candidate, self._items, borrowed, self._cancel)
        open_slots, asked = iter(slots), dict[Future[Sample | None], Slot]()
        lost: list[Slot] = []
        cause: AppError | None = None
        with ThreadPoolExecutor(at_once, "evaluation request") as pool:
            while True:
                for slot in _some(open_slots, at_once - len(asked), is_stopped=cause is not None):
                    asked[pool.submit(maker.make, slot)] = slot
                if not asked:
                    break
                done, _running = wait(asked, return_when=FIRST_COMPLETED)
                ended: list[Sample] = []
                for each in done:
                    slot = asked.pop(each)
                    error = each.exception()
                    if isinstance(error, ModelLost):
                        cause, lost = error.cause, [*lost, slot]
                    elif (sample := each.result()) is not None:
                        ended.append(sample)
                self._keeper.keep(ended)
                if self._cancel.is_cancelled:
                    open_slots = iter(())
        self._cancel.check()
        if cause is not None:
            raise ModelLost(cause, lost)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes samples of a candidate, on any thread."""

    run: Run
    candidate: Candidate
    items: Mapping[int, Item]
    borrowed: Borrowed
    cancel: CancelToken

    def make(self, slot: Slot) -> Sample | None:
        """A sample, or None where it was broken off.

        Raises:
            ModelLost: the model cannot be asked any more.
        """
        seed = self.run.seed + slot.repeat
        blank = Sample(_UNKNOWN, self.candidate.number, slot.position, slot.repeat, seed=seed)
        started = time.monotonic()
        try:
            if self.run.task is Task.READ:
                return self._read(blank, started)
            return self._answer(blank, started)
        except Cancelled:
            return None
        except AppError as error:
            if self.cancel.is_cancelled:
                return None
            if isinstance(error, LOST):
                raise ModelLost(error) from error
            took_s = time.monotonic() - started
            return replace(blank, finish=FinishReason.FAILED, total_s=took_s, problem=str(error))

    def _answer(self, blank: Sample, started: float) -> Sample | None:
        asking = Asking(self.candidate, self.borrowed.used.facts)
        request = asking.request(self.items[blank.position], blank.seed)
        said = self.borrowed.engine.generate(request, cancel=self.cancel)
        if said.finish is FinishReason.STOPPED:
            if self.cancel.is_cancelled:
                return None
            raise EngineStopped("The model was unloaded.", "Let the run go on.", said.text)
        sample = replace(blank, turns=request.turns, total_s=time.monotonic() - started)
        return _with_answer(sample, said)

    def _read(self, blank: Sample, started: float) -> Sample:
        """What `Task.READ` says is read, and for the first few items how quick the model is."""
        item, engine = self.items[blank.position], self.borrowed.engine
        if item.targets:
            reading = read_target(engine, item.input, item.targets, self.cancel)
            blank = replace(blank, turns=item.input)
        else:
            reading = read_text(engine, read_aloud(item), self.cancel)
        sample = replace(blank, reading=reading, total_s=time.monotonic() - started)
        if not is_timed(Task.READ, Slot(blank.position, blank.repeat)):
            return sample
        return replace(sample, timings=measure_speed(engine, read_aloud(item), self.cancel))


def is_timed(task: Task, slot: Slot) -> bool:
    """Whether a model that only reads is timed here, by `measure_speed`."""
    return task is Task.READ and slot.position < MEASURED_ITEMS and slot.repeat == 0


def by_model(candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, ...]]:
    """Candidates in groups that share a model as it is loaded."""
    groups: dict[tuple[object, ...], list[Candidate]] = {}
    for each in candidates:
        model = each.model
        groups.setdefault((model.model, model.endpoint, model.options), []).append(each)
    return (tuple(group) for group in groups.values())


def _some(slots: Iterator[Slot], count: int, *, is_stopped: bool) -> Iterator[Slot]:
    return iter(()) if is_stopped else islice(slots, count)


def _with_answer(sample: Sample, said: Generated) -> Sample:
    return replace(
        sample,
        text=said.text,
        tool_calls=said.tool_calls,
        reasoning=said.reasoning,
        finish=said.finish,
        timings=said.timings,
        rounding=said.rounding,
        problem="The server broke the answer off." if said.finish is FinishReason.FAILED else "",
    )

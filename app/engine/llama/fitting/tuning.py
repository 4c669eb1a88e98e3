"""How many threads decode: measured at load, watched while replies run, measured again on them.

More threads are quicker until they have to wait for a processor that another program has; then a
few tokens a second are left. The fewest that are about as quick as the best are taken, which leaves
room for the window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

_NEAR_BEST = 1.05
_BUDGET_S = 0.9  # for measuring at load
_MOST_ROUNDS = 5
_HOPELESS = 3.0  # times slower than the best; such a count is not tried again in the same go

_COLLAPSED = 2.0  # times slower than it was
_COLLAPSED_FOR_S = 1.0
_BETWEEN_S = 10.0  # from one measurement on running replies to the next
# Threads that were given up are tried again after so long, and then ever less often.
_TRY_MORE_S, _TRY_MORE_AT_MOST_S = 30.0, 480.0
_STEPS_EACH = 4  # of a trial, the first of which only warms up
_MOST_TRIAL_STEPS = 200
_SMOOTHING = 0.2


def candidates(cores_available: int) -> tuple[int, ...]:
    """Numbers of threads worth measuring, the fewest first."""
    most = max(1, cores_available)
    if most <= 4:
        return tuple(range(1, most + 1))
    return tuple(sorted({1, 2, most // 4, most // 2, most * 3 // 4, most - 1, most}))


def fewest_near_best(seconds: Mapping[int, float]) -> int:
    """The fewest threads with which a step takes hardly longer than with the best number."""
    best = min(seconds.values())
    return min(count for count, each in seconds.items() if each <= best * _NEAR_BEST)


def measure_all(
    counts: Sequence[int],
    measure: Callable[[int], float],
    *,
    budget_s: float = _BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[int, float]:
    """Mean seconds of a step with each number of threads.

    Args:
        counts: numbers of threads.
        measure: runs a step with so many and says how long it took.
        budget_s: about how long all of it may take; each number is measured once at least.
        clock: seconds.
    """
    if len(counts) == 1:
        return {counts[0]: measure(counts[0])}
    started = clock()
    measure(counts[0])  # the first step reads weights and makes threads
    taken: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(_MOST_ROUNDS):
        for count in counts:
            if taken[count] and clock() - started > budget_s:
                return _means(taken)
            if not _is_hopeless(count, taken):
                taken[count].append(measure(count))
    return _means(taken)


def _means(taken: Mapping[int, Sequence[float]]) -> dict[int, float]:
    return {count: sum(each) / len(each) for count, each in taken.items() if each}


def _is_hopeless(count: int, taken: Mapping[int, Sequence[float]]) -> bool:
    means = _means(taken)
    return count in means and means[count] > _HOPELESS * min(means.values())


@dataclass(slots=True)
class _Pace:
    """How long a step with a number of replies takes, now and at its best."""

    now: float
    best: float

    def note(self, seconds: float) -> None:
        self.now += _SMOOTHING * (seconds - self.now)
        self.best = min(self.best, self.now)


@dataclass(slots=True)
class _Trial:
    """A measurement on running replies, all steps with the same number of them."""

    replies: int
    counts: list[int]
    reference: float  # seconds of a step before it
    taken: dict[int, list[float]] = field(default_factory=dict)
    steps: int = 0

    @property
    def count(self) -> int:
        """The number of threads under trial."""
        return self.counts[0]

    def note(self, seconds: float) -> bool:
        """Take a step's time; whether that was the last."""
        self.steps += 1
        taken = self.taken.setdefault(self.count, [])
        taken.append(seconds)
        best = min([self.reference, *self.means().values()])
        hopeless = min(taken) > _HOPELESS * best
        if len(taken) >= _STEPS_EACH or hopeless:
            del self.counts[0]
        return not self.counts or self.steps >= _MOST_TRIAL_STEPS

    def means(self) -> dict[int, float]:
        """Seconds of a step by number of threads; its first step only counts if it is alone."""
        return _means({count: each[1:] or each for count, each in self.taken.items()})


class Tuner:
    """Keeps the number of decoding threads right. Used by the thread that computes.

    Attributes:
        threads: in use between trials.
    """

    def __init__(
        self,
        counts: Sequence[int],
        set_threads: Callable[[int], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with the most threads.

        Args:
            counts: numbers to choose from, the fewest first; only one, and nothing is tuned.
            set_threads: makes the next steps use so many.
            clock: seconds.
        """
        self.threads = counts[-1]
        self._counts = tuple(counts)
        self._set_threads = set_threads
        self._clock = clock
        self._used = 0  # what the context was last told
        self._paces: dict[int, _Pace] = {}
        self._slow_s = 0.0
        self._trial: _Trial | None = None
        self._last_trial = clock()
        self._preferred = self.threads  # when nothing else ran
        self._patience_s = _TRY_MORE_S

    @property
    def is_trying(self) -> bool:
        """Whether steps are being measured."""
        return self._trial is not None

    def choose(self, measure: Callable[[int], float]) -> int:
        """Measure each number, and use the fewest that are about as quick as the best.

        Args:
            measure: runs one decoding step with so many threads; how many seconds it took.
        """
        if len(self._counts) > 1:
            seconds = measure_all(self._counts, measure, clock=self._clock)
            self.threads = self._preferred = fewest_near_best(seconds)
            self._paces = {1: _Pace(seconds[self.threads], seconds[self.threads])}
        self._last_trial = self._clock()
        self._use(self.threads)
        return self.threads

    def should_retune(self) -> bool:
        """Whether decoding has become so slow, or could be so much better, that it is measured."""
        if len(self._counts) == 1 or self._trial is not None:
            return False
        now = self._clock()
        if now - self._last_trial < _BETWEEN_S:
            return False
        return self._has_collapsed or (
            self.threads < self._preferred and now - self._last_trial >= self._patience_s
        )

    def before_step(self, replies: int) -> None:
        """A step of so many replies is about to be computed."""
        if self._trial is None and self.should_retune():
            pace = self._paces.get(replies)
            self._trial = _Trial(replies, self._worth_trying(), pace.now if pace else inf)
        trial = self._trial
        self._use(trial.count if trial is not None and trial.replies == replies else self.threads)

    def after_step(self, replies: int, seconds: float) -> None:
        """It took so long."""
        trial = self._trial
        if trial is None:
            self._watch(replies, seconds)
        elif trial.replies == replies:
            if trial.note(seconds):
                self._settle(trial)
        else:
            trial.steps += 1
            if trial.steps >= _MOST_TRIAL_STEPS:
                self._settle(trial)

    @property
    def _has_collapsed(self) -> bool:
        return self._slow_s >= _COLLAPSED_FOR_S

    def _worth_trying(self) -> list[int]:
        """The fewest first: they are never very slow, and what is gets no second step."""
        least = 0 if self._has_collapsed else self.threads
        return [count for count in self._counts if count >= least]

    def _watch(self, replies: int, seconds: float) -> None:
        pace = self._paces.setdefault(replies, _Pace(seconds, seconds))
        pace.note(seconds)
        slow = pace.now > _COLLAPSED * pace.best
        self._slow_s = self._slow_s + seconds if slow else 0.0

    def _settle(self, trial: _Trial) -> None:
        seconds = trial.means()
        before = self.threads
        if seconds:
            self.threads = fewest_near_best(seconds)
            each = seconds[self.threads]
            self._paces = {trial.replies: _Pace(each, each)}
        self._trial, self._slow_s = None, 0.0
        self._last_trial = self._clock()
        gave_up_again = before <= self.threads < self._preferred
        self._patience_s = (
            min(2 * self._patience_s, _TRY_MORE_AT_MOST_S) if gave_up_again else _TRY_MORE_S
        )

    def _use(self, count: int) -> None:
        if count != self._used:
            self._set_threads(count)
            self._used = count

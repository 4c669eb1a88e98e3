"""The nouns of judging a run side by side: which candidates by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from app.evals.judging.pairwise import Comparison, Tally
    from app.evals.runs.entities import Candidate
    from app.evals.statistics import Verdict

PairingId = NewType("PairingId", int)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two candidates of a run that a judge compares on every item and repeat.

    Attributes:
        one, other: their numbers.
        judge: JSON, the metric “judgement” as `metrics.registry` reads it: its model and rubric.
        missing: how often both have an answer, and the judge was not asked about them yet.
    """

    id: PairingId
    one: int
    other: int
    judge: Mapping[str, Any]
    missing: int = 0

    @property
    def rubric(self) -> str:
        """The name of the rubric."""
        return str(self.judge["rubric"]["name"])

    @property
    def model(self) -> str:
        """Which model judges, by name; empty for the one in use."""
        return str(self.judge["model"])


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """What a judge found of two answers to an item.

    Attributes:
        position, key: of the item in the run.
        repeat: from 0.
        comparison: its first output is that of the pairing's `one`.
    """

    pairing: PairingId
    position: int
    key: str
    repeat: int
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class PairPage:
    """Some outcomes, of `total` that there are."""

    outcomes: tuple[PairOutcome, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PairResult:
    """What the comparisons of two candidates by one judge come to, at any moment.

    Attributes:
        pairing: which; `pairing.missing` comparisons are not made yet.
        tally: wins are those of `one`.
        verdict: of `other` beside `one`: the difference of how often they win, corrected for other
            pairs that the same judge compared in this run.
        sentence: who is better and how sure that is, for people.
        warnings: what makes the judge doubtful, in sentences.
    """

    pairing: Pairing
    one: Candidate
    other: Candidate
    tally: Tally
    verdict: Verdict
    sentence: str
    warnings: tuple[str, ...] = ()

"""The nouns of judging a run side by side: which candidates by whom, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from app.evals.judging.pairwise import Comparison

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

"""Which of two outputs is better, asked in both orders; judges favour a place, and it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.evals.entities import Item, Output
from app.evals.judging.judge import Judge, NoVerdict, Verdict, not_judged
from app.evals.judging.prompt import FIRST, SECOND, TIE, pairwise_turns, prompt_sha256
from app.evals.judging.rubric import Rubric
from app.evals.statistics import Clusters, Difference, Estimate, paired_difference


class Preference(StrEnum):
    """Which of two outputs a judge finds better."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    INCONSISTENT = "inconsistent"  # it depends on the order, so it is no win and no tie
    UNSCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two outputs of one item, compared in both orders.

    Attributes:
        reasons: of the judge, with the first output shown first and with it shown second; one line
            on why there is none where it is unscored.
        details: which judge it was, by what rubric and prompt, and how long the outputs are; JSON.
    """

    preference: Preference
    reasons: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_asked(self) -> bool:
        """Whether a judge was asked in both orders, and answered."""
        return len(self.reasons) == 2


@dataclass(frozen=True, slots=True)
class Tally:
    """What many comparisons come to.

    Attributes:
        wins: of the first output; `losses` are those of the second.
        flip_rate: share of those asked in both orders in which the order decided; None where there
            are none.
        difference: how often the second wins less how often the first does, a tie counted as half a
            win for each. By item: the mean over its repeats with a preference or a tie.
    """

    wins: int
    losses: int
    ties: int
    inconsistent: int
    unscored: int
    flip_rate: float | None
    difference: Difference

    @property
    def win_rate(self) -> Estimate:
        """How often the first wins; its interval leaves out 0.5 exactly where p is below 0.05."""
        found = self.difference

        def rate(gain: float | None) -> float | None:
            return None if gain is None else (1 - gain) / 2

        return Estimate(
            rate(found.value),
            rate(found.high),
            rate(found.low),
            found.method,
            items=found.items,
            groups=found.groups,
            unscored=found.left_out,
            missing_repeats=found.missing_repeats // 2,  # it counts those of both
            standard_error=None if found.standard_error is None else found.standard_error / 2,
        )


def compare(
    judge: Judge,
    rubric: Rubric,
    item: Item,
    first: Output,
    second: Output,
    *,
    with_target: bool = True,
) -> Comparison:
    """Ask a judge which output is better, each way round.

    Raises:
        EngineError: the judge cannot be asked any more.
        Cancelled: it was stopped.
    """
    details = {
        **judge.provenance(),
        "rubric_sha256": rubric.sha256,
        "prompt_sha256": prompt_sha256(rubric, is_pair=True),
        "output_characters": [len(first.text), len(second.text)],
    }
    if reason := not_judged(item, first, second):
        return Comparison(Preference.UNSCORED, (reason,), details)
    if first.text == second.text and first.tool_calls == second.tool_calls:
        return Comparison(Preference.TIE, ("The outputs are the same.",), details)

    def ask(*pair: Output) -> Verdict:
        turns = pairwise_turns(rubric, item, pair, judge.nonce, with_target=with_target)
        return judge.ask(turns, (FIRST, SECOND, TIE))

    try:
        verdicts = (ask(first, second), ask(second, first))
    except NoVerdict as problem:
        return Comparison(Preference.UNSCORED, (str(problem),), details)
    reasons = tuple(each.reason for each in verdicts)
    return Comparison(_preference(*verdicts), reasons, details)


def _preference(straight: Verdict, swapped: Verdict) -> Preference:
    match straight.verdict, swapped.verdict:
        case (first, second) if (first, second) == (FIRST, SECOND):
            return Preference.FIRST
        case (first, second) if (first, second) == (SECOND, FIRST):
            return Preference.SECOND
        case (first, second) if first == second == TIE:
            return Preference.TIE
    return Preference.INCONSISTENT


_WORTH: Mapping[Preference, float] = {
    Preference.FIRST: 1.0,
    Preference.TIE: 0.5,
    Preference.SECOND: 0.0,
}


def tally(comparisons: Iterable[tuple[str, Comparison]], clusters: Clusters | None = None) -> Tally:
    """Sum up comparisons, each with the key of its item; an item may have several."""
    counts: Counter[Preference] = Counter()
    scores: dict[str, list[float | None]] = {}
    asked = 0
    for key, each in comparisons:
        counts[each.preference] += 1
        asked += each.is_asked
        scores.setdefault(key, []).append(_WORTH.get(each.preference))
    mirrored = {
        key: [None if worth is None else 1 - worth for worth in values]
        for key, values in scores.items()
    }
    return Tally(
        counts[Preference.FIRST],
        counts[Preference.SECOND],
        counts[Preference.TIE],
        counts[Preference.INCONSISTENT],
        counts[Preference.UNSCORED],
        counts[Preference.INCONSISTENT] / asked if asked else None,
        paired_difference(scores, mirrored, clusters),
    )

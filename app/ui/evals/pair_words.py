"""What a judge found of two candidates side by side, in words."""

from __future__ import annotations

from collections.abc import Iterable

from app.evals.judging.pairwise import Preference
from app.evals.reports.pairs import judge_words
from app.evals.runs.entities import Run
from app.evals.runs.pairs import PairOutcome
from app.evals.runs.results import PairResult
from app.ui.amounts import count_text
from app.ui.evals.text_page import TextPage

CHANGED_ITS_MIND = "The judge changed its mind when the order was swapped"
NOT_JUDGED = "Could not be judged"
AS_GOOD = "As good as each other"


def pair_title(result: PairResult) -> str:
    """Which candidates are compared."""
    return f"{result.one.label} against {result.other.label}"


def judged_by(result: PairResult) -> str:
    """Who judged by what, and how often so far."""
    tally = result.tally
    done = tally.wins + tally.losses + tally.ties + tally.inconsistent + tally.unscored
    left = result.pairing.missing
    amount = f"{done:,} of {done + left:,} pairs" if left else count_text(done, "pair")
    return f"Judged by {judge_words(result)} · {amount}, each shown in both orders"


def counting(result: PairResult) -> str:
    """How the share of wins is to be read; empty where there is none."""
    if result.tally.win_rate.value is None:
        return ""
    badge = f" Be careful: {result.verdict.badge}." if result.verdict.badge else ""
    return f"A tie counts as half a win for each.{badge}"


def counts(result: PairResult) -> tuple[tuple[str, int], ...]:
    """What the judge said how often; what never happened and seldom does is left out."""
    tally = result.tally
    usual = (
        (f"{result.one.label} is better", tally.wins),
        (f"{result.other.label} is better", tally.losses),
        (AS_GOOD, tally.ties),
    )
    seldom = ((CHANGED_ITS_MIND, tally.inconsistent), (NOT_JUDGED, tally.unscored))
    return (*usual, *((words, count) for words, count in seldom if count))


def write_outcomes(page: TextPage, run: Run, outcomes: Iterable[PairOutcome]) -> None:
    """What judges said of the answers to an item, with the reason of each order."""
    pairings = {each.id: each for each in run.pairings}
    for each in outcomes:
        pairing = pairings.get(each.pairing)
        if pairing is None:
            continue
        one, other = (run.candidates[at].label for at in (pairing.one, pairing.other))
        repeat = f", repeat {each.repeat + 1}" if run.repeats > 1 else ""
        page.heading(f"{one} against {other}{repeat}")
        found = each.comparison
        is_unsure = found.preference in (Preference.INCONSISTENT, Preference.UNSCORED)
        page.line(_preference(found.preference, one, other), "warn" if is_unsure else "text")
        for order, reason in zip(((one, other), (other, one)), found.reasons, strict=False):
            shown = f"With {order[0]} as answer A and {order[1]} as B: " if found.is_asked else ""
            page.line(f"{shown}{reason}", "text2", "caption")
        judge = pairing.model or "the model in use"
        page.line(f"Judged by {judge}, by the rubric “{pairing.rubric}”", "text2", "caption")


def _preference(preference: Preference, one: str, other: str) -> str:
    return {
        Preference.FIRST: f"{one} is better",
        Preference.SECOND: f"{other} is better",
        Preference.TIE: AS_GOOD,
        Preference.INCONSISTENT: CHANGED_ITS_MIND,
        Preference.UNSCORED: NOT_JUDGED,
    }[preference]

"""What a judge found of candidates side by side, as HTML and as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.evals.judging.pairwise import Preference, Tally
from app.evals.reports.data import ReportData
from app.evals.reports.markup import Html, element
from app.evals.runs.pairs import PairingId, PairOutcome
from app.evals.runs.results import PairResult

_HEAD = (
    "Pair",
    "Wins",
    "Ties",
    "Losses",
    "Depends on the order",
    "Not judged",
    "Wins of the first",
)


def judge_words(result: PairResult) -> str:
    """Who judged by what."""
    pairing = result.pairing
    return f"{pairing.model or 'the model in use'}, by the rubric “{pairing.rubric}”"


def win_rate_words(tally: Tally) -> str:
    """How often the first wins, with its interval, or a dash."""
    rate = tally.win_rate
    if rate.value is None:
        return "—"
    text = f"{rate.value * 100:.1f} %"
    if rate.low is None or rate.high is None:
        return text
    return f"{text} ({rate.low * 100:.1f} to {rate.high * 100:.1f})"


def flip_words(tally: Tally) -> str:
    """How often the order decided, with the share of what was asked."""
    share = "" if tally.flip_rate is None else f" ({tally.flip_rate * 100:.0f} %)"
    return f"{tally.inconsistent:,}{share}"


def pair_table(data: ReportData) -> Html:
    """Every pair in a row, with what it comes to in a sentence."""
    caption = (
        "Each pair of answers was shown in both orders. A tie counts as half a win for each; what "
        "depended on the order counts for nobody. In brackets 95 % intervals"
    )
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *(element("th", each, scope="col") for each in _HEAD))),
        element("tbody", *map(_row, data.pairs)),
        class_="summary",
    )


def item_outcomes(
    outcomes: Sequence[PairOutcome], pairs: Mapping[PairingId, PairResult]
) -> Iterator[Html]:
    """What a judge found of an item, folded, with both of its reasons."""
    for each in outcomes:
        found = each.comparison
        yield element(
            "details",
            element("summary", outcome_words(each, pairs[each.pairing])),
            *(element("p", reason, class_="quiet") for reason in found.reasons),
        )


def outcome_words(outcome: PairOutcome, result: PairResult) -> str:
    """Which of the two the judge found better."""
    return {
        Preference.FIRST: f"Judged better: {result.one.label}",
        Preference.SECOND: f"Judged better: {result.other.label}",
        Preference.TIE: "Judged as good as each other",
        Preference.INCONSISTENT: "Judged by the order only",
        Preference.UNSCORED: "Not judged",
    }[outcome.comparison.preference]


def outcome_to_json(outcome: PairOutcome, result: PairResult) -> dict[str, Any]:
    """A comparison with all that tells how it came about; not yet in plain JSON."""
    found = outcome.comparison
    return {
        "one": {"number": result.one.number, "label": result.one.label},
        "other": {"number": result.other.number, "label": result.other.label},
        "judge": result.pairing.judge,
        "repeat": outcome.repeat,
        "preference": found.preference,
        "reasons": found.reasons,
        "details": found.details,
    }


def _row(result: PairResult) -> Html:
    tally = result.tally
    counts = (
        f"{tally.wins:,}",
        f"{tally.ties:,}",
        f"{tally.losses:,}",
        flip_words(tally),
        f"{tally.unscored:,}",
        win_rate_words(tally),
    )
    name = element(
        "th",
        element("p", f"{result.one.label} against {result.other.label}", class_="key"),
        element("p", f"Judged by {judge_words(result)}", class_="quiet"),
        element("p", result.sentence, class_="quiet"),
        scope="row",
    )
    return element("tr", name, *(element("td", each, class_="value") for each in counts))

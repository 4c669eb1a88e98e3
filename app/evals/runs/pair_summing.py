"""What comparisons in pairs come to: who wins how often, how sure that is, and in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.evals.judging.pairwise import Tally, tally
from app.evals.runs.entities import Run
from app.evals.runs.kinship import warnings_of
from app.evals.runs.pairs import Pairing, PairingId, PairOutcome
from app.evals.runs.results import PairResult
from app.evals.statistics import Clusters, Estimate, Outcome, Verdict, holm, verdict
from app.evals.statistics.verdicts import certainty

_HALF = 0.5  # of all wins: neither is better


def pair_results(
    run: Run, outcomes: Sequence[PairOutcome], clusters: Clusters
) -> tuple[PairResult, ...]:
    """Every pairing of a run, in the order in which they were asked for.

    Args:
        run: which.
        outcomes: all that there are of it.
        clusters: by position of the item, as text.
    """
    found: defaultdict[PairingId, list[PairOutcome]] = defaultdict(list)
    for each in outcomes:
        found[each.pairing].append(each)
    tallies = {each.id: _tally(found[each.id], clusters) for each in run.pairings}
    results = []
    for pairing in run.pairings:
        alike = [each.id for each in run.pairings if each.judge == pairing.judge]
        p_values = holm([tallies[each].difference.p_value for each in alike])
        corrected = p_values[alike.index(pairing.id)] if len(alike) > 1 else None
        results.append(_result(run, pairing, found[pairing.id], tallies[pairing.id], corrected))
    return tuple(results)


def _tally(outcomes: Sequence[PairOutcome], clusters: Clusters) -> Tally:
    return tally(((str(each.position), each.comparison) for each in outcomes), clusters or None)


def _result(
    run: Run,
    pairing: Pairing,
    outcomes: Sequence[PairOutcome],
    sums: Tally,
    corrected_p: float | None,
) -> PairResult:
    one, other = run.candidates[pairing.one], run.candidates[pairing.other]
    said = verdict(sums.difference, corrected_p=corrected_p)
    sentence = _sentence((one.label, other.label), sums, said, is_corrected=corrected_p is not None)
    warnings = warnings_of((each.comparison.details for each in outcomes), (one, other))
    return PairResult(pairing, one, other, sums, said, sentence, warnings)


def _sentence(labels: tuple[str, str], sums: Tally, said: Verdict, *, is_corrected: bool) -> str:
    """Told of the one that wins more often; a tie counts as half a win for each."""
    left_out = _left_out(sums)
    rate = sums.win_rate
    if rate.value is None or said.p_value is None:
        return f"Nothing to compare: no preference held in both orders.{left_out}"
    ahead, behind = labels if rate.value >= _HALF else labels[::-1]
    share = _share(rate, is_mirrored=rate.value < _HALF)
    items = f"{rate.items:,} item{'s' * (rate.items != 1)}"
    sure = certainty(said.p_value, said.items_needed, is_corrected=is_corrected)
    numbers = f"wins {share} against “{behind}” over {items}, {sure}.{left_out}"
    if said.outcome is Outcome.NO_DIFFERENCE:
        return f"No difference could be seen: “{ahead}” {numbers}"
    return f"“{ahead}” is better: it {numbers}"


def _share(rate: Estimate, *, is_mirrored: bool) -> str:
    """How often one wins, or else the other."""
    ends = [None if each is None else 100 * each for each in (rate.value, rate.low, rate.high)]
    if is_mirrored:
        ends = [None if each is None else 100 - each for each in (ends[0], ends[2], ends[1])]
    value, low, high = ends
    between = "" if low is None else f" (95 % interval {low:.1f} to {high:.1f})"
    return f"{value:.1f} %{between}"


def _left_out(sums: Tally) -> str:
    parts = []
    if sums.inconsistent:
        parts.append(f"{sums.inconsistent:,} depended on the order of the answers")
    if sums.unscored:
        parts.append(f"{sums.unscored:,} could not be judged")
    count = sums.wins + sums.losses + sums.ties + sums.inconsistent + sums.unscored
    pairs = f"{count:,} pair{'s' * (count != 1)}"
    return f" Of {pairs} {' and '.join(parts)}; that is left out." if parts else ""

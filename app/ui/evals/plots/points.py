"""What the plots show: points with intervals, and the same in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.evals.reports.data import estimate_words, is_score
from app.evals.runs.entities import MetricId, RunMetric
from app.evals.runs.results import CandidateResult, RunResults


class View(StrEnum):
    """What a score is drawn against."""

    SCORES = "scores"
    SPEED = "speed"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate. A score is in percent where it is one from 0 to 1.

    Attributes:
        at: on the other axis; its row where there is none.
        low, high: of the interval; the score itself where there is none.
    """

    label: str
    at: float
    score: float
    low: float
    high: float
    is_baseline: bool
    words: str


@dataclass(frozen=True, slots=True)
class PlotData:
    """All that a plot needs.

    Attributes:
        is_share: the scores are from 0 to 100 %.
        axis: what the scores are; `across` what they are drawn against, if anything.
        missing: what is not drawn and why, in a sentence; empty if all is.
    """

    view: View
    points: tuple[Point, ...]
    is_share: bool
    axis: str
    across: str
    missing: str

    @property
    def words(self) -> str:
        """The plot for those who do not see it, a line for each candidate."""
        lines = [f"{point.label}: {point.words}" for point in self.points]
        return "\n".join([*lines, *filter(None, [self.missing])])


_ACROSS: dict[View, tuple[str, str, Callable[[CandidateResult], float]]] = {
    View.SPEED: ("tokens/s", "speed", lambda each: each.speed.tokens_per_s),
    View.SIZE: ("GB", "file size", lambda each: each.candidate.model.size_bytes / 1e9),
}


def plot_data(results: RunResults, metric_id: MetricId, view: View) -> PlotData:
    """The points of a metric; candidates without a value are left out, and told of."""
    metric = next(each for each in results.run.metrics if each.id == metric_id)
    unit, name, across = _ACROSS.get(view, ("", "", lambda _each: 1.0))
    points, missing = [], []
    for row, result in enumerate(results.candidates):
        at = across(result)
        measured = next(each for each in result.metrics if each.metric.id == metric_id)
        value, estimate = measured.estimate.value, measured.estimate
        if value is None or not at:
            missing.append(result.candidate.label)
            continue
        times = 100.0 if is_score(metric) else 1.0
        words = estimate_words(metric, estimate)
        points.append(
            Point(
                result.candidate.label,
                float(row) if view is View.SCORES else at,
                value * times,
                (value if estimate.low is None else estimate.low) * times,
                (value if estimate.high is None else estimate.high) * times,
                result.candidate.number == results.run.baseline,
                f"{words} at {at:.3g} {unit}" if unit else words,
            )
        )
    return PlotData(
        view,
        tuple(points),
        is_score(metric),
        _axis(metric),
        f"{name}, {unit}" if unit else "",
        f"Not drawn, since it is not known yet: {', '.join(missing)}." if missing else "",
    )


def _axis(metric: RunMetric) -> str:
    way = "higher is better" if metric.higher_is_better else "lower is better"
    return f"{metric.label}{', %' if is_score(metric) else ''} ({way})"

"""Plots as inline SVG: scores with their intervals, and quality against speed and size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.evals.reports.data import ReportData, is_score, number_words, tick_words
from app.evals.reports.markup import Html, element, joined
from app.evals.runs.entities import RunMetric
from app.evals.runs.results import CandidateResult, MetricResult

_WIDTH: Final = 640
_ROW: Final = 30
_GUTTER: Final = 190  # for labels
_RIGHT: Final = 40
_AXIS: Final = 30
_SIDE: Final = 300  # height of a plot of two quantities
_LONGEST_LABEL: Final = 26


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values within, about five (Heckbert, Nice numbers for graph labels, 1990)."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next(each for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Point:
    """A candidate in a plot of two quantities; `number` is shown in it."""

    number: int
    x: float
    y: float
    low: float
    high: float
    title: str


def interval_plot(data: ReportData, metric: RunMetric) -> Html | None:
    """The score of each candidate with its 95 % interval; None where nothing was scored."""
    found = [(each, _result(each, metric)) for each in data.results.candidates]
    ends = [end for _each, result in found for end in _ends(result)]
    if not ends:
        return None
    low, high = _range(metric, ends)
    scale = _Scale(low, high, _GUTTER, _WIDTH - _RIGHT)
    bottom = _ROW * len(found) + 6
    rows = [
        _interval_row(index, candidate, result, scale)
        for index, (candidate, result) in enumerate(found)
    ]
    return element(
        "svg",
        _across(scale, metric, bottom),
        *rows,
        viewBox=f"0 0 {_WIDTH} {bottom + _AXIS}",
        role="img",
        aria_label=f"{metric.label} by candidate, with 95 % intervals",
    )


def against_plot(
    data: ReportData, metric: RunMetric, quantity: Callable[[CandidateResult], float], name: str
) -> Html | None:
    """A metric against speed or size; None where fewer than two candidates have both."""
    points = [
        _Point(
            candidate.candidate.number + 1,
            quantity(candidate),
            _ends(result)[0],
            *_bounds(result),
            _title(candidate, result),
        )
        for candidate in data.results.candidates
        for result in [_result(candidate, metric)]
        if _ends(result) and quantity(candidate) > 0
    ]
    if len(points) < 2:
        return None
    low, high = _range(metric, [end for each in points for end in (each.low, each.y, each.high)])
    up = _Scale(low, high, _SIDE - _AXIS, 12)
    across = _Scale(0, max(each.x for each in points) * 1.1, 64, _WIDTH - _RIGHT)
    return element(
        "svg",
        _frame(across, up, metric, name),
        *(_marker(each, across, up) for each in points),
        viewBox=f"0 0 {_WIDTH} {_SIDE + 14}",
        role="img",
        aria_label=f"{metric.label} against {name}",
    )


def _result(candidate: CandidateResult, metric: RunMetric) -> MetricResult:
    return next(each for each in candidate.metrics if each.metric.id == metric.id)


def _ends(result: MetricResult) -> list[float]:
    """The value, then the ends of its interval; empty where there is no value."""
    estimate = result.estimate
    if estimate.value is None:
        return []
    return [estimate.value, *_bounds(result)]


def _bounds(result: MetricResult) -> tuple[float, float]:
    estimate = result.estimate
    value = estimate.value or 0.0
    if estimate.low is None or estimate.high is None:
        return value, value
    return estimate.low, estimate.high


def _range(metric: RunMetric, ends: Sequence[float]) -> tuple[float, float]:
    """Scores are seen on their whole scale; other values as near as they lie."""
    if is_score(metric):
        return min(0.0, *ends), max(1.0, *ends)
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _interval_row(
    index: int, candidate: CandidateResult, result: MetricResult, scale: _Scale
) -> Html:
    middle = index * _ROW + _ROW / 2 + 4
    label = candidate.candidate.label
    short = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
    words = f"{candidate.candidate.number + 1}  {short}"
    parts = [element("title", _title(candidate, result))]
    parts.append(element("text", words, x=0, y=middle + 4, class_="label"))
    if ends := _ends(result):
        value, low, high = map(scale.at, ends)
        parts.append(element("line", x1=low, x2=high, y1=middle, y2=middle, class_="interval"))
        parts.append(element("circle", cx=value, cy=middle, r=5, class_="point"))
    else:
        parts.append(element("text", "not scored", x=scale.start, y=middle + 4, class_="tick"))
    return element("g", *parts)


def _title(candidate: CandidateResult, result: MetricResult) -> str:
    estimate = result.estimate
    if estimate.value is None:
        return f"{candidate.candidate.label}: not scored"
    value = number_words(result.metric, estimate.value)
    if estimate.low is None or estimate.high is None:
        return f"{candidate.candidate.label}: {value}"
    ends = (number_words(result.metric, each) for each in (estimate.low, estimate.high))
    return f"{candidate.candidate.label}: {value} ({' to '.join(ends)})"


def _across(scale: _Scale, metric: RunMetric, bottom: float) -> Html:
    parts = []
    for tick in scale.ticks():
        x = scale.at(tick)
        parts.append(element("line", x1=x, x2=x, y1=0, y2=bottom, class_="grid"))
        words = tick_words(metric, tick)
        parts.append(element("text", words, x=x, y=bottom + 18, class_="tick middle"))
    return joined(*parts)


def _frame(across: _Scale, up: _Scale, metric: RunMetric, name: str) -> Html:
    parts = []
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(element("line", x1=across.start, x2=across.end, y1=y, y2=y, class_="grid"))
        words = tick_words(metric, tick)
        parts.append(element("text", words, x=across.start - 8, y=y + 4, class_="tick end"))
    for tick in across.ticks():
        x = across.at(tick)
        parts.append(element("text", f"{tick:g}", x=x, y=up.start + 18, class_="tick middle"))
    x = (across.start + across.end) / 2
    parts.append(element("text", name, x=x, y=up.start + 38, class_="label middle"))
    return joined(*parts)


def _marker(point: _Point, across: _Scale, up: _Scale) -> Html:
    x, y = across.at(point.x), up.at(point.y)
    low, high = up.at(point.low), up.at(point.high)
    return element(
        "g",
        element("title", point.title),
        element("line", x1=x, x2=x, y1=low, y2=high, class_="interval"),
        element("circle", cx=x, cy=y, r=10, class_="point"),
        element("text", str(point.number), x=x, y=y + 4, class_="number middle"),
    )

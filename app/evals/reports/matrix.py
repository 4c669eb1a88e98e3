"""The matrix of a run as an HTML table: items, and what each candidate made of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from app.evals.entities import Item
from app.evals.reports.data import ReportData, is_score, mean_score, number_words
from app.evals.reports.markup import Html, element, joined
from app.evals.reports.pairs import item_outcomes
from app.evals.runs.entities import Candidate, Run, RunMetric, Sample
from app.evals.runs.pairs import PairOutcome
from app.evals.runs.results import MatrixRow, ScoredSample

MOST_ROWS: Final = 2_000  # of items; browsers grow slow with more
_LONGEST: Final = 4_000  # characters of an output
_FOLDED: Final = 500
_HALF: Final = 0.5  # scores below are failures, and lie on another side than those above


def matrix(data: ReportData) -> Html:
    """The table, of at most `MOST_ROWS` items."""
    run = data.results.run
    head = element(
        "tr",
        element("th", "Item", scope="col"),
        *(element("th", _named(run, each), scope="col") for each in run.candidates),
    )
    pairs = {each.pairing.id: each for each in data.pairs}
    judged: defaultdict[int, list[PairOutcome]] = defaultdict(list)
    for outcome in data.outcomes:
        judged[outcome.position].append(outcome)
    rows = [
        _row(run, each, item_outcomes(judged[each.position], pairs))
        for each in data.rows[:MOST_ROWS]
    ]
    return element(
        "table", element("thead", head), element("tbody", *rows), id="matrix", class_="matrix"
    )


def _named(run: Run, candidate: Candidate) -> Html:
    is_baseline = len(run.candidates) > 1 and candidate.number == run.baseline
    return joined(
        f"{candidate.number + 1}  {candidate.label}",
        element("span", "★ baseline", class_="star") if is_baseline else None,
    )


def _row(run: Run, row: MatrixRow, judged: Iterable[Html]) -> Html:
    cells = [
        element("td", *(_sample(run, each) for each in _samples(row, candidate.number)))
        for candidate in run.candidates
    ]
    flags = " ".join(_flags(run, row)) or "fine"
    return element("tr", _item(row.item, judged), *cells, data_is=flags)


def _samples(row: MatrixRow, candidate: int) -> Sequence[ScoredSample]:
    return sorted(row.cells.get(candidate, ()), key=lambda each: each.sample.repeat)


def _flags(run: Run, row: MatrixRow) -> list[str]:
    """What the filter finds this item by."""
    flags = set()
    for candidate in run.candidates:
        samples = _samples(row, candidate.number)
        if any(each.sample.problem for each in samples):
            flags.add("problem")
        if any(score.value is None for each in samples for score in each.scores):
            flags.add("unscored")
        for metric in filter(is_score, run.metrics):
            mean = mean_score(samples, metric)
            base = mean_score(_samples(row, run.baseline), metric)
            if mean is not None and mean < _HALF:
                flags.add("failure")
            if mean is not None and base is not None and (mean < _HALF) != (base < _HALF):
                flags.add("flip")
    return sorted(flags)


def _item(item: Item, judged: Iterable[Html]) -> Html:
    asked = "\n\n".join(turn.content for turn in item.input)
    targets = [
        element("p", element("span", "Target ", class_="quiet"), _cut(each), class_="target")
        for each in item.targets
    ]
    tags = [element("span", each, class_="tag") for each in item.tags]
    return element(
        "th",
        element("p", item.key, class_="key"),
        _text(asked),
        *targets,
        element("p", *tags) if tags else None,
        *judged,
        scope="row",
    )


def _sample(run: Run, scored: ScoredSample) -> Html:
    sample = scored.sample
    if sample.problem:
        return element("div", element("p", sample.problem, class_="problem"), class_="sample")
    return element(
        "div",
        element("p", f"Repeat {sample.repeat + 1}", class_="quiet") if run.repeats > 1 else None,
        _text(sample.text) if sample.text else None,
        *(_call(each.name, dict(each.arguments)) for each in sample.tool_calls),
        *(_score(each, scored) for each in run.metrics),
        element("p", _times(sample), class_="quiet"),
        class_="sample",
    )


def _text(text: str) -> Html:
    shown = _cut(text)
    if len(shown) <= _FOLDED and shown.count("\n") < 12:
        return element("div", shown, class_="text", dir="auto")
    start = " ".join(shown[:_FOLDED].split())[:80]
    return element(
        "details",
        element("summary", f"{start}…"),
        element("div", shown, class_="text", dir="auto"),
    )


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… [{len(text) - _LONGEST:,} more characters]"


def _call(name: str, arguments: dict[str, object]) -> Html:
    words = json.dumps(arguments, ensure_ascii=False, default=str)
    return element("div", f"→ {name} {_cut(words)}", class_="text call", dir="auto")


def _score(metric: RunMetric, scored: ScoredSample) -> Html | None:
    score = scored.score(metric.id)
    if score is None:
        return None
    if score.value is None:
        value, kind = "unscored", "warn"
    else:
        value, kind = number_words(metric, score.value), "plain"
        if is_score(metric):
            kind = "ok" if score.value >= _HALF else "bad"
    return element(
        "p",
        element("span", f"{metric.label}: {value}", class_=f"chip {kind}"),
        element("span", score.reason, class_="quiet"),
    )


def _times(sample: Sample) -> str:
    timings = sample.timings
    if not timings.output_tokens:
        return f"{len(sample.text):,} characters, {sample.total_s:.2f} s"
    speed = f", {timings.tokens_per_second:.0f} tokens/s" if timings.per_token_s else ""
    first = max(timings.ttft_s - timings.queue_s, 0.0)
    size = f"{len(sample.text):,} characters, {timings.output_tokens:,} tokens"
    return f"{size}, first token {first:.2f} s{speed}"

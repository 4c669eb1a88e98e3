"""A run as one page that needs nothing else: no network, no other file; light and dark."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from app.base.paths import resource
from app.evals.reports.data import (
    ReportData,
    counted,
    estimate_words,
    is_score,
    model_words,
    prompt_words,
    remarks,
    size_words,
    verdict_words,
    without_answer,
)
from app.evals.reports.markup import Html, element, joined
from app.evals.reports.matrix import MOST_ROWS, matrix
from app.evals.reports.notes import notes
from app.evals.reports.pairs import pair_table
from app.evals.reports.plain import candidate_to_json, plain
from app.evals.reports.plots import against_plot, interval_plot
from app.evals.runs.entities import RunMetric
from app.evals.runs.results import CandidateResult, MetricResult

_FILTERS = (
    ("", "All items"),
    ("failure", "Failures"),
    ("flip", "Flipped from the baseline"),
    ("unscored", "Unscored"),
    ("problem", "Without an answer"),
)
_METHODS = (
    "Intervals are 95 %: Wilson's for shares, the bootstrap or Student's t for means. Candidates "
    "are compared with the baseline on the same items, by McNemar's exact test or by flipping "
    "signs, corrected for the number of candidates. What could not be scored is counted as "
    "unscored and never as zero. Fewer than 30 items say little, and are marked."
)


def html_report(data: ReportData) -> bytes:
    """The page, in UTF-8."""
    style = _inline("report.css")
    script = _inline("report.js")
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element(
                "meta",
                http_equiv="Content-Security-Policy",
                content=f"default-src 'none'; style-src {_seal(style)}; script-src {_seal(script)}",
            ),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", data.title),
            element("style", style),
        ),
        element("body", element("main", *_sections(data)), element("script", script)),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n".encode("utf-8", "replace")


def _inline(name: str) -> Html:
    return Html(resource(f"reports/{name}").read_text(encoding="utf-8"))


def _seal(text: str) -> str:
    """The hash by which a browser lets this text in, and no other that somebody smuggled in."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _sections(data: ReportData) -> Iterator[Html]:
    yield _head(data)
    if said := notes(data):
        yield element("section", *(element("p", each, class_="note") for each in said))
    yield element("section", element("h2", "Results"), _scrolling(_summary(data)), *_verdicts(data))
    if data.pairs:
        yield element("section", element("h2", "Side by side"), _scrolling(pair_table(data)))
    if plots := list(_plots(data)):
        yield element("section", element("h2", "Plots"), element("div", *plots, class_="plots"))
    yield element("section", element("h2", "Items"), _filter(data), _scrolling(matrix(data)))
    yield element("section", element("h2", "How it was measured"), *_method(data))


def _scrolling(table: Html) -> Html:
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Table")


def _head(data: ReportData) -> Html:
    run = data.results.run
    facts = (
        f"{counted(run.items, 'item')} of “{run.suite_name}”, version {run.suite_number}"
        f" ({run.suite_sha256[:12]}), {counted(run.repeats, 'answer')} to each by "
        f"{counted(len(run.candidates), 'candidate')}."
    )
    state = "" if run.samples >= run.total else f" {run.samples:,} of {run.total:,} samples so far."
    written = f"{data.written_by}, {data.written_at:%d %B %Y, %H:%M}"
    return element(
        "header",
        element("h1", data.title),
        element("p", facts + state),
        element("p", written, class_="quiet"),
    )


def _summary(data: ReportData) -> Html:
    metrics = data.results.run.metrics
    names = [f"{each.label} {'↑' if each.higher_is_better else '↓'}" for each in metrics]
    head = ["", "Candidate", *names, "Size", "Tokens/s", "First token", "Peak memory"]
    rows = [_summary_row(data, each) for each in data.results.candidates]
    return element(
        "table",
        element("caption", "↑ higher is better, ↓ lower is better; in brackets 95 % intervals"),
        element("thead", element("tr", *(element("th", each, scope="col") for each in head))),
        element("tbody", *rows),
        class_="summary",
    )


def _summary_row(data: ReportData, result: CandidateResult) -> Html:
    candidate, speed = result.candidate, result.speed
    about = ", ".join(each for each in (model_words(candidate), prompt_words(candidate)) if each)
    name = joined(
        element("p", candidate.label, class_="key"),
        element("p", about, class_="quiet") if about != candidate.label else None,
        element("p", candidate.problem, class_="problem") if candidate.problem else None,
        element("p", without_answer(result), class_="problem") if result.problems else None,
    )
    numbers = (
        size_words(candidate.model.size_bytes),
        f"{speed.tokens_per_s:.1f}" if speed.tokens_per_s else "—",
        f"{speed.ttft_s:.2f} s" if speed.ttft_s else "—",
        size_words(speed.peak_memory_bytes),
    )
    return element(
        "tr",
        element("td", str(candidate.number + 1), class_="number"),
        element("th", name, scope="row"),
        *(_measured(data, result, each) for each in result.metrics),
        *(element("td", each, class_="value") for each in numbers),
    )


def _measured(data: ReportData, result: CandidateResult, metric: MetricResult) -> Html:
    said = verdict_words(data, result, metric)
    kind = {"better": "ok", "worse": "bad", "baseline": "star"}.get(said, "plain")
    return element(
        "td",
        element("p", estimate_words(metric.metric, metric.estimate), class_="value"),
        element("p", element("span", said, class_=f"chip {kind}")) if said else None,
        *(element("p", each, class_="quiet") for each in remarks(metric)),
    )


def _verdicts(data: ReportData) -> Iterator[Html]:
    said = [
        element(
            "li",
            element("strong", f"{result.candidate.label}, {metric.metric.label}: "),
            metric.verdict.sentence,
        )
        for result in data.results.candidates
        for metric in result.metrics
        if metric.verdict is not None
    ]
    if said:
        yield element("ul", *said, class_="verdicts")


def _plots(data: ReportData) -> Iterator[Html]:
    for metric in data.results.run.metrics:
        if (plot := interval_plot(data, metric)) is not None:
            yield _figure(metric.label, plot)
    quality = _quality(data.results.run.metrics)
    if quality is None:
        return
    speed = against_plot(data, quality, lambda each: each.speed.tokens_per_s, "tokens per second")
    size = against_plot(data, quality, lambda each: each.candidate.model.size_bytes / 1e9, "GB")
    for plot, title in ((speed, "speed"), (size, "size of the file")):
        if plot is not None:
            yield _figure(f"{quality.label} against {title}", plot)


def _quality(metrics: tuple[RunMetric, ...]) -> RunMetric | None:
    """What quality is told by: the first score, else what is measured of a text that was read."""
    scores = [each for each in metrics if is_score(each)]
    read = [each for each in metrics if each.name in ("bits_per_byte", "perplexity")]
    return next(iter([*scores, *read]), None)


def _figure(title: str, plot: Html) -> Html:
    return element("figure", element("figcaption", title), plot)


def _filter(data: ReportData) -> Html:
    options = [element("option", words, value=value) for value, words in _FILTERS]
    left_out = len(data.rows) - MOST_ROWS
    note = f"The first {MOST_ROWS:,} items; {left_out:,} more are in the JSONL and CSV exports."
    return joined(
        element("p", note, class_="note") if left_out > 0 else None,
        element(
            "form",
            element("label", "Show ", element("select", *options, id="kind")),
            element("label", "Containing ", element("input", type="search", id="words")),
            element("output", id="count"),
            id="filter",
            hidden=True,
        ),
    )


def _method(data: ReportData) -> Iterator[Html]:
    yield element("p", _METHODS)
    for each in data.results.run.candidates:
        yield _document(f"{each.number + 1}  {each.label}", candidate_to_json(each))
    for metric in data.results.run.metrics:
        yield _document(metric.label, metric.document)


def _document(title: str, document: Any) -> Html:
    text = json.dumps(plain(document), indent=2, ensure_ascii=False)
    return element("details", element("summary", title), element("pre", text))

"""A run as a short summary in Markdown, for a message or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from app.evals.reports.data import (
    ReportData,
    counted,
    estimate_words,
    model_words,
    remarks,
    size_words,
    verdict_words,
    without_answer,
)
from app.evals.reports.notes import notes
from app.evals.reports.pairs import judge_words
from app.evals.runs.results import CandidateResult, MetricResult

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def markdown_report(data: ReportData) -> bytes:
    """The file, in UTF-8."""
    run = data.results.run
    lines = [
        f"# {_text(data.title)}",
        "",
        f"Suite {_text(run.suite_name)}, version {run.suite_number}: {run.items:,} items, "
        f"{counted(run.repeats, 'answer')} to each by {counted(len(run.candidates), 'candidate')}. "
        f"{_text(data.written_by)}, {data.written_at:%Y-%m-%d %H:%M}.",
        "",
        *_table(data),
        "",
        *_sentences(data),
    ]
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "replace")


def _table(data: ReportData) -> Iterable[str]:
    metrics = data.results.run.metrics
    yield _row(
        ["Candidate", "Model", *(_text(each.label) for each in metrics), "Size", "Tokens/s", "TTFT"]
    )
    yield _row(["---", "---", *("---:" for _ in metrics), "---:", "---:", "---:"])
    for result in data.results.candidates:
        yield _row(_cells(data, result))


def _cells(data: ReportData, result: CandidateResult) -> Sequence[str]:
    speed = result.speed
    return [
        _text(result.candidate.label),
        _text(model_words(result.candidate)),
        *(_measured(data, result, each) for each in result.metrics),
        size_words(result.candidate.model.size_bytes),
        f"{speed.tokens_per_s:.1f}" if speed.tokens_per_s else "—",
        f"{speed.ttft_s:.2f} s" if speed.ttft_s else "—",
    ]


def _measured(data: ReportData, result: CandidateResult, metric: MetricResult) -> str:
    words = estimate_words(metric.metric, metric.estimate)
    said = verdict_words(data, result, metric)
    return f"{words}, **{said}**" if said else words


def _sentences(data: ReportData) -> Iterable[str]:
    for result in data.results.candidates:
        for metric in result.metrics:
            if metric.verdict is not None:
                name, label = _text(result.candidate.label), _text(metric.metric.label)
                yield f"- {name}, {label}: {_text(metric.verdict.sentence)}"
            for remark in remarks(metric):
                yield f"- {_text(result.candidate.label)}, {_text(metric.metric.label)}: {remark}"
        if result.problems:
            yield f"- {_text(result.candidate.label)}: {_text(without_answer(result))}"
    for pair in data.pairs:
        yield f"- Judged side by side by {_text(judge_words(pair))}: {_text(pair.sentence)}"
    yield from (f"- {_text(note)}" for note in notes(data))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """On one line, with nothing in it that Markdown or HTML would take for a mark."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return _MARKS.sub(r"\\\1", line.replace("&", "&amp;"))

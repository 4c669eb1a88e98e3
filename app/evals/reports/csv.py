"""A run as a table for spreadsheets: one sample a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from app.evals.entities import Item
from app.evals.reports.data import ReportData, model_words, prompt_words
from app.evals.reports.plain import scored_samples
from app.evals.runs.entities import Candidate, RunMetric, Sample
from app.evals.runs.results import ScoredSample

Cell = str | int | float

_HEAD = (
    "item", "input", "targets", "tags", "candidate", "model", "prompt", "repeat", "output",
    "output_characters",    "finish", "problem",
)  # fmt: skip
_TAIL = ("ttft_s", "tokens_per_s", "prompt_tokens", "output_tokens", "total_s")


def csv_report(data: ReportData) -> bytes:
    """The file, in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    run = data.results.run
    writer.writerow(map(_safe, [*_HEAD, *_metric_columns(run.metrics), *_TAIL]))
    candidates = {each.number: each for each in run.candidates}
    for row in data.rows:
        for scored in scored_samples(row):
            candidate = candidates[scored.sample.candidate]
            writer.writerow(map(_safe, _cells(row.item, candidate, scored, run.metrics)))
    return text.getvalue().encode("utf-8-sig", "replace")


def _metric_columns(metrics: tuple[RunMetric, ...]) -> Iterator[str]:
    for metric in metrics:
        yield metric.label
        yield f"{metric.label}: reason"


def _cells(
    item: Item, candidate: Candidate, scored: ScoredSample, metrics: tuple[RunMetric, ...]
) -> Iterator[Cell]:
    sample = scored.sample
    yield item.key
    yield "\n\n".join(turn.content for turn in item.input)
    yield "\n".join(item.targets)
    yield ", ".join(item.tags)
    yield candidate.label
    yield model_words(candidate)
    yield prompt_words(candidate)
    yield sample.repeat + 1
    yield sample.text
    yield len(sample.text)
    yield sample.finish.value
    yield sample.problem
    for metric in metrics:
        score = scored.score(metric.id)
        yield "" if score is None or score.value is None else score.value
        yield "" if score is None else score.reason
    yield from _times(sample)


def _times(sample: Sample) -> Iterator[Cell]:
    timings = sample.timings
    yield round(max(timings.ttft_s - timings.queue_s, 0.0), 6)
    yield round(timings.tokens_per_second, 3)
    yield timings.prompt_tokens
    yield timings.output_tokens
    yield round(sample.total_s, 6)


def _safe(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula; numbers are left as they are.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    start = text.lstrip()[:1]
    # Full-width signs act as the narrow ones in some spreadsheets.
    is_formula = start in tuple("=+-@＝＋－＠") or text[:1] in tuple("\t\r\n")  # noqa: RUF001
    return f"'{text}" if is_formula else text

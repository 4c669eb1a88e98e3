"""A run as JUnit XML, which build servers show: a test case for each item and candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from app.evals.entities import Item
from app.evals.reports.data import ReportData, is_score, mean_score, number_words
from app.evals.reports.plain import scored_samples
from app.evals.runs.entities import Candidate, RunMetric
from app.evals.runs.results import MatrixRow, ScoredSample

PASS_MARK: Final = 0.5  # of the mean score of an item
_LONGEST: Final = 10_000  # characters of a text
# All that XML 1.0 cannot hold, not even escaped.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(data: ReportData, pass_mark: float = PASS_MARK) -> bytes:
    """The file, in UTF-8.

    A case fails if its mean by any metric that scores from 0 to 1 is below `pass_mark`. One with
    an answer that could not be scored is skipped, and one without an answer is an error.
    """
    run = data.results.run
    metrics = [each for each in run.metrics if is_score(each)]
    root = ElementTree.Element("testsuites", name=_xml(data.title))
    for candidate in run.candidates:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(candidate.label))
        for row in data.rows:
            if candidate.number in row.cells:
                suite.append(_case(row, candidate, metrics, pass_mark, run.suite_name))
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(
    row: MatrixRow,
    candidate: Candidate,
    metrics: Sequence[RunMetric],
    pass_mark: float,
    suite_name: str,
) -> ElementTree.Element:
    samples = [each for each in scored_samples(row) if each.sample.candidate == candidate.number]
    case = ElementTree.Element(
        "testcase",
        classname=_xml(f"{suite_name}.{candidate.label}"),
        name=_xml(row.item.key),
        time=f"{sum(each.sample.total_s for each in samples):.3f}",
    )
    problem = next((each.sample.problem for each in samples if each.sample.problem), "")
    if problem:
        _add(case, "error", problem, "")
        return case
    means = {metric.label: mean_score(samples, metric) for metric in metrics}
    for metric in metrics:
        mean = means[metric.label]
        if mean is not None and mean < pass_mark:
            message = f"{metric.label}: {number_words(metric, mean)}"
            _add(case, "failure", message, _story(row.item, samples, metric))
            return case
    if metrics and all(mean is None for mean in means.values()):
        _add(case, "skipped", _why_unscored(samples, metrics), "")
    return case


def _story(item: Item, samples: Sequence[ScoredSample], metric: RunMetric) -> str:
    """The task, what was wanted, what came, and why that is no pass."""
    parts = ["Task:", "\n\n".join(turn.content for turn in item.input)]
    if item.targets:
        parts += ["Target:", "\n".join(item.targets)]
    for each in samples:
        score = each.score(metric.id)
        reason = "not scored" if score is None else score.reason
        parts += [f"Output {each.sample.repeat + 1} ({reason}):", each.sample.text]
    return "\n".join(each[:_LONGEST] for each in parts)


def _why_unscored(samples: Sequence[ScoredSample], metrics: Sequence[RunMetric]) -> str:
    scores = (each.score(metric.id) for each in samples for metric in metrics)
    return next((each.reason for each in scores if each and each.reason), "It was not scored.")


def _add(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=_xml(message[:_LONGEST])).text = _xml(text) or None


def _count(suite: ElementTree.Element) -> None:
    suite.set("tests", str(sum(1 for _ in suite.iter("testcase"))))
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for _ in suite.iter(kind))))
    suite.set("time", f"{sum(float(each.get('time', 0)) for each in suite.iter('testcase')):.3f}")


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)

"""What came of runs, as JSON for scripts and as lines for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.evals.runs.comparing import MetricComparison
    from app.evals.runs.entities import Run
    from app.evals.runs.results import CandidateResult, MetricResult, RunResults
    from app.evals.statistics import Estimate, Verdict


def run_to_json(run: Run) -> dict[str, Any]:
    """A run and how far it is."""
    return {
        "run": run.id,
        "name": run.name,
        "state": run.state.value,
        "problem": run.problem,
        "suite": run.suite_name,
        "suite_version": run.suite_number,
        "suite_sha256": run.suite_sha256,
        "items": run.items,
        "repeats": run.repeats,
        "seed": run.seed,
        "samples": run.samples,
        "problems": run.problems,
        "total": run.total,
        "created_at": run.created_at.isoformat(),
    }


def run_line(run: Run) -> str:
    """A run on one line."""
    part = f"{run.samples} of {run.total} answers"
    return f"{run.id:>4}  {run.state.value:<11}  {part:<22}  {run.name}"


def results_to_json(results: RunResults) -> dict[str, Any]:
    """A run summed up."""
    baseline = results.run.baseline
    found = [_candidate_to_json(each, baseline) for each in results.candidates]
    return run_to_json(results.run) | {"candidates": found}


def results_to_text(results: RunResults) -> str:
    """A run summed up, a candidate after the other."""
    run = results.run
    lines = [f"Run {run.id}: {run.name} ({run.state.value})"]
    lines += [f"  {run.problem}"] if run.problem else []
    for each in results.candidates:
        lines += ["", *_candidate_lines(each, is_baseline=each.candidate.number == run.baseline)]
    if not any(each.metrics for each in results.candidates):
        lines += ["", "Nothing was scored: the suite names no metric. Name one with --metric."]
    return "\n".join(lines)


def comparison_to_json(found: tuple[MetricComparison, ...]) -> list[dict[str, Any]]:
    """Two runs compared."""
    return [
        {
            "metric": dict(each.metric.document),
            "label": each.metric.label,
            "baseline": {"label": each.baseline.label} | _estimate_to_json(each.estimate),
            "candidates": [
                {"label": other.candidate.label}
                | _estimate_to_json(other.estimate)
                | {"verdict": _verdict_to_json(other.verdict)}
                for other in each.others
            ],
        }
        for each in found
    ]


def comparison_to_text(found: tuple[MetricComparison, ...]) -> str:
    """Two runs compared, a metric after the other."""
    lines: list[str] = []
    for each in found:
        lines += [f"{each.metric.label}:", f"  {each.baseline.label}: {score(each.estimate)}"]
        for other in each.others:
            lines.append(f"  {other.candidate.label}: {score(other.estimate)}")
            lines.append(f"    {other.verdict.sentence}")
    return "\n".join(lines)


def score(estimate: Estimate) -> str:
    """A score with its interval, in words."""
    if estimate.value is None:
        return f"not scored. {estimate.note}".strip()
    text = f"{estimate.value:.3f}"
    if estimate.low is not None and estimate.high is not None:
        text += f" (95 % interval {estimate.low:.3f} to {estimate.high:.3f})"
    text += f" over {estimate.items} item{'s' * (estimate.items != 1)}"
    return text + (f", {estimate.unscored} not scored" if estimate.unscored else "")


def _candidate_to_json(result: CandidateResult, baseline: int) -> dict[str, Any]:
    candidate, prompt = result.candidate, result.candidate.prompt
    return {
        "number": candidate.number,
        "label": candidate.label,
        "is_baseline": candidate.number == baseline,
        "state": candidate.state.value,
        "problem": candidate.problem,
        "model": candidate.model.name,
        "quantization": candidate.model.quantization,
        "model_sha256": candidate.model.sha256,
        "server": candidate.model.host or None,
        "prompt": None if prompt is None else f"{prompt.name}@{prompt.number}",
        "samples": result.samples,
        "problems": result.problems,
        "commonest_problem": result.problem,
        "metrics": [_metric_to_json(each) for each in result.metrics],
        "speed": asdict(result.speed),
    }


def _metric_to_json(result: MetricResult) -> dict[str, Any]:
    metric = result.metric
    return (
        {"metric": dict(metric.document), "label": metric.label}
        | _estimate_to_json(result.estimate)
        | {"verdict": _verdict_to_json(result.verdict)}
    )


def _estimate_to_json(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "method": estimate.method.value,
        "items": estimate.items,
        "unscored": estimate.unscored,
        "note": estimate.note,
    }


def _verdict_to_json(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "outcome": verdict.outcome.value,
        "difference": verdict.difference.value,
        "low": verdict.difference.low,
        "high": verdict.difference.high,
        "p_value": verdict.p_value,
        "items_needed": verdict.items_needed,
        "sentence": verdict.sentence,
    }


def _candidate_lines(result: CandidateResult, *, is_baseline: bool) -> list[str]:
    candidate = result.candidate
    lines = [candidate.label + (" (baseline)" if is_baseline else "")]
    lines += [f"  failed: {candidate.problem}"] if candidate.problem else []
    if result.problems:
        lines.append(f"  {result.problems} without an answer, such as: {result.problem}")
    for each in result.metrics:
        lines.append(f"  {each.metric.label}: {score(each.estimate)}")
        lines += [f"    {each.verdict.sentence}"] if each.verdict is not None else []
    if result.speed.tokens_per_s:
        lines.append(f"  {result.speed.tokens_per_s:.1f} tokens a second")
    if result.speed.read_tokens_per_s:
        lines.append(f"  reads {result.speed.read_tokens_per_s:,.1f} tokens a second")
    return lines

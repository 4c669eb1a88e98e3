"""What a run would take and what is wrong with it, and how it is begun; off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.base.errors import AppError
from app.evals.entities import Item
from app.evals.runs.entities import Run, RunPlan, SuiteId, Task
from app.evals.runs.results import RunEstimate
from app.modelhub.entities import ModelId
from app.modelhub.fit import Fit, Verdict
from app.ui.amounts import count_text
from app.ui.evals.metrics.words import name_of, needs_target
from app.ui.evals.new_run.text import FEW_PASSAGES, READ_METRICS, Cut, cut, stored_text

if TYPE_CHECKING:
    from app.bootstrap import Services

_MOST_CHECKED = 5_000  # items that are looked at one by one
_CHARACTERS_PER_TOKEN = 4
_READING_METRICS = frozenset(each["metric"] for each in READ_METRICS)
_NOTHING_SCORED = "Nothing is scored: the answers are kept, and can be scored later."
NO_SUITE = SuiteId(0)  # of a plan whose text is not stored yet


@dataclass(frozen=True, slots=True)
class RunDraft:
    """What a person asks for.

    Attributes:
        plan: its suite does not matter where there is a text.
        text: read in place of a suite, and stored as one when the run begins.
    """

    plan: RunPlan
    text: str = ""


@dataclass(frozen=True, slots=True)
class FitWords:
    """Whether a model fits into memory, in words."""

    text: str
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would take.

    Attributes:
        judgements: requests to models that judge.
        fits: of the files among the models.
        problems: what would go wrong, in sentences.
    """

    items: int
    requests: int
    prompt_tokens: int
    most_output_tokens: int
    seconds: float | None
    judgements: int
    fits: Mapping[ModelId, FitWords]
    problems: tuple[str, ...]


def forecast(services: Services, draft: RunDraft) -> Forecast:
    """What a run would take. Nothing is stored.

    Raises:
        AppError: it cannot be begun like this.
    """
    if draft.text:
        return _of_text(services, draft)
    plan = draft.plan
    suites = services.evals.suites
    suite = suites.get(plan.suite)
    metrics = plan.metrics or suite.metrics
    estimate = services.evals.estimate(plan)
    unaskable = _unaskable(estimate.problems)
    if unaskable and not estimate.prompt_tokens:
        raise AppError(unaskable[0])
    some = suites.items(
        suite.id, tag=plan.tag, limit=min(plan.most_items or _MOST_CHECKED, _MOST_CHECKED)
    )
    judges = sum(each.get("metric") == "judgement" for each in metrics)
    return Forecast(
        estimate.items,
        estimate.requests,
        estimate.prompt_tokens,
        estimate.most_output_tokens,
        estimate.seconds,
        judges * estimate.requests,
        _fits(estimate),
        (*(gaps(some, metrics, plan.task) if metrics else (_NOTHING_SCORED,)), *unaskable),
    )


def begin(services: Services, draft: RunDraft) -> Run:
    """Begin the run; a text is stored first, so that the run can be repeated."""
    plan = draft.plan
    if draft.text:
        suite = stored_text(services.evals.suites, draft.text)
        plan = replace(plan, suite=suite.id, metrics=plan.metrics or READ_METRICS)
    return services.evals.start(plan)


def gaps(
    items: Sequence[Item], metrics: Iterable[Mapping[str, Any]], task: Task
) -> tuple[str, ...]:
    """What metrics cannot score among these items, in sentences."""
    if task is Task.READ:
        return ()
    found = []
    for metric in metrics:
        lacking, what = _lacking(items, metric)
        name = name_of(metric)
        if metric.get("metric") in _READING_METRICS:
            found.append(f"“{name}” is measured while models read; it scores no answer.")
        elif lacking and lacking == len(items):
            found.append(f"No item has {what}: “{name}” cannot score anything.")
        elif lacking:
            have = count_text(lacking, "item has", "items have")
            them = "it" if lacking == 1 else "them"
            found.append(f"{have} no {what.split(' ', 1)[1]}; “{name}” cannot score {them}.")
    return tuple(found)


def _lacking(items: Sequence[Item], metric: Mapping[str, Any]) -> tuple[int, str]:
    """How many items lack what a metric needs of each, and what that is."""
    if needs_target(metric):
        return sum(not each.targets for each in items), "a right answer"
    if metric.get("metric") == "json_schema" and not metric.get("schema"):
        lacking = sum(not isinstance(each.metadata.get("schema"), Mapping) for each in items)
        return lacking, "a JSON Schema"
    if metric.get("metric") == "tool_call" and not metric.get("expected"):
        return sum("tool_calls" not in each.metadata for each in items), "an expected tool call"
    return 0, ""


def _unaskable(problems: Sequence[str]) -> tuple[str, ...]:
    """Items that cannot be asked, one sentence for each reason: problems are "key: reason"."""
    keys: dict[str, list[str]] = {}
    for each in problems:
        key, _colon, reason = each.partition(": ")
        keys.setdefault(reason or key, []).append(key)
    return tuple(
        f"“{found[0]}”{' and other items' if len(found) > 1 else ''} cannot be asked: {reason}"
        for reason, found in keys.items()
    )


def _of_text(services: Services, draft: RunDraft) -> Forecast:
    passages = cut(draft.text)
    chosen = [each.model for each in draft.plan.models if each.model is not None]
    count = len(passages.items) * draft.plan.repeats
    tokens = sum(len(each.input[0].content) for each in passages.items) / _CHARACTERS_PER_TOKEN
    models = len(draft.plan.models) or 1
    return Forecast(
        len(passages.items),
        count * models,
        round(tokens * draft.plan.repeats * models),
        0,
        None,
        0,
        {each: _fit(services, each) for each in chosen},
        tuple(_text_problems(passages)),
    )


def _text_problems(passages: Cut) -> Iterable[str]:
    used = len(passages.items)
    if passages.total > used:
        yield f"The text has {passages.total:,} passages; the first {used:,} are read."
    elif used < FEW_PASSAGES:
        yield (
            f"The text makes {count_text(used, 'passage')}. With {FEW_PASSAGES} or more, smaller "
            "differences can be seen."
        )


def _fits(estimate: RunEstimate) -> dict[ModelId, FitWords]:
    return {
        each.model.model: FitWords(each.problem, bool(each.problem))
        if each.fit is None
        else _words(each.fit)
        for each in estimate.fits
        if each.model.model is not None
    }


def _fit(services: Services, model: ModelId) -> FitWords:
    try:
        return _words(services.models.estimate(model))
    except AppError as error:
        return FitWords(str(error), is_doubtful=True)


def _words(fit: Fit) -> FitWords:
    return FitWords(fit.words, fit.verdict is not Verdict.FITS)

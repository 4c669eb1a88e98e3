"""What a run would take, before it is begun: requests, tokens, time and memory; an estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.messages import Turn
from app.evals.entities import Item
from app.evals.runs.asking import turns_for
from app.evals.runs.entities import Candidate, CandidateModel, RunPlan, Task
from app.evals.runs.generation import by_model
from app.evals.runs.results import ModelFit, RunEstimate
from app.modelhub.in_use import LoadedModel
from app.modelhub.service import ModelService

_COUNTED = 8  # items of each prompt, spread over the suite
_CHARACTERS_PER_TOKEN = 4


def estimated(
    plan: RunPlan,
    candidates: Sequence[Candidate],
    items: Sequence[Item],
    models: ModelService,
    seconds_per_sample: Callable[[Candidate], float | None],
    cancel: CancelToken,
) -> RunEstimate:
    """What a run of these candidates over these items would take. Asks the loaded model to count.

    Raises:
        Cancelled: `cancel` was.
    """
    problems: dict[str, None] = {}
    prompt_tokens = 0.0
    some = items[:: max(1, len(items) // _COUNTED)][:_COUNTED]
    engine = _counting_engine(models)
    for candidate in candidates:
        cancel.check()
        turns = _asked(candidate, some, problems)
        if turns:
            mean = sum(_tokens(engine, each) for each in turns) / len(turns)
            prompt_tokens += mean * len(items) * plan.repeats
    each_takes = [seconds_per_sample(each) for each in candidates]
    known = [seconds for seconds in each_takes if seconds is not None]
    requests = len(items) * plan.repeats
    answers = 0 if plan.task is Task.READ else 1
    return RunEstimate(
        items=len(items),
        requests=requests * len(candidates),
        prompt_tokens=round(prompt_tokens),
        most_output_tokens=answers * requests * sum(c.settings.max_tokens for c in candidates),
        seconds=sum(known) * requests if len(known) == len(each_takes) else None,
        fits=tuple(_fit(models, group[0].model, cancel) for group in by_model(candidates)),
        problems=tuple(problems),
    )


def _asked(
    candidate: Candidate, items: Sequence[Item], problems: dict[str, None]
) -> list[tuple[Turn, ...]]:
    content = None if candidate.prompt is None else candidate.prompt.content
    found = []
    for item in items:
        try:
            found.append(turns_for(content, item))
        except AppError as error:
            problems[f"{item.key}: {error}"] = None
    return found


def _counting_engine(models: ModelService) -> Engine | None:
    used = models.in_use
    try:
        # A server would be sent the items, and nobody has agreed to that yet.
        is_here = isinstance(used, LoadedModel)
        return models.engine_of(used, sends_passages=False) if used and is_here else None
    except AppError:
        return None


def _tokens(engine: Engine | None, turns: tuple[Turn, ...]) -> float:
    try:
        if engine is not None:
            return engine.count_prompt(turns)
    except AppError:
        pass  # its template may refuse these turns, or it was unloaded
    return sum(len(turn.content) for turn in turns) / _CHARACTERS_PER_TOKEN


def _fit(models: ModelService, model: CandidateModel, cancel: CancelToken) -> ModelFit:
    if model.model is None:
        return ModelFit(model)
    try:
        return ModelFit(model, models.estimate(model.model, model.options, cancel))
    except AppError as error:
        return ModelFit(model, problem=str(error))

"""From what a person asks for to candidates: which models, prompts and settings exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.chat.sampling import sampling_from
from app.evals.errors import RunRefused
from app.evals.runs.entities import (
    AnswerSettings,
    Candidate,
    CandidateModel,
    CandidatePrompt,
    ModelChoice,
    PromptChoice,
    RunPlan,
    Task,
)
from app.modelhub.endpoints import EndpointService
from app.modelhub.in_use import LoadedModel, host_of, short_name
from app.modelhub.service import ModelService
from app.prompts.service import PromptService
from app.settings.schema import Settings, Thinking
from app.settings.store import SettingsStore

MOST_CANDIDATES = 100
MOST_REPEATS = 100
MOST_SAMPLES = 1_000_000
_THINKS = {Thinking.AUTOMATIC: None, Thinking.ON: True, Thinking.OFF: False}


class Planner:
    """Makes candidates of a plan. Blocks; asks no model."""

    def __init__(
        self,
        settings: SettingsStore,
        models: ModelService,
        endpoints: EndpointService,
        prompts: PromptService,
    ) -> None:
        self._settings = settings
        self._models = models
        self._endpoints = endpoints
        self._prompts = prompts

    def candidates(self, plan: RunPlan) -> tuple[Candidate, ...]:
        """Every model with every prompt and settings; those of one model follow each other.

        Raises:
            RunRefused: there is nothing to ask, or too much.
            NotFound: a model or prompt is not there any more.
        """
        if not 1 <= plan.repeats <= MOST_REPEATS:
            raise RunRefused(f"A run repeats each item 1 to {MOST_REPEATS} times.")
        models = list(dict.fromkeys(map(self._model, plan.models or (ModelChoice(),))))
        prompts = list(dict.fromkeys(plan.prompts)) if plan.task is Task.ANSWER else [None]
        settings = list(dict.fromkeys(plan.settings)) if plan.task is Task.ANSWER else [None]
        found = [
            Candidate(0, "", model, self._answering(each, prompt), prompt)
            for model in models
            for prompt in map(self._prompt, prompts)
            for each in settings
        ]
        if not found:
            raise RunRefused("There is no candidate to measure.", "Choose a model.")
        if len(found) > MOST_CANDIDATES:
            raise RunRefused(
                f"That makes {len(found)} candidates; {MOST_CANDIDATES} are the most.",
                "Choose fewer models, prompts or settings.",
            )
        labels = labels_of(found)
        return tuple(
            replace(each, number=number, label=labels[number]) for number, each in enumerate(found)
        )

    def _model(self, choice: ModelChoice) -> CandidateModel:
        used = self._models.in_use
        if choice.endpoint is not None:
            return self._served(choice)
        if choice.model is None and used is not None and not isinstance(used, LoadedModel):
            return self._served(ModelChoice(endpoint=used.endpoint.id))
        loaded = used if isinstance(used, LoadedModel) else None
        model_id = choice.model or (loaded.model.id if loaded is not None else None)
        if model_id is None:
            raise RunRefused("No model is loaded that could be measured.", "Choose a model.")
        # As it is loaded, it can be shared with chat.
        as_loaded = loaded.options if loaded is not None and loaded.model.id == model_id else None
        model, options = self._models.to_open(model_id, choice.options or as_loaded)
        return CandidateModel(
            name=model.name,
            model=model.id,
            file=model.path.name,
            quantization=model.quantization,
            sha256=model.sha256 or "",
            size_bytes=model.size_bytes,
            parameters=model.parameters,
            options=options,
        )

    def _served(self, choice: ModelChoice) -> CandidateModel:
        assert choice.endpoint is not None
        endpoint = self._endpoints.get(choice.endpoint)
        return CandidateModel(
            name=short_name(endpoint), endpoint=endpoint.id, host=host_of(endpoint.base_url)
        )

    def _prompt(self, choice: PromptChoice | None) -> CandidatePrompt | None:
        if choice is None:
            return None
        prompt = self._prompts.get(choice.prompt)
        number = choice.number or prompt.latest
        if not number:
            raise RunRefused(f"“{prompt.name}” has no version yet.", "Keep a version of it first.")
        from app.evals.runs.asking import check_prompt  # late: starting Cairn asks nothing

        content = self._prompts.version(prompt.id, number).content
        check_prompt(content, prompt.name)
        return CandidatePrompt(prompt.id, number, prompt.name, content)

    def _answering(
        self, chosen: AnswerSettings | None, prompt: CandidatePrompt | None
    ) -> AnswerSettings:
        settings = default_settings(self._settings.current)
        if chosen is not None:
            settings = chosen
        elif prompt is not None and prompt.content.sampling is not None:
            settings = replace(settings, sampling=prompt.content.sampling)
        return replace(settings, sampling=replace(settings.sampling, seed=0))


def default_settings(chosen: Settings) -> AnswerSettings:
    """Those of chat."""
    return AnswerSettings(
        sampling_from(chosen.sampling),
        chosen.chat.max_tokens,
        chosen.chat.thinking_tokens,
        chosen.sampling.stop,
        _THINKS[chosen.chat.thinking],
    )


def labels_of(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """What tells each candidate from the others, in few words."""
    columns = (
        _model_words([each.model for each in candidates]),
        [_prompt_words(each.prompt) for each in candidates],
        [_settings_words(each.settings) for each in candidates],
    )
    labels = columns[0] if len(set(columns[0])) > 1 else [""] * len(candidates)
    for column in columns[1:]:
        if len(set(labels)) < len(labels) and len(set(column)) > 1:
            pairs = zip(labels, column, strict=True)
            labels = [", ".join(filter(None, pair)) for pair in pairs]
    labels = [each or columns[0][0] for each in labels]
    twice = {label for label in labels if labels.count(label) > 1}
    return tuple(
        f"{label} ({at})" if label in twice else label for at, label in enumerate(labels, 1)
    )


def _model_words(models: Sequence[CandidateModel]) -> list[str]:
    """The shortest way to call models that tells all of them apart, if any does."""
    ways = (
        [each.name for each in models],
        [f"{each.name} {each.quantization or each.host}".strip() for each in models],
        [each.file or f"{each.name} on {each.host}" for each in models],
    )
    return next((way for way in ways if len(set(way)) == len(set(models))), ways[-1])


def _prompt_words(prompt: CandidatePrompt | None) -> str:
    return "no prompt" if prompt is None else f"{prompt.name} version {prompt.number}"


def _settings_words(settings: AnswerSettings) -> str:
    thinking = {None: "", True: ", thinking", False: ", not thinking"}[settings.thinking]
    return f"temperature {settings.sampling.temperature:g}{thinking}"

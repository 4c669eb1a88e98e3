"""How likely a model on a server finds given text. Of all servers, only vLLM tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.base.jobs import CancelToken
from app.engine.errors import NotSupported
from app.engine.protocol import ChoiceScore, ScoreChoices, ScoreText, TemplateOptions, TextScore
from app.engine.remote.client import Question, ServerClient
from app.engine.remote.counting import TokenCounter
from app.engine.remote.failures import senseless
from app.engine.remote.server import RemoteModel, ServerKind
from app.engine.remote.shapes import items, mapping, number, whole

_AT_ONCE = 16  # prompts in one request; the server computes them in one batch


@dataclass(frozen=True, slots=True)
class _Scored:
    """A token of a prompt: its log-probability, and that of the best token in its place."""

    logprob: float
    best: float


class Scorer:
    """Scores texts and choices with one model on one server."""

    def __init__(self, client: ServerClient, remote: RemoteModel, counter: TokenCounter) -> None:
        """Ask nothing yet."""
        self._client = client
        self._remote = remote
        self._counter = counter

    def text(self, request: ScoreText, cancel: CancelToken | None = None) -> TextScore:
        """The log-likelihood of a text, window by window."""
        self._require()
        tokens = self._counter.text_ids(request.text, special=False, cancel=cancel)
        start = self._counter.text_ids("", special=True, cancel=cancel)[:1]
        total = squared = 0.0
        count = size = 0
        windows = _windows(tokens, max(2, request.window), start)
        for (window, first), scores in zip(
            windows, self._prompts([window for window, _first in windows], cancel), strict=True
        ):
            for score in scores[first:]:
                total += score.logprob
                squared += score.logprob**2
            count += len(window) - first
            size += len(self._counter.as_text(window[first:], cancel).encode())
        return TextScore(total, squared, count, size)

    def choices(
        self, request: ScoreChoices, cancel: CancelToken | None = None
    ) -> tuple[ChoiceScore, ...]:
        """How likely each continuation of a prompt is."""
        self._require()
        counter = self._counter
        if request.raw:
            content = request.turns[-1].content if request.turns else ""
            prompt = counter.text_ids(content, special=True, cancel=cancel)
        else:
            prompt = counter.prompt_ids(request.turns, (), TemplateOptions(), cancel)
        tails = [counter.text_ids(each, special=False, cancel=cancel) for each in request.choices]
        scored = self._prompts([prompt + tail for tail in tails], cancel)
        return tuple(
            ChoiceScore(
                sum(score.logprob for score in scores[len(prompt) :]),
                sum(score.logprob**2 for score in scores[len(prompt) :]),
                len(tail),
                len(choice.encode()),
                all(score.logprob >= score.best for score in scores[len(prompt) :]),
            )
            for choice, tail, scores in zip(request.choices, tails, scored, strict=True)
        )

    def _require(self) -> None:
        if self._remote.kind is not ServerKind.VLLM:
            raise NotSupported(
                f"{self._remote.kind.label} gives no log-probabilities of a given text.",
                "Load the model here, or serve it with vLLM.",
            )

    def _prompts(
        self, prompts: Sequence[tuple[int, ...]], cancel: CancelToken | None
    ) -> Iterator[tuple[_Scored, ...]]:
        for begin in range(0, len(prompts), _AT_ONCE):
            yield from self._batch(prompts[begin : begin + _AT_ONCE], cancel)

    def _batch(
        self, prompts: Sequence[tuple[int, ...]], cancel: CancelToken | None
    ) -> Iterator[tuple[_Scored, ...]]:
        body: dict[str, Any] = {
            "model": self._remote.model,
            "prompt": [list(prompt) for prompt in prompts],
            "max_tokens": 1,  # none would be enough, but older versions refuse that
            "temperature": 0,
            "logprobs": 1,
            "echo": True,
        }
        url = f"{self._client.address.base}/completions"
        wait_s = self._client.timeouts.first_byte_s
        answer = mapping(self._client.ask(Question(url, body, wait_s=wait_s), cancel))
        by_index = {
            whole(each.get("index")): each for each in map(mapping, items(answer.get("choices")))
        }
        for index, prompt in enumerate(prompts):
            scores = mapping(mapping(by_index.get(index)).get("logprobs"))
            values = items(scores.get("token_logprobs"))[: len(prompt)]
            tops = items(scores.get("top_logprobs"))[: len(prompt)]
            if len(values) != len(prompt) or len(tops) != len(prompt):
                raise senseless(self._client.address, "it does not score every token")
            yield tuple(self._scored(*pair) for pair in zip(values, tops, strict=True))

    def _scored(self, value: object, top: object) -> _Scored:
        if value is None:  # the first token follows nothing
            return _Scored(0.0, 0.0)
        logprob = number(value)
        if logprob is None:
            raise senseless(self._client.address, "a log-probability is no number")
        others = (number(each) for each in mapping(top).values())
        return _Scored(logprob, max((each for each in others if each is not None), default=logprob))


def _windows(
    tokens: tuple[int, ...], size: int, start: tuple[int, ...]
) -> list[tuple[tuple[int, ...], int]]:
    """Windows as the local engine cuts them, and from which token each is scored.

    The first half is context for the second. Only the first window, and a text shorter than one,
    is scored from its beginning.
    """
    if len(tokens) <= size:
        only = start + tokens
        return [(only, max(len(start), 1))] if len(only) > 1 else []
    step = size // 2
    cut = []
    for begin in range(0, len(tokens) - size + 1, step):
        window = tokens[begin : begin + size]
        if begin == 0:
            cut.append((window, 1))
        else:
            cut.append((start + window[len(start) :], size - step))
    return cut

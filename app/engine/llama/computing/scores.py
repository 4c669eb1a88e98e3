"""Log-likelihood of given texts: cuts them into tasks and adds up what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import TypeVar

from app.base.jobs import CancelToken
from app.engine.errors import EngineError, PromptTooLong
from app.engine.llama.computing.loop import EngineLoop
from app.engine.llama.computing.scoring import Scoring, windows
from app.engine.llama.kv.parking import common_prefix
from app.engine.llama.vocabulary import Vocabulary
from app.engine.protocol import ChoiceScore, ScoreChoices, ScoreText, TextScore

T = TypeVar("T")
Scored = list[tuple[float, bool]]

_LEAST_WINDOW = 16


class Scores:
    """Scores texts with one loaded model."""

    def __init__(self, vocabulary: Vocabulary, loop: EngineLoop, room: int) -> None:
        self._vocabulary = vocabulary
        self._loop = loop
        self._room = room

    def of_text(self, request: ScoreText, cancel: CancelToken) -> Future[TextScore]:
        """How likely a text is, window by window.

        Raises:
            EngineError: there is nothing to score, or the window does not fit the context.
        """
        vocabulary, size = self._vocabulary, request.window
        if not _LEAST_WINDOW <= size < self._room:
            raise EngineError(
                f"A window must have from {_LEAST_WINDOW} to {self._room - 1:,} tokens.",
                "Choose another window, or load the model with a longer context.",
            )
        tokens = vocabulary.tokenize(request.text, parse_special=False)
        bos = vocabulary.bos if vocabulary.adds_bos and vocabulary.bos >= 0 else None
        cut = windows(tokens, size, bos)
        if not cut:
            raise EngineError("There is too little text to score.", "Give at least two words.")
        tasks = [Scoring(window, begin, request.priority, cancel) for window, begin in cut]

        def add_up(scored: Sequence[Scored]) -> TextScore:
            values = [value for each in scored for value, _is_best in each]
            return TextScore(
                log_likelihood=sum(values),
                squared=sum(value * value for value in values),
                tokens=len(values),
                scored_bytes=sum(
                    len(vocabulary.piece(token))
                    for window, begin in cut
                    for token in window[begin:]
                ),
            )

        return self._run(tasks, add_up)

    def of_choices(
        self, prompt: list[int], request: ScoreChoices, cancel: CancelToken
    ) -> Future[tuple[ChoiceScore, ...]]:
        """How likely each continuation is; all share the computation of the prompt.

        Raises:
            EngineError: there are no choices, or one is empty.
            PromptTooLong: prompt and choice do not fit into the context.
        """
        tasks: list[Scoring] = []
        counts: list[int] = []
        for choice in request.choices:
            tokens = self._continued(prompt, request, choice)
            begin = max(common_prefix(tokens, prompt), 1)
            if len(tokens) <= begin:
                raise EngineError("A choice is empty.", "Give each choice some text.")
            if len(tokens) > self._room:
                raise PromptTooLong(
                    f"The prompt with a choice has {len(tokens):,} tokens; this model has room for"
                    f" {self._room:,}.",
                    "Shorten it, or load the model with a longer context.",
                )
            tasks.append(Scoring(tokens, begin, request.priority, cancel))
            counts.append(len(tokens) - begin)
        if not tasks:
            raise EngineError("There are no choices.", "Give at least one.")

        def put_together(scored: Sequence[Scored]) -> tuple[ChoiceScore, ...]:
            return tuple(
                ChoiceScore(
                    log_likelihood=sum(value for value, _is_best in each),
                    squared=sum(value * value for value, _is_best in each),
                    tokens=count,
                    text_bytes=len(choice.encode("utf-8", "replace")),
                    is_greedy=all(is_best for _value, is_best in each),
                )
                for each, count, choice in zip(scored, counts, request.choices, strict=True)
            )

        return self._run(tasks, put_together)

    def _continued(self, prompt: list[int], request: ScoreChoices, choice: str) -> list[int]:
        vocabulary = self._vocabulary
        if not request.raw:
            return prompt + vocabulary.tokenize(choice, parse_special=False)
        # Tokens can reach over the border between plain text and what follows it.
        text = request.turns[-1].content + choice
        head = prompt[:1] if vocabulary.adds_bos and vocabulary.bos >= 0 else []
        return head + vocabulary.tokenize(text, parse_special=False)

    def _run(self, tasks: Sequence[Scoring], combine: Callable[[Sequence[Scored]], T]) -> Future[T]:
        """Compute all tasks; the future fails with the first of them that does."""
        done: Future[T] = Future()
        lock, left = Lock(), [len(tasks)]

        def ended(_task: Future[Scored]) -> None:
            with lock:
                left[0] -= 1
                if left[0] or done.done():
                    return
            try:
                done.set_result(combine([task.future.result() for task in tasks]))
            except Exception as error:  # noqa: BLE001  # handed to whoever waits
                done.set_exception(error)

        for task in tasks:
            task.future.add_done_callback(ended)
        for task in tasks:
            self._loop.submit(task)
        return done

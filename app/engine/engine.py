"""What every engine offers, the local one and a remote one alike. `EngineHost` and `RemoteEngine`
have this shape without knowing it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.base.jobs import CancelToken
from app.engine.messages import Delta, PromptPiece, Tool, Turn
from app.engine.protocol import (
    ChoiceScore,
    Generate,
    Generated,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    TemplateOptions,
    TextScore,
)


class Engine(Protocol):
    """Answers, counts, scores and embeds. All methods may be called from any thread; they block.

    An engine that lacks something raises `NotSupported`; every failure is an `EngineError`.
    """

    @property
    def loaded(self) -> ModelFacts | None:
        """The model that answers now; None when there is none."""
        ...

    def generate(
        self,
        request: Generate,
        on_delta: Callable[[Delta], None] = ...,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Answer the last turn. A cancelled answer ends with its partial text and STOPPED.

        Raises:
            PromptTooLong: the turns do not fit into the context.
            EngineStopped: the engine ended in the middle; the text so far is in the error.
            EngineError: there was no answer; why.
        """
        ...

    def count_tokens(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text as part of a message."""
        ...

    def count_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = ...,
    ) -> int:
        """Tokens of the whole prompt that these turns become."""
        ...

    def show_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = ...,
    ) -> str:
        """The prompt that these turns become, control tokens visible."""
        ...

    def prompt_pieces(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = ...,
    ) -> tuple[PromptPiece, ...]:
        """The same without pictures, cut at control tokens."""
        ...

    def score_text(self, request: ScoreText, cancel: CancelToken | None = None) -> TextScore:
        """How likely the model finds a given text."""
        ...

    def score_choices(
        self, request: ScoreChoices, cancel: CancelToken | None = None
    ) -> tuple[ChoiceScore, ...]:
        """How likely each continuation of a prompt is."""
        ...

    def embed(
        self, texts: tuple[str, ...], cancel: CancelToken | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of texts, normalised to length 1."""
        ...

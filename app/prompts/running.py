"""Fills a prompt in and has a model answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.messages import Delta, Turn
from app.engine.protocol import Generate, Generated, JsonSchema, TemplateOptions
from app.engine.sampling import Sampling
from app.prompts.entities import Content
from app.prompts.errors import PromptError
from app.prompts.rendering import render
from app.prompts.variables import check


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a prompt does not say itself.

    Attributes:
        max_tokens: most of the answer.
        stop: texts at which it ends.
    """

    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...]
    template: TemplateOptions


@dataclass(frozen=True, slots=True)
class Ran:
    """A prompt as it was sent, and what came back."""

    turns: tuple[Turn, ...]
    generated: Generated


def run_prompt(
    engine: Engine,
    content: Content,
    given: Mapping[str, object],
    defaults: Defaults,
    on_delta: Callable[[Delta], None] = lambda _delta: None,
    cancel: CancelToken | None = None,
) -> Ran:
    """Answer a prompt; blocks until the answer is there.

    Args:
        engine: that answers.
        content: of the prompt. Its sampling and output schema go before the defaults.
        given: values by the names of variables, as a form or a command line has them.
        defaults: for what it does not say.
        on_delta: gets the answer as it comes.
        cancel: ends it early; the answer so far is then STOPPED.

    Raises:
        PromptError: a value is missing or wrong, or the prompt is broken; nothing was sent.
        EngineError: there was no answer.
    """
    checked = check(content.variables, given)
    if checked.problems:
        problems = " ".join(f"{name}: {words}" for name, words in checked.problems.items())
        raise PromptError(
            f"The prompt cannot be filled in. {problems}",
            "Correct these values, then run it again.",
        )
    turns = render(content, checked.values)
    schema = content.output_schema
    request = Generate(
        turns,
        content.sampling or defaults.sampling,
        defaults.max_tokens,
        defaults.stop,
        template=defaults.template,
        output=JsonSchema(schema) if schema is not None else None,
    )
    return Ran(turns, engine.generate(request, on_delta, cancel))

"""A prompt of the library in a chat: filled in for one question, or as the persona of all of them.

What is kept is what came of filling it in, so that it outlives the prompt.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.engine.messages import Role, Turn
from app.engine.sampling import Sampling
from app.prompts.entities import Content, PromptId, PromptVersion, Value, Variable
from app.prompts.errors import PromptError

_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class PromptRef:
    """Which prompt it was, and which version of it."""

    prompt_id: PromptId
    number: int
    name: str

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.name} (version {self.number})"


@dataclass(frozen=True, slots=True)
class PromptUse:
    """A prompt as it was filled in.

    Attributes:
        instructions: its system parts; empty if it has none.
        shown: its examples, and the turns before the one that asks.
        sampling, output_schema: as the version has them.
        searches: the documents are searched for the question, too.
    """

    ref: PromptRef
    instructions: str = ""
    shown: tuple[Turn, ...] = ()
    sampling: Sampling | None = None
    output_schema: Mapping[str, Any] | None = None
    searches: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A prompt filled in for a question, and the question that it asks; empty if it asks none."""

    use: PromptUse
    question: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What prompts say about one answer. Empty or None: nothing.

    Attributes:
        persona: None where it was set aside, too.
    """

    instructions: str
    shown: tuple[Turn, ...]
    sampling: Sampling | None
    output_schema: Mapping[str, Any] | None
    prompt: PromptRef | None
    persona: PromptRef | None


def fill(name: str, version: PromptVersion, given: Mapping[str, object]) -> Filled:
    """Fill a prompt in for one question.

    Args:
        name: of the prompt.
        version: of it.
        given: values by the names of variables, as a form has them.

    Raises:
        PromptError: a value is missing or wrong, or the prompt is broken.
    """
    content = version.content
    turns = _rendered(content, given)
    instructions = "\n\n".join(each.content for each in turns if each.role is Role.SYSTEM)
    said = tuple(each for each in turns if each.role is not Role.SYSTEM)
    question = ""
    if said and said[-1].role is Role.USER:
        said, question = said[:-1], said[-1].content.strip()
    ref = PromptRef(version.prompt_id, version.number, name)
    use = PromptUse(ref, instructions, said, content.sampling, content.output_schema)
    return Filled(use, question)


def as_persona(name: str, version: PromptVersion, given: Mapping[str, object]) -> PromptUse:
    """The system parts, the examples and the sampling of a prompt, for every question of a chat.

    Answers to people need no schema, so that is left out.

    Raises:
        PromptError: a value is missing or wrong, or the prompt is broken.
    """
    parts = persona_content(version.content)
    use = fill(name, replace(version, content=parts), given).use
    return replace(use, output_schema=None)


def can_be_persona(content: Content) -> bool:
    """Whether a prompt says how to answer, and not only what."""
    return any(part.role is Role.SYSTEM and part.text.strip() for part in content.parts)


def persona_content(content: Content) -> Content:
    """What of a prompt a persona needs: its system parts, with the variables in them."""
    parts = tuple(part for part in content.parts if part.role is Role.SYSTEM)
    names = _names_in("\n".join(part.text for part in parts))
    variables: tuple[Variable, ...] = content.variables
    if names is not None:
        variables = tuple(each for each in variables if each.name in names)
    return replace(content, parts=parts, variables=variables)


def ruling(prompt: PromptUse | None, persona: PromptUse | None) -> Ruling:
    """What the prompt of a question and the persona of its chat come to.

    A prompt that says how to answer sets the persona aside for its question.
    """
    if prompt is not None and prompt.instructions:
        persona = None
    uses = [each for each in (prompt, persona) if each is not None]
    sampling = next((each.sampling for each in uses if each.sampling is not None), None)
    if sampling is not None and not sampling.seed:
        # None was chosen, and another answer shall be able to be another one.
        sampling = replace(sampling, seed=secrets.randbelow(_SEEDS))
    return Ruling(
        next((each.instructions for each in uses if each.instructions), ""),
        next((each.shown for each in uses if each.shown), ()),
        sampling,
        prompt.output_schema if prompt is not None else None,
        prompt.ref if prompt is not None else None,
        persona.ref if persona is not None else None,
    )


def _rendered(content: Content, given: Mapping[str, object]) -> tuple[Turn, ...]:
    # Jinja is wanted only when a prompt is used; the chat is there from the start.
    from app.prompts.rendering import render
    from app.prompts.variables import check

    checked = check(content.variables, given)
    if checked.problems:
        problems = " ".join(f"{name}: {words}" for name, words in checked.problems.items())
        raise PromptError(
            f"The prompt cannot be filled in. {problems}", "Correct these values, then try again."
        )
    values: Mapping[str, Value] = checked.values
    return render(content, values)


def _names_in(text: str) -> frozenset[str] | None:
    """The names that a template asks for; None if it is broken, which filling it in will say."""
    from jinja2 import meta
    from jinja2.exceptions import TemplateSyntaxError

    from app.prompts.rendering import PromptEnvironment

    try:
        return frozenset(meta.find_undeclared_variables(PromptEnvironment().parsed(text)))
    except TemplateSyntaxError:
        return None

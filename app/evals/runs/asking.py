"""How a prompt and an item meet: what a candidate is asked.

Without a prompt the item is asked as it is. A prompt with a question of its own, or with a variable
`input`, is asked by itself: the item's question goes into `input`, or into the only variable that
needs a value, and an object `vars` in the item's metadata fills in others. Any other prompt goes
before the item: its system part, then its examples, then the item's turns. What the item's own
system turn says follows the system part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.base.errors import AppError
from app.engine.messages import Role, Tool, Turn
from app.engine.protocol import (
    Generate,
    JsonSchema,
    ModelFacts,
    OutputFormat,
    Priority,
    TemplateOptions,
)
from app.evals.entities import Item
from app.evals.errors import RunRefused
from app.evals.runs.entities import AnswerSettings, Candidate
from app.evals.suites.suite import BadItem
from app.prompts.entities import Content, VariableKind
from app.prompts.errors import PromptError

INPUT = "input"  # the variable that an item's question goes into
VALUES = "vars"  # in an item's metadata: values of other variables
TOOLS = "tools"  # in an item's metadata: what the model may call
_MOST_TOOLS = 64
_TEXTS = (VariableKind.TEXT, VariableKind.LONG_TEXT, VariableKind.DOCUMENT)
_TRIED = 20  # items


def check_prompt(content: Content, name: str) -> None:
    """Make sure that a prompt says where an item goes.

    Raises:
        RunRefused: it has a question of its own, and no variable that an item could fill in.
    """
    if asks_itself(content) and not content.variables:
        raise RunRefused(
            f"“{name}” has a question of its own, but no place for the items of a suite.",
            f"Give it a variable “{INPUT}”, or leave only its system part and examples.",
        )


def check_meeting(candidates: Iterable[Candidate], items: Sequence[Item]) -> None:
    """Make sure that each prompt can be filled in with one of the first items at least.

    Raises:
        RunRefused: one cannot; why.
    """
    some = items[:_TRIED]
    for prompt in (each.prompt for each in candidates if each.prompt is not None):
        problems = [_problem(prompt.content, item) for item in some]
        if all(problems) and (first := problems[0]) is not None:
            raise RunRefused(
                f"“{prompt.name}” cannot be asked with these items: {first.message}", first.hint
            )


@dataclass(frozen=True, slots=True)
class Asking:
    """What one candidate asks a model of a certain kind.

    Attributes:
        facts: of the loaded model.
    """

    candidate: Candidate
    facts: ModelFacts

    def request(self, item: Item, seed: int) -> Generate:
        """The request for an item.

        Raises:
            AppError: the prompt cannot be filled in with it.
        """
        settings, prompt = self.candidate.settings, self.candidate.prompt
        schema = None if prompt is None else prompt.content.output_schema
        output: OutputFormat | None = None if schema is None else JsonSchema(schema)
        return Generate(
            turns_for(None if prompt is None else prompt.content, item),
            replace(settings.sampling, seed=seed),
            _most_tokens(settings, self.facts),
            settings.stop,
            tools=tools_of(item),
            template=TemplateOptions(thinking=settings.thinking if self.facts.thinks else None),
            output=output,
            priority=Priority.BACKGROUND,
        )


def asks_itself(content: Content) -> bool:
    """Whether a prompt is asked by itself, filled in, and not put before an item."""
    takes_input = any(each.name == INPUT for each in content.variables)
    return takes_input or _has_question(content)


def turns_for(content: Content | None, item: Item) -> tuple[Turn, ...]:
    """The turns that a prompt and an item make together.

    Raises:
        AppError: the prompt cannot be filled in with this item.
    """
    if content is None:
        return item.input
    given = _given(content, item)
    if asks_itself(content):
        if not given:
            raise _no_place()
        return _filled(content, given)
    before = _filled(replace(content, examples=()), given) if content.parts else ()
    said = [turn.content for turn in (*before, *item.input) if turn.role is Role.SYSTEM]
    head = (Turn(Role.SYSTEM, "\n\n".join(said)),) if said else ()
    shown = (
        turn
        for each in content.examples
        for turn in (Turn(Role.USER, each.input), Turn(Role.ASSISTANT, each.output))
    )
    return (*head, *shown, *(turn for turn in item.input if turn.role is not Role.SYSTEM))


def read_aloud(item: Item) -> str:
    """The text of an item that a model only reads."""
    return "\n\n".join(turn.content for turn in item.input if turn.content)


def tools_of(item: Item) -> tuple[Tool, ...]:
    """The tools that an item offers; what cannot be read as one is passed over."""
    listed = item.metadata.get(TOOLS)
    if not isinstance(listed, list):
        return ()
    found = (_tool(each) for each in listed[:_MOST_TOOLS])
    return tuple(each for each in found if each is not None)


def _given(content: Content, item: Item) -> dict[str, object]:
    """Values that the item has for the prompt's variables."""
    names = {each.name for each in content.variables}
    values = item.metadata.get(VALUES)
    pairs = values.items() if isinstance(values, Mapping) else ()
    given = {name: value for name, value in pairs if name in names}
    place = _place(content)
    if place:
        given.setdefault(place, question_of(item))
    return given


def _place(content: Content) -> str:
    """The variable that the item's question goes into; empty if there is none."""
    if any(each.name == INPUT for each in content.variables):
        return INPUT
    needed = [
        each.name
        for each in content.variables
        if each.required and each.default is None and each.kind in _TEXTS
    ]
    return needed[0] if len(needed) == 1 and _has_question(content) else ""


def _has_question(content: Content) -> bool:
    return any(part.role is not Role.SYSTEM for part in content.parts)


def question_of(item: Item) -> str:
    """The item as one text: its question, or a conversation with who says what."""
    said = [turn for turn in item.input if turn.role is not Role.SYSTEM]
    if len(said) == 1:
        return said[0].content
    return "\n\n".join(f"{turn.role.value.capitalize()}: {turn.content}" for turn in said)


def _problem(content: Content, item: Item) -> AppError | None:
    try:
        turns_for(content, item)
    except AppError as error:
        return error
    return None


def _no_place() -> AppError:
    return BadItem(
        "The prompt has a question of its own, and the item has no value for any of its variables.",
        f"Put values into the item's metadata, as “{VALUES}”, or give the prompt a variable"
        f" “{INPUT}”.",
    )


def _filled(content: Content, given: Mapping[str, object]) -> tuple[Turn, ...]:
    # Late: Jinja is slow to import, and runs without prompts do without it.
    from app.prompts.rendering import render
    from app.prompts.variables import check

    checked = check(content.variables, given)
    if checked.problems:
        problems = " ".join(f"{name}: {words}" for name, words in checked.problems.items())
        raise PromptError(
            f"The prompt cannot be filled in. {problems}",
            f"Put the values into the item's metadata, as “{VALUES}”.",
        )
    return render(content, checked.values)


def _most_tokens(settings: AnswerSettings, facts: ModelFacts) -> int:
    may_think = facts.thinks and settings.thinking is not False
    return settings.max_tokens + (settings.thinking_tokens if may_think else 0)


def _tool(document: Any) -> Tool | None:
    match document:
        case {"function": Mapping() as function}:  # as OpenAI writes them
            return _tool(function)
        case {"name": str(name)} if name:
            description, parameters = document.get("description"), document.get("parameters")
            return Tool(
                name,
                description if isinstance(description, str) else "",
                parameters if isinstance(parameters, Mapping) else {"type": "object"},
            )
    return None

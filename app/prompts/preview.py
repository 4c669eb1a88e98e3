"""What a prompt will be when it is sent: its turns, the model's template around them, its tokens.

Nothing is sent to a model here. Values that are still missing have samples stand in for them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.engine.engine import Engine
from app.engine.errors import EngineError
from app.engine.messages import PromptPiece, Role, Turn
from app.engine.protocol import TemplateOptions
from app.prompts.entities import Content, Value, Variable, VariableKind
from app.prompts.errors import PromptError
from app.prompts.variables import check

NOTHING_YET = "Add a message to see what the model will get."
LOAD_A_MODEL = "Load a model to see its template and count tokens."
EXAMPLES, TEMPLATE = "Examples", "Chat template"

_AS_IT_IS = TemplateOptions()
# Private use, so that no template changes or trims it.
_PLACE, _PLACES = "\ue000{}\ue001", re.compile("\ue000([0-9]+)\ue001")


class RunKind(StrEnum):
    """Who wrote a piece of the prompt."""

    CONTENT = "content"  # the prompt and its values
    TEMPLATE = "template"  # the model's template, in words
    CONTROL = "control"  # the model's template, as marks such as <|im_start|>


@dataclass(frozen=True, slots=True)
class PromptRun:
    """A piece of the prompt text. Never empty."""

    kind: RunKind
    text: str


@dataclass(frozen=True, slots=True)
class PartTokens:
    """How many tokens a part of the prompt takes; `name` is its title for people."""

    name: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no preview.

    Attributes:
        part: index of the part it comes from; None where it is none of them.
    """

    message: str
    hint: str = ""
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A prompt, filled in.

    Attributes:
        runs: together the whole text that the model reads; none without a model that shows it.
        tokens: of each part, the template's own last; none without a model that counts.
        total: tokens of the whole prompt.
        sampled: names of the variables that a sample stands in for.
        note: what is missing from the preview and why, in words; empty if nothing is.
    """

    turns: tuple[Turn, ...] = ()
    runs: tuple[PromptRun, ...] = ()
    tokens: tuple[PartTokens, ...] = ()
    total: int | None = None
    context_length: int | None = None
    sampled: tuple[str, ...] = ()
    note: str = ""
    problem: Problem | None = None


def preview(
    engine: Engine | None,
    content: Content,
    given: Mapping[str, object],
    template: TemplateOptions = _AS_IT_IS,
) -> Preview:
    """Fill a prompt in and look at it through a model. Blocks; broken prompts do not raise.

    Args:
        engine: whose template and tokenizer to use; None for the turns alone.
        content: of the prompt.
        given: values by the names of variables, as a form has them; others are passed over.
        template: what the chat template is told besides.
    """
    if not content.parts:
        return Preview(note=NOTHING_YET)
    known = {each.name: given.get(each.name) for each in content.variables}
    checked = check(content.variables, known)
    values, sampled = dict(checked.values), []
    for variable in content.variables:
        words = checked.problems.get(variable.name)
        if words is None:
            continue
        if not _is_blank(known[variable.name]):
            return Preview(problem=Problem(f"{variable.label or variable.name}: {words}"))
        values[variable.name] = sample_value(variable)
        sampled.append(variable.name)
    shown = replace(_filled(content, values), sampled=tuple(sampled))
    if engine is None or shown.problem is not None:
        return shown
    return _through(engine, shown, content, template)


def sample_value(variable: Variable) -> Value:
    """What stands in for a value that nobody gave."""
    match variable.kind:
        case VariableKind.NUMBER:
            return 1
        case VariableKind.YES_NO:
            return True
        case VariableKind.DATE:
            return date.today().isoformat()  # noqa: DTZ011 - the day where the person is
        case VariableKind.CHOICE if variable.choices:
            return variable.choices[0]
    return f"[{variable.label or variable.name}]"


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _filled(content: Content, values: Mapping[str, Value]) -> Preview:
    from app.prompts.rendering import render  # Jinja

    try:
        return Preview(render(content, values), note=LOAD_A_MODEL)
    except PromptError as error:
        return Preview(problem=Problem(error.message, error.hint, error.part))


def _through(
    engine: Engine, shown: Preview, content: Content, template: TemplateOptions
) -> Preview:
    facts, turns, note = engine.loaded, shown.turns, ""
    try:
        pieces = engine.prompt_pieces(turns, template=template)
        bare = tuple(
            replace(each, content=_PLACE.format(index)) for index, each in enumerate(turns)
        )
        runs = tuple(_runs(pieces, engine.show_prompt(bare, template=template), turns))
    except EngineError as error:
        runs, note = (), f"{error.message} {error.hint}".strip()
    try:
        total = engine.count_prompt(turns, template=template)
        counts = engine.count_tokens(tuple(each.content for each in turns))
    except EngineError as error:
        return replace(shown, runs=runs, note=note or f"{error.message} {error.hint}".strip())
    return replace(
        shown,
        runs=runs,
        tokens=tuple(_by_part(turns, counts, total, 2 * len(content.examples))),
        total=total,
        context_length=facts.context_length if facts is not None else None,
        note=note,
    )


def _by_part(
    turns: Sequence[Turn], counts: Sequence[int], total: int, examples: int
) -> Iterator[PartTokens]:
    """Tokens of each turn, all examples as one part, and what the template adds."""
    first = next((n for n, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns))
    roles = [turn.role for turn in (*turns[:first], *turns[first + examples :])]
    seen: Counter[Role] = Counter()
    sums: Counter[str] = Counter()
    for n, (turn, count) in enumerate(zip(turns, counts, strict=True)):
        name = EXAMPLES
        if not first <= n < first + examples:
            seen[turn.role] += 1
            number = f" {seen[turn.role]}" if roles.count(turn.role) > 1 else ""
            name = f"{turn.role.capitalize()}{number}"
        sums[name] += count
    yield from (PartTokens(name, tokens) for name, tokens in sums.items())
    yield PartTokens(TEMPLATE, max(0, total - sum(counts)))


def _runs(pieces: Sequence[PromptPiece], bare: str, turns: Sequence[Turn]) -> Iterator[PromptRun]:
    """Cut the prompt into what the turns say and what the template writes around them.

    Args:
        pieces: the prompt.
        bare: the prompt of the same turns with a place holder for each content.
        turns: what is said.
    """
    text = "".join(each.text for each in pieces)
    spans = _aligned(text, bare, turns)
    if spans is None:  # the template looks into what is said, so its own text is another
        spans = _found(text, turns)
    done = 0
    for start, end in spans:
        yield from _template_runs(pieces, done, start)
        if start < end:
            yield PromptRun(RunKind.CONTENT, text[start:end])
        done = end
    yield from _template_runs(pieces, done, len(text))


def _aligned(text: str, bare: str, turns: Sequence[Turn]) -> list[tuple[int, int]] | None:
    """Where the contents are, if all between them is as in the bare prompt."""
    first, *rest = _PLACES.split(bare)
    if not text.startswith(first):
        return None
    spans, at = [], len(first)
    for index, after in zip(map(int, rest[::2]), rest[1::2], strict=True):
        if index >= len(turns):
            return None
        said = turns[index].content
        # Templates trim what is said.
        forms = (said, said.strip(), said.rstrip(), said.lstrip())
        ends = (at + len(form) for form in forms if text.startswith(form + after, at))
        end = next(ends, None)
        if end is None:
            return None
        spans.append((at, end))
        at = end + len(after)
    return spans if at == len(text) else None


def _found(text: str, turns: Sequence[Turn]) -> list[tuple[int, int]]:
    spans, at = [], 0
    for turn in turns:
        said = turn.content.strip()
        start = text.find(said, at)
        if start >= 0:
            at = start + len(said)
            spans.append((start, at))
    return spans


def _template_runs(pieces: Sequence[PromptPiece], start: int, end: int) -> Iterator[PromptRun]:
    at = 0
    for piece in pieces:
        if text := piece.text[max(start - at, 0) : max(end - at, 0)]:
            yield PromptRun(RunKind.CONTROL if piece.is_control else RunKind.TEMPLATE, text)
        at += len(piece.text)

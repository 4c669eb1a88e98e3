"""What differs between two contents: word by word in the parts, in sentences elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from app.engine.messages import Role
from app.engine.sampling import Sampling
from app.prompts.entities import Content, Part, Variable

MOST_CELLS = 400_000_000  # words of one text times words of the other; some 50 MB and 0.1 s
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # written without spaces: each is a word
_WORD = re.compile(rf"([{_CJK}]|[^\W{_CJK}]+|[^\w\s]|\A(?=\s))(\s*)")
_LINE = re.compile(r"([^\n]*\n|[^\n]+\Z)()")


class Change(StrEnum):
    """What became of a run of words."""

    EQUAL = "equal"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Run:
    """Text that shares its fate. Never empty; the next run is of another kind."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class PartDiff:
    """A part before and after.

    Attributes:
        old, new: its place among the parts, from 0; None where it is not there.
        runs: equal and deleted ones make the old text, equal and inserted ones the new.
    """

    role: Role
    old: int | None
    new: int | None
    runs: tuple[Run, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything in it is other than before."""
        one_sided = self.old is None or self.new is None
        return one_sided or any(each.change is not Change.EQUAL for each in self.runs)


@dataclass(frozen=True, slots=True)
class ContentDiff:
    """Two contents side by side.

    Attributes:
        parts: of both, in reading order.
        schema: the output schemas as indented JSON, no text for none.
        changes: sentences about all that is not in the parts.
    """

    parts: tuple[PartDiff, ...]
    schema: tuple[Run, ...]
    changes: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the contents differ at all."""
        return bool(self.changes) or any(each.is_changed for each in self.parts)


def content_diff(old: Content, new: Content) -> ContentDiff:
    """What was changed to get from one content to the other."""
    schema = word_diff(_schema_text(old), _schema_text(new))
    changes = (
        *_variable_changes(old.variables, new.variables),
        *_example_changes(old, new),
        *_schema_changes(old, new, schema),
        *_sampling_changes(old.sampling, new.sampling),
    )
    return ContentDiff(tuple(_part_diffs(old.parts, new.parts)), schema, changes)


def word_diff(old: str, new: str) -> tuple[Run, ...]:
    """Runs of words that lead from one text to the other.

    Texts so long that words would take too long are compared by lines, and words only within lines
    that changed.
    """
    return tuple(_joined(_pieces(old, new)))


class _Token(NamedTuple):
    """A word, and the space after it, which does not count when words are compared."""

    word: str
    space: str


_Tokens = Sequence[_Token]


def _pieces(old: str, new: str) -> Iterator[Run]:
    words = _tokens(_WORD, old), _tokens(_WORD, new)
    if _fits(*words):
        yield from _aligned(*words)
        return
    for is_equal, before, after in _blocks(_tokens(_LINE, old), _tokens(_LINE, new)):
        text, other = _text(before), _text(after)
        if is_equal:
            yield Run(Change.EQUAL, text)
        else:
            yield from _aligned(_tokens(_WORD, text), _tokens(_WORD, other))


def _tokens(pattern: re.Pattern[str], text: str) -> list[_Token]:
    return [_Token(*groups) for groups in pattern.findall(text)]


def _fits(old: Sequence[object], new: Sequence[object]) -> bool:
    return len(old) * len(new) <= MOST_CELLS


def _aligned(old: _Tokens, new: _Tokens) -> Iterator[Run]:
    for is_equal, before, after in _blocks(old, new):
        if not is_equal:
            yield from _replaced(_text(before), _text(after))
            continue
        for token, other in zip(before, after, strict=True):
            if token == other:
                yield Run(Change.EQUAL, _text([token]))
            else:
                yield Run(Change.EQUAL, token.word)
                yield from _replaced(token.space, other.space)


def _blocks(old: _Tokens, new: _Tokens) -> Iterator[tuple[bool, _Tokens, _Tokens]]:
    for is_equal, before, after in _steps([each.word for each in old], [each.word for each in new]):
        yield is_equal, old[before], new[after]


def _steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[bool, slice, slice]]:
    """What is common to two sequences, and what lies between, in turns."""
    start, end = _common_ends(old, new)
    if start:
        yield True, slice(start), slice(start)
    yield from _inner_steps(old, new, range(start, len(old) - end), range(start, len(new) - end))
    if end:
        yield True, slice(len(old) - end, len(old)), slice(len(new) - end, len(new))


def _common_ends(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - start
    return start, next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)


def _inner_steps(
    old: Sequence[Hashable], new: Sequence[Hashable], before: range, after: range
) -> Iterator[tuple[bool, slice, slice]]:
    if not _fits(before, after):
        yield False, slice(before.start, before.stop), slice(after.start, after.stop)
        return
    # Its cost is known beforehand: difflib takes seconds for two tables of 500 cells.
    from rapidfuzz.distance import LCSseq

    numbers: dict[Hashable, int] = {}
    codes = [
        [numbers.setdefault(side[i], len(numbers)) for i in places]
        for side, places in ((old, before), (new, after))
    ]
    for is_equal, group in groupby(LCSseq.opcodes(*codes), lambda step: step.tag == "equal"):
        steps = list(group)
        mine = before[steps[0].src_start : steps[-1].src_end]
        theirs = after[steps[0].dest_start : steps[-1].dest_end]
        yield is_equal, slice(mine.start, mine.stop), slice(theirs.start, theirs.stop)


def _text(tokens: _Tokens) -> str:
    return "".join(each.word + each.space for each in tokens)


def _replaced(old: str, new: str) -> Iterator[Run]:
    yield Run(Change.DELETED, old)
    yield Run(Change.INSERTED, new)


def _joined(pieces: Iterable[Run]) -> Iterator[Run]:
    """Runs without empty ones; between two equal ones at most one deleted and one inserted."""
    written = (each for each in pieces if each.text)
    for _, group in groupby(written, lambda each: each.change is Change.EQUAL):
        texts: dict[Change, list[str]] = {change: [] for change in Change}
        for each in group:
            texts[each.change].append(each.text)
        yield from (Run(change, "".join(parts)) for change, parts in texts.items() if parts)


def _part_diffs(old: Sequence[Part], new: Sequence[Part]) -> Iterator[PartDiff]:
    nothing = Part(Role.USER, "")
    for i, k in _paired_parts(old, new):
        before, after = nothing if i is None else old[i], nothing if k is None else new[k]
        role = before.role if k is None else after.role
        yield PartDiff(role, i, k, word_diff(before.text, after.text))


def _paired_parts(
    old: Sequence[Part], new: Sequence[Part]
) -> Iterator[tuple[int | None, int | None]]:
    """Equal parts belong together; of those between, the ones with the same role do."""
    for is_equal, before, after in _steps(old, new):
        i, k = range(len(old))[before], range(len(new))[after]
        if is_equal:
            yield from zip(i, k, strict=True)
            continue
        roles = [old[each].role for each in i], [new[each].role for each in k]
        for is_same, mine, theirs in _steps(*roles):
            if is_same:
                yield from zip(i[mine], k[theirs], strict=True)
            else:
                yield from ((each, None) for each in i[mine])
                yield from ((None, each) for each in k[theirs])


def _variable_changes(old: Sequence[Variable], new: Sequence[Variable]) -> Iterator[str]:
    before, after = ({each.name: each for each in side} for side in (old, new))
    changes = [f"The variable “{name}” is gone." for name in before if name not in after]
    for name, variable in after.items():
        if name not in before:
            changes.append(f"The variable “{name}” is new.")
        elif differing := _differing(before[name], variable):
            changes.append(f"The variable “{name}” has another {', '.join(differing)}.")
    if not changes and old != new:
        changes.append("The variables are in another order.")
    yield from changes


def _example_changes(old: Content, new: Content) -> Iterator[str]:
    changed = added = removed = 0
    for is_equal, before, after in _steps(old.examples, new.examples):
        if not is_equal:
            mine, theirs = len(old.examples[before]), len(new.examples[after])
            changed += min(mine, theirs)
            added += max(theirs - mine, 0)
            removed += max(mine - theirs, 0)
    counts = ((changed, "changed"), (added, "new"), (removed, "gone"))
    if told := ", ".join(f"{count} {word}" for count, word in counts if count):
        yield f"Examples: {told}."


def _schema_text(content: Content) -> str:
    if content.output_schema is None:
        return ""
    return json.dumps(content.output_schema, indent=2, ensure_ascii=False)


def _schema_changes(old: Content, new: Content, runs: Iterable[Run]) -> Iterator[str]:
    if old.output_schema is None and new.output_schema is not None:
        yield "Answers now have to follow a JSON Schema."
    elif old.output_schema is not None and new.output_schema is None:
        yield "Answers do not have to follow a JSON Schema any more."
    elif any(each.change is not Change.EQUAL for each in runs):
        yield "Answers have to follow another JSON Schema."


def _sampling_changes(old: Sampling | None, new: Sampling | None) -> Iterator[str]:
    if old is None and new is not None:
        yield "Sampling: its own settings instead of the model's."
    elif old is not None and new is None:
        yield "Sampling: the model's settings instead of its own."
    elif old is not None and new is not None:
        for name in _differing(old, new):
            field = name.replace(" ", "_")
            yield f"Sampling: {name} {_said(old, field)} became {_said(new, field)}."


def _differing(old: Variable | Sampling, new: Variable | Sampling) -> list[str]:
    # 1 and True are equal, but not the same default.
    return [
        each.name.replace("_", " ")
        for each in fields(old)
        if repr(getattr(old, each.name)) != repr(getattr(new, each.name))
    ]


def _said(settings: Sampling, field: str) -> str:
    value = getattr(settings, field)
    if not isinstance(value, tuple):
        return str(value)
    return ", ".join(repr(each) if isinstance(each, str) else str(each) for each in value) or "none"

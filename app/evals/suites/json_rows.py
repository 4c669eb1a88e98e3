"""A row of a JSON Lines file to an item, as Cairn, inspect_ai and OpenAI evals name the fields.

inspect_ai: https://inspect.aisi.org.uk/datasets.html. OpenAI: docs/build-eval.md in openai/evals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any, Final

from app.evals.entities import Item
from app.evals.suites.imported import SuiteFormat
from app.evals.suites.messages import read_input
from app.evals.suites.parsing import as_texts
from app.evals.suites.suite import BadItem

ONE_LETTER: Final = "Answer with the letter of the right choice only."
SEVERAL_LETTERS: Final = (
    "Answer with the letters of all right choices only, in order, separated by commas."
)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a format calls the key and the targets."""

    key: str
    targets: str

    def others(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that have no part in an item."""
        own = (self.key, self.targets, "input", "tags", "metadata")
        return {name: value for name, value in row.items() if name not in own}


_NAMES: Final[Mapping[SuiteFormat, _Names]] = {
    SuiteFormat.CAIRN: _Names("key", "targets"),
    SuiteFormat.INSPECT: _Names("id", "target"),
    SuiteFormat.OPENAI: _Names("id", "ideal"),
}


def other_fields(row: Mapping[str, Any], form: SuiteFormat) -> tuple[str, ...]:
    """Names of the fields that go into metadata because an item has no place for them."""
    return tuple(_NAMES[form].others(row))


def item_of(row: Mapping[str, Any], form: SuiteFormat) -> Item:
    """The item of a row; its key is empty if the row has none.

    Raises:
        BadItem: a field is missing or not what it should be.
    """
    names = _NAMES[form]
    item = Item(
        _key(row.get(names.key), names.key),
        read_input(row.get("input")),
        as_texts(row.get(names.targets), names.targets),
        as_texts(row.get("tags"), "tags"),
        _metadata(row, names),
    )
    if form is SuiteFormat.INSPECT and row.get("choices"):
        return _with_choices(item, as_texts(row["choices"], "choices"))
    return item


def _key(value: Any, name: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            pass
        case str() | int():
            return str(value)
    raise BadItem(f"“{name}” is neither a text nor a whole number.")


def _metadata(row: Mapping[str, Any], names: _Names) -> dict[str, Any]:
    own = row.get("metadata")
    if own is not None and not isinstance(own, dict):
        raise BadItem("“metadata” is not an object.")
    metadata = dict(own or {})
    for name, value in names.others(row).items():
        free = name
        while free in metadata:  # so that nothing is lost
            free += "_"
        metadata[free] = value
    return metadata


def _with_choices(item: Item, choices: Sequence[str]) -> Item:
    """The item with lettered choices below its last turn, and letters as its target.

    inspect_ai takes every letter of a target as a right choice, and all of them are wanted.
    """
    if len(choices) > len(ascii_uppercase):
        raise BadItem(f"There are more than {len(ascii_uppercase)} choices.")
    letters = sorted({letter for each in item.targets for letter in _letters(each, choices)})
    lines = (
        f"{letter}) {choice}" for letter, choice in zip(ascii_uppercase, choices, strict=False)
    )
    request = SEVERAL_LETTERS if len(letters) > 1 else ONE_LETTER
    last = item.input[-1]
    asked = "\n\n".join((last.content, "\n".join(lines), request))
    return replace(
        item,
        input=(*item.input[:-1], replace(last, content=asked)),
        targets=(", ".join(letters),) if letters else (),
    )


def _letters(target: str, choices: Sequence[str]) -> Sequence[str]:
    allowed = ascii_uppercase[: len(choices)]
    if len(target) == 1 and target in allowed:
        return target
    if choices.count(target) == 1:
        return allowed[choices.index(target)]
    if target and all(letter in allowed for letter in target):
        return target
    raise BadItem("The target is neither the letter of a choice nor a choice.")

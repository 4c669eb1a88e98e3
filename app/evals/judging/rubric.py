"""What an answer is judged by: a question about it, and levels each described in a sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

from app.base.quoting import shown
from app.evals.metrics.metric import MetricError

LEVELS: Final = range(2, 6)  # how many; judges do not keep more apart
_LONGEST_NAME: Final = 40
_LONGEST_TEXT: Final = 2_000  # characters
_FIELDS: Final = {"name", "question", "levels"}


@dataclass(frozen=True, slots=True)
class Level:
    """How good an answer can be: one word or a few, and a sentence that says when it is that."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """What is asked about an answer, and the levels to choose from.

    Attributes:
        name: for lists.
        question: what the judge decides about each answer.
        levels: from the worst to the best; in this order they are worth 0 to 1 in equal steps.
    """

    name: str
    question: str
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        """Make sure that a judge can use it.

        Raises:
            MetricError: a part is missing, too long or there twice.
        """
        _check_text("name", self.name, _LONGEST_NAME)
        _check_text("question", self.question, _LONGEST_TEXT)
        if len(self.levels) not in LEVELS:
            raise MetricError(
                f"The rubric has {len(self.levels)} levels.",
                f"Give it from {LEVELS[0]} to {LEVELS[-1]}, from the worst to the best.",
            )
        for level in self.levels:
            _check_text("name of a level", level.name, _LONGEST_NAME)
            _check_text(f"description of the level {shown(level.name)}", level.description)
        names = [level.name.casefold() for level in self.levels]
        if len({*names}) < len(names):
            raise MetricError("Two levels of the rubric have the same name.", "Rename one.")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the levels, from the worst to the best."""
        return tuple(level.name for level in self.levels)

    def value_of(self, level: str) -> float:
        """What a level is worth, from 0 to 1.

        Raises:
            ValueError: there is no such level.
        """
        return self.names.index(level) / (len(self.levels) - 1)

    @property
    def sha256(self) -> str:
        """Of all that it says: its version."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "levels": [asdict(level) for level in self.levels]}


def rubric_from_json(document: Mapping[str, Any]) -> Rubric:
    """The rubric that a document describes, as `Rubric.to_json` makes it.

    Raises:
        MetricError: it describes none.
    """
    levels = document.get("levels")
    if document.keys() != _FIELDS or not isinstance(levels, list | tuple):
        raise MetricError("This is no rubric.", "Give its name, its question and its levels.")
    return Rubric(document["name"], document["question"], tuple(map(_level, levels)))


def _level(document: object) -> Level:
    if not isinstance(document, Mapping) or document.keys() != {"name", "description"}:
        raise MetricError(
            "A level of the rubric cannot be read.", "Give each its name and its description."
        )
    return Level(document["name"], document["description"])


def _check_text(what: str, text: object, longest: int = _LONGEST_TEXT) -> None:
    if not isinstance(text, str) or not text.strip():
        raise MetricError(f"The rubric has no {what}.", "Write one.")
    if len(text) > longest:
        raise MetricError(f"The {what} is too long.", f"It can have {longest:,} characters.")
    if not text.replace("\n", " ").isprintable():
        raise MetricError(
            f"The {what} has characters that nobody can see.", "Write it in plain text."
        )


CORRECT: Final = Rubric(
    "Correct",
    "Does the answer answer the question correctly?",
    (
        Level("wrong", "The answer is false, contradicts the reference, or does not answer."),
        Level("partly", "The main point is right, but something in it is wrong or missing."),
        Level("right", "All that the question asks is answered, and nothing in it is false."),
    ),
)
FOLLOWS: Final = Rubric(
    "Follows the instruction",
    "Does the answer do what the instruction asks, in the form it asks for?",
    (
        Level("not", "The answer does something else, or refuses without need."),
        Level("partly", "The task is done, but a demand on content, form or length is not met."),
        Level("fully", "Every demand of the instruction is met, and nothing unasked is added."),
    ),
)
RUBRICS: Final[Mapping[str, Rubric]] = MappingProxyType({"correct": CORRECT, "follows": FOLLOWS})

"""Metrics and their settings in words that need no textbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.evals.metrics.metric import Needs
from app.evals.metrics.registry import KINDS

COMPARING: Final = "Compare with the right answer"
FORM: Final = "Check the form of the answer"
JUDGED: Final = "Let a model judge"
SPEED: Final = "Measure the speed"
READING: Final = "How well a model foresees a text"


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind of metric: its name, where it is listed, and a sentence on what it tells."""

    name: str
    group: str
    sentence: str


KIND_WORDS: Final[Mapping[str, KindWords]] = {
    "exact_match": KindWords(
        "Exactly the right answer",
        COMPARING,
        "The answer is the same text as a right answer. Good for short answers.",
    ),
    "contains": KindWords(
        "Contains the right answer",
        COMPARING,
        "The right answer occurs somewhere in what the model says.",
    ),
    "numeric_tolerance": KindWords(
        "The right number",
        COMPARING,
        "The number in the answer is the right one, or near enough.",
    ),
    "regular_expression": KindWords(
        "Matches a pattern",
        COMPARING,
        "A regular expression matches the answer.",
    ),
    "edit_similarity": KindWords(
        "Similar letter by letter",
        COMPARING,
        "How few characters differ from the right answer (edit distance): 1 is the same.",
    ),
    "rouge_l": KindWords(
        "Similar word by word",
        COMPARING,
        "How many words it shares with the right answer in the same order (ROUGE-L).",
    ),
    "semantic_similarity": KindWords(
        "Similar in meaning",
        COMPARING,
        "How near the answer is to the right one in meaning, whatever the words.",
    ),
    "json_valid": KindWords("Is JSON", FORM, "The answer can be read as JSON."),
    "json_schema": KindWords(
        "JSON of a given form",
        FORM,
        "The answer is JSON that fits a JSON Schema.",
    ),
    "json_equal": KindWords(
        "The right JSON value",
        COMPARING,
        "The answer is the same JSON value as the right answer; layout does not matter.",
    ),
    "tool_call": KindWords(
        "Calls the right tools",
        FORM,
        "The model calls the tools that it should, with the right arguments.",
    ),
    "judgement": KindWords(
        "Judged by a model",
        JUDGED,
        "A model reads each answer and gives it one of a few described levels.",
    ),
    "perplexity": KindWords(
        "Perplexity",
        READING,
        "How surprised a model is by each next token of the text; lower is better. It compares "
        "files of one model.",
    ),
    "bits_per_byte": KindWords(
        "Bits per byte",
        READING,
        "The same surprise counted by the byte, so that different models can be compared; lower "
        "is better.",
    ),
    "time_to_first_token": KindWords(
        "Time until the answer begins", SPEED, "Seconds until the first word is there."
    ),
    "time_per_token": KindWords(
        "Time for each token", SPEED, "Seconds from one token of the answer to the next."
    ),
    "tokens_per_second": KindWords(
        "Tokens per second", SPEED, "How quickly the answer comes once it has begun."
    ),
}
GROUPS: Final = (COMPARING, FORM, JUDGED, SPEED, READING)

_CLEANING: Final = {
    "casefold": ("Ignore upper and lower case", ""),
    "strip_punctuation": ("Ignore punctuation", ""),
    "collapse_space": ("Ignore extra spaces and line breaks", ""),
    "nfkc": ("Ignore how letters are encoded", "Such as full-width letters and ligatures."),
}
# Title and help of each setting, in the order in which they are shown.
SETTINGS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "exact_match": _CLEANING,
    "contains": {
        "needed": ("If there are several right answers", ""),
        **_CLEANING,
    },
    "edit_similarity": _CLEANING,
    "numeric_tolerance": {
        "absolute": ("May differ by", "0.5 takes 9.5 to 10.5 for 10."),
        "relative": ("May differ by this share", "0.01 is one percent of the right number."),
        "which": ("Which number of the answer counts", ""),
        "decimal_comma": ("Numbers are written with a decimal comma", "As 3,14 and 1.000,00."),
    },
    "regular_expression": {
        "pattern": ("Pattern", "Empty takes each right answer of an item as a pattern."),
        "ignore_case": ("Ignore upper and lower case", ""),
        "whole": ("It has to match the whole answer", ""),
    },
    "json_schema": {
        "schema": ("JSON Schema", "Empty takes “schema” from the metadata of each item."),
    },
    "tool_call": {
        "match": ("What has to be called", ""),
        "arguments": ("How arguments are compared", ""),
        "unexpected": ("Other calls", ""),
        "expected": (
            "Expected calls",
            'For items that do not say: [{"name": "search", "arguments": {"query": "x"}}]',
        ),
    },
    "judgement": {
        "rubric": ("What is judged", ""),
        "with_target": ("The judge sees the right answers", ""),
        "model": ("Which model judges", ""),
    },
}
VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "needed": {"any": "one of them is enough", "all": "all of them have to be there"},
    "which": {"last": "the last one", "only": "the only one"},
    "match": {
        "all": "all expected calls, in any order",
        "ordered": "all expected calls, in this order",
        "any": "one of the expected calls",
        "none": "none of them",
    },
    "arguments": {
        "subset": "at least those expected",
        "exact": "exactly those expected",
        "ignored": "they do not matter",
    },
    "unexpected": {"ignored": "do not matter", "failing": "count as wrong"},
}
_NEEDS: Final = {
    Needs.EMBEDDER: "Uses the embedding model of your library, on this computer.",
    Needs.LIKELIHOOD: "Measured while models read a text; they generate nothing.",
}
WITH_TARGETS: Final = frozenset(
    {
        "exact_match",
        "contains",
        "numeric_tolerance",
        "edit_similarity",
        "rouge_l",
        "semantic_similarity",
        "json_equal",
    }
)


def name_of(document: Mapping[str, Any]) -> str:
    """What a metric is called."""
    kind = str(document.get("metric", ""))
    if kind == "judgement" and isinstance(document.get("rubric"), Mapping):
        return f"Judged by a model: {document['rubric'].get('name', '')}"
    known = KIND_WORDS.get(kind)
    return known.name if known is not None else kind.replace("_", " ")


def needs_target(document: Mapping[str, Any]) -> bool:
    """Whether it can score nothing where an item has no right answer."""
    kind = document.get("metric")
    return kind in WITH_TARGETS or (kind == "regular_expression" and not document.get("pattern"))


def need_words(kind: str) -> str:
    """What it cannot do without, in a sentence; empty where that is nothing. Not for judges."""
    if kind in WITH_TARGETS and KINDS[kind].needs is Needs.NOTHING:
        return "Needs a right answer with each item."
    words = _NEEDS.get(KINDS[kind].needs, "")
    return f"Needs a right answer with each item. {words}" if kind in WITH_TARGETS else words

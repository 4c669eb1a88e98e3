"""Choosing the sentences that answer a question, and saying so when none does.

Sentences are ranked by their cosine to the question, a little by shared words. The threshold and
the weights were calibrated on labelled questions (tests/data/answers.json; the benchmark
`tests.benchmarks.answers` shows precision and recall, also on questions kept out of calibration).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np

from app.base.jobs import CancelToken
from app.library.encoders import Encoder
from app.library.language import looks_english, significant_words, word_stem
from app.library.protocol import PickedSentence, PickSentences
from app.library.retrieval import clean_question
from app.library.sentences import split_sentences

if TYPE_CHECKING:
    from app.library.encoders import Vectors

# The best sentence must reach this; below, nothing is quoted.
THRESHOLD: Final = 0.45
# Further sentences must reach this, and come this close to the best one.
THRESHOLD_FURTHER: Final = 0.38
NEAR_BEST: Final = 0.15
SHARED_WORDS_WEIGHT: Final = 0.05
# A number or name that stands in the question and nowhere in the texts: the answer is elsewhere.
MISSING_NAME_PENALTY: Final = 0.12
# A question in the text is not an answer, but the sentence after it may be one.
AFTER_QUESTION_LOSS: Final = 0.1
# The head of a table or of a function names things and says nothing about them.
FRAGMENT_WORDS: Final = 3
FRAGMENT_LOSS: Final = 0.15
SAME_SENTENCE: Final = 0.93
# Eight passages hold about a hundred; more would make the answer wait.
MAX_SENTENCES: Final = 400
MIN_WORDS: Final = 2
# A longer line without a full stop is rather a point of a list.
HEADING_WORDS: Final = 8

_WORD: Final = re.compile(r"\w+")
_QUESTION_END: Final = re.compile("[?\uff1f\u061f]\\W*$")  # Latin, full-width and Arabic
_SENTENCE_END: Final = re.compile("[.!?:;,|\u2026\u3002\uff01\uff1f]\\W*$")
_FULL_STOP: Final = re.compile("[.!?\u2026\u3002\uff01\uff1f]\\W*$")
_NOT_IN_HEADINGS: Final = re.compile(r"^\s*[-*•·]\s|[:|=\t]")
_NAME: Final = re.compile(r"(?<=[\w,;:] )[^\W\d_a-z]\w+|\w*\d\w*")


@dataclass(frozen=True, slots=True)
class _Sentence:
    index: int
    start: int
    end: int
    text: str
    heading: str = ""

    @property
    def in_context(self) -> str:
        """The sentence under its heading: "the fee is 14" says little without "Mooring"."""
        return f"{self.heading}: {self.text}" if self.heading else self.text


def pick_sentences(
    encoder: Encoder, request: PickSentences, cancel: CancelToken | None = None
) -> tuple[PickedSentence, ...]:
    """At most `request.limit` sentences that answer, best first; empty when nothing does."""
    question = clean_question(request.question)
    sentences = _sentences(request.texts)
    if not sentences or request.limit < 1 or not significant_words(question):
        return ()
    vectors = encoder.embed([question, *(each.text for each in sentences)], cancel=cancel)
    cosines = vectors[1:] @ vectors[0]
    in_context = _with_headings(encoder, vectors[0], sentences, cosines, cancel)
    scores = _scores(question, sentences, in_context)
    best = float(scores.max())
    if best < THRESHOLD:
        return ()
    keep = max(THRESHOLD_FURTHER, best - NEAR_BEST)
    ranked = sorted(
        (row for row in range(len(sentences)) if scores[row] >= keep),
        key=lambda row: (-scores[row], row),
    )
    chosen = _different(ranked, sentences, vectors[1:], request.limit)
    return tuple(_picked(sentences[row], float(cosines[row])) for row in chosen)


def _sentences(texts: Sequence[str]) -> list[_Sentence]:
    found: list[_Sentence] = []
    for index, text in enumerate(texts):
        spans = split_sentences(text)
        heading = ""
        for (start, end), following in zip_longest(spans, spans[1:]):
            sentence = text[start:end]
            if following is not None and _is_heading(sentence, text[end : following[0]]):
                heading = sentence.strip(" #")
            elif len(_WORD.findall(sentence)) >= MIN_WORDS or not sentence.isascii():
                found.append(_Sentence(index, start, end, sentence, heading))
        if len(found) >= MAX_SENTENCES:
            break
    return found[:MAX_SENTENCES]


def _is_heading(sentence: str, gap: str) -> bool:
    """Whether this line only names what the lines after it say."""
    return (
        "\n" in gap
        and len(_WORD.findall(sentence)) <= HEADING_WORDS
        and not _SENTENCE_END.search(sentence)
        and not _NOT_IN_HEADINGS.search(sentence)
    )


def _with_headings(
    encoder: Encoder,
    question: Vectors,
    sentences: Sequence[_Sentence],
    cosines: Vectors,
    cancel: CancelToken | None,
) -> Vectors:
    """Cosines that count half for the sentence and half for it under its heading."""
    rows = [row for row, each in enumerate(sentences) if each.heading]
    if not rows:
        return cosines
    vectors = encoder.embed([sentences[row].in_context for row in rows], cancel=cancel)
    result = cosines.copy()
    result[rows] = np.maximum(cosines[rows], (cosines[rows] + vectors @ question) / 2)
    return result


def _scores(question: str, sentences: Sequence[_Sentence], cosines: Vectors) -> Vectors:
    wanted = {word_stem(word) for word in significant_words(question)}
    stems = [{word_stem(word) for word in significant_words(each.text)} for each in sentences]
    shared = np.array([len(wanted & each) / len(wanted) for each in stems], np.float32)
    scores = cosines + SHARED_WORDS_WEIGHT * shared
    if _names_are_missing(question, set().union(*stems)):
        scores = scores - MISSING_NAME_PENALTY
    fragments = np.array([_is_fragment(each.text) for each in sentences])
    scores = _passed_on(scores - np.float32(FRAGMENT_LOSS) * fragments, sentences)
    result: Vectors = scores.astype(np.float32)
    return result


def _names_are_missing(question: str, stems: set[str]) -> bool:
    names = [each.group() for each in _NAME.finditer(question)]
    # Where all nouns are capitalised, capitals do not tell a name.
    if not looks_english(question):
        names = [each for each in names if any(map(str.isdigit, each))]
    return any(word_stem(each.lower()) not in stems for each in names)


def _is_fragment(text: str) -> bool:
    return len(_WORD.findall(text)) <= FRAGMENT_WORDS and not _FULL_STOP.search(text)


def _passed_on(scores: Vectors, sentences: Sequence[_Sentence]) -> Vectors:
    """Questions in the text hand their score to the sentence after them."""
    scores = scores.copy()
    for row, sentence in enumerate(sentences):
        if not _QUESTION_END.search(sentence.text):
            continue
        if row + 1 < len(sentences) and sentences[row + 1].index == sentence.index:
            scores[row + 1] = max(scores[row + 1], scores[row] - AFTER_QUESTION_LOSS)
        scores[row] = -1.0
    return scores


def _different(
    ranked: Sequence[int], sentences: Sequence[_Sentence], vectors: Vectors, limit: int
) -> list[int]:
    chosen: list[int] = []
    for row in ranked:
        if len(chosen) == limit:
            break
        if not any(_say_the_same(row, other, sentences, vectors) for other in chosen):
            chosen.append(row)
    return chosen


def _say_the_same(row: int, other: int, sentences: Sequence[_Sentence], vectors: Vectors) -> bool:
    if float(vectors[row] @ vectors[other]) < SAME_SENTENCE:
        return False
    # Rows of a table and clauses of a contract differ in their numbers and not in their meaning.
    return _numbers(sentences[row].text) == _numbers(sentences[other].text)


def _numbers(text: str) -> set[str]:
    return {each for each in _WORD.findall(text) if any(map(str.isdigit, each))}


def _picked(sentence: _Sentence, cosine: float) -> PickedSentence:
    return PickedSentence(sentence.index, sentence.start, sentence.end, sentence.text, cosine)

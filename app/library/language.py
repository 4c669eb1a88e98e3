"""What little Cairn knows of languages: is a text English, which words carry its meaning."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_SAMPLE_CHARACTERS: Final = 2_000
_ENGLISH: Final = """
the of and to in is was are were be been for that it with as on by this from at or an not
what which who whom whose when where why how does did do has have had can could should would
will may must there their they his her its our your you we i my me if than then about into
any all many much
"""
_OTHER: Final = """
der die das und ist nicht ein eine einen einem einer mit von zu den dem des für auf wie wer
wo wann warum welche welcher welches sich auch wird wurde sind hat im zum zur bei nach über
het een de van niet voor zijn wat waar wanneer hoe welke aan ook door werd
le la les des du un une et est dans pour que qui quoi où quand comment pourquoi quel quelle
sur avec par au aux sont ne pas ce cette el los las del y en es por para con qué quién cuál
cuándo dónde cómo se su una o os um uma é não em no na com do da dos das quem qual quando
onde il lo gli di che è per sono chi cosa dove perché della nel
och att det som är på av vad hur när var og er hvad hvor hvornår w z jest się nie
jak co kiedy gdzie je ve bir bu için mi kim
"""
# Words of both lists say nothing.
_ENGLISH_ONLY: Final = frozenset(_ENGLISH.split()) - frozenset(_OTHER.split())
_OTHER_ONLY: Final = frozenset(_OTHER.split()) - frozenset(_ENGLISH.split())
_STOP_WORDS: Final = (
    frozenset(_ENGLISH.split()) | frozenset(_OTHER.split()) | frozenset({"a", "so"})
)
_ANY_WORD: Final = re.compile(r"\w+")
_ENDINGS: Final = ("ings", "ing", "ed", "es", "s", "e")


def looks_english(text: str) -> bool:
    """Whether the text may be English; names and single words get the benefit of the doubt."""
    words = _WORD.findall(text[:_SAMPLE_CHARACTERS].lower())
    letters = "".join(words)
    if not letters:
        return True
    if sum(map(_is_latin, letters)) < 0.7 * len(letters):
        return False
    english = sum(word in _ENGLISH_ONLY for word in words)
    other = sum(word in _OTHER_ONLY for word in words)
    if english == other:
        return _is_mostly_ascii(letters)
    return english > other


def _is_mostly_ascii(letters: str) -> bool:
    return sum(each.isascii() for each in letters) > 0.97 * len(letters)


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def significant_words(text: str) -> list[str]:
    """The words of a text that carry meaning, in lower case, each once, in order."""
    words = dict.fromkeys(_ANY_WORD.findall(text.lower()))
    return [word for word in words if word not in _STOP_WORDS]


def word_stem(word: str) -> str:
    """A word without its commonest English endings; only good for comparing."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word

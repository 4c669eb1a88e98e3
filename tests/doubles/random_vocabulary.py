"""Vocabularies of any size for models of random weights: real tokens, reachable from real text.

The byte-pair vocabulary holds all bytes, control tokens, and made-up words such as “ bakudo” with
the merges that lead to them, so that text of such words takes one token a word.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

NORMAL, UNKNOWN, CONTROL = 1, 2, 3  # gguf.TokenType

END_OF_TEXT, TURN, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_CONTROLS = (END_OF_TEXT, TURN, END)
_SPACE = "\u0120"  # how byte-level vocabularies spell a space
_SYLLABLES = tuple(f"{first}{second}" for first, second in product("bcdfghjklmnprstvwxyz", "aeiou"))
_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Texts and types by token; merges in the order they are tried.

    Attributes:
        kind: tokenizer.ggml.model of the file.
        ends: tokens that end a reply.
    """

    kind: str
    texts: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()

    def token(self, text: str) -> int:
        """Of an entry's exact text."""
        return self.texts.index(text)


def byte_pairs(size: int) -> Vocabulary:
    """All bytes, ChatML's control tokens, and then words, `size` entries in all."""
    first = (*byte_letters(), *_CONTROLS)
    pairs = tuple(islice(_merges(), size - len(first)))
    if size < len(first) or len(first) + len(pairs) != size:
        raise ValueError(f"a vocabulary cannot have {size} entries")
    texts = (*first, *(f"{left}{right}" for left, right in pairs))
    types = tuple(CONTROL if text in _CONTROLS else NORMAL for text in texts)
    ends = (texts.index(END_OF_TEXT), texts.index(END))
    return Vocabulary("gpt2", texts, types, tuple(f"{one} {two}" for one, two in pairs), ends)


def word_pieces(size: int) -> Vocabulary:
    """As BERT has it: letters and digits at the start of a word and within, then syllables."""
    visible = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    texts = [*_SPECIALS, *(f"\u2581{each}" for each in visible), *visible]
    texts += [f"\u2581{each}" for each in _SYLLABLES]
    if not len(_SPECIALS) <= size <= len(texts):
        raise ValueError(f"a vocabulary cannot have {size} entries")
    texts = texts[:size]
    types = [CONTROL if text in _SPECIALS else NORMAL for text in texts]
    types[1] = UNKNOWN
    return Vocabulary("bert", tuple(texts), tuple(types))


def words(count: int, seed: int = 0) -> str:
    """Text of made-up words; with a vocabulary of 120,000 entries, a token each."""
    draw = random.Random(seed)
    firsts = _SYLLABLES[:10]
    return " ".join(
        draw.choice(firsts) + "".join(draw.choices(_SYLLABLES, k=2)) for _ in range(count)
    )


def byte_letters() -> tuple[str, ...]:
    """GPT-2's table: each byte as a visible character."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = iter(range(256, 512))
    return tuple(chr(byte if byte in visible else next(hidden)) for byte in range(256))


def _merges() -> Iterator[tuple[str, str]]:
    """Each joins two entries that are there by then."""
    for syllable in _SYLLABLES:
        yield syllable[0], syllable[1]
    starts = [f"{_SPACE}{syllable}" for syllable in _SYLLABLES]
    for syllable in _SYLLABLES:
        yield _SPACE, syllable
    for longer in range(2):
        joined = list(product(starts, _SYLLABLES))
        yield from joined
        if not longer:
            starts = [f"{one}{two}" for one, two in joined]

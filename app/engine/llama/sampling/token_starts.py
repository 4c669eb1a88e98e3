"""Which tokens can come next, told by their first bytes: a grammar rules out most of them by these.

A grammar goes letter by letter. If it does not allow the token that is the single byte “x”, it
allows no token that begins with “x”; and the same for two bytes. So a few hundred tokens are tried
in place of all of a vocabulary, and then only what is left.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.engine.llama.native import llama_cpp
from app.engine.llama.vocabulary import Vocabulary

Tokens = NDArray[np.int32]
Allowed = Callable[[Tokens], Tokens]

_FEW = 1500  # tokens that are tried one by one


class TokenStarts:
    """The first two bytes of every token of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        pieces = _starts(vocabulary)
        sizes = np.array([len(each) for each in pieces])
        padded = [each.ljust(2, b"\0") for each in pieces]
        self._first = np.array([each[0] for each in padded])
        self._pair = np.array([each[0] << 8 | each[1] for each in padded])
        self._longer = sizes > 1
        everything = np.arange(len(pieces), dtype=np.int32)
        self._ends = everything[[vocabulary.is_end(token) for token in range(len(pieces))]]
        # A zero byte ends a token for the grammar, as for the padding here.
        self._spelled = (sizes > 0) & (self._first > 0)
        self._spelled[self._ends] = False
        self._singles = everything[self._spelled & (sizes == 1)]
        self._doubles = everything[self._spelled & (sizes == 2)]

    def possible(self, allowed: Allowed) -> Tokens:
        """Tokens that may be allowed; all others are not.

        Args:
            allowed: of some tokens, those that the grammar allows next.
        """
        keep = self._spelled & self._by(allowed, self._singles, self._first, 1 << 8)
        if np.count_nonzero(keep) > _FEW:
            doubles = self._doubles[keep[self._doubles]]
            # Tokens of two bytes that were left out just now are tried by none.
            by_pair = self._by(allowed, doubles, self._pair, 1 << 16)
            keep &= by_pair | ~self._longer
        return np.union1d(np.flatnonzero(keep).astype(np.int32), self._ends)

    def _by(
        self, allowed: Allowed, tried: Tokens, starts: NDArray[np.int_], kinds: int
    ) -> NDArray[np.bool_]:
        """Whether each token's start may be allowed, from the tokens that are that start alone."""
        verdict = np.ones(kinds, bool)  # what has no token of its own may be
        verdict[starts[tried]] = False
        verdict[starts[allowed(tried)]] = True
        found: NDArray[np.bool_] = verdict[starts]
        return found


@lru_cache(maxsize=2)
def token_starts(vocabulary: Vocabulary) -> TokenStarts:
    """Of a vocabulary; read once, which takes some tenths of a second for a large one."""
    return TokenStarts(vocabulary)


def _starts(vocabulary: Vocabulary) -> list[bytes]:
    """The first bytes of each token as a grammar sees it, control tokens spelled out."""
    size = 512
    buffer = ctypes.create_string_buffer(size)
    read = llama_cpp.llama_token_to_piece
    found: list[bytes] = []
    for token in range(vocabulary.size):
        count = read(vocabulary.handle, token, buffer, size, 0, True)
        start = ctypes.string_at(buffer, min(count, 3)) if count >= 0 else b""
        found.append(start or vocabulary.piece(token, special=True)[:3])
    return found

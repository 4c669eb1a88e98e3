"""Guesses the next tokens by looking up what followed the same few tokens earlier.

Good for replies that quote: code that is edited, passages that are cited, lists that repeat. Pure
bookkeeping over token ids, one object per stream; checking the guesses is the caller's work.

Use: `extend` with the prompt and then with every accepted token, `truncate` when tokens are taken
back, `guess` before a decode step. Negative ids (the places of an image) are never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable

_MOST_LOOKS = 64  # earlier places compared for one guess; beyond that a longer match is rare


class PromptLookup:
    """The tokens of one stream, with an index of where each few of them occur.

    Each place remembers the place before it where the same `ngram_min` tokens end, so adding and
    taking back a token cost the same however long the stream is.
    """

    def __init__(self, most: int, ngram_max: int = 4, ngram_min: int = 2) -> None:
        """An empty stream.

        Args:
            most: tokens guessed at once.
            ngram_max: a match as long as this is taken at once; else the longest, then the latest.
            ngram_min: shorter matches do not count.
        """
        if not 1 <= ngram_min <= ngram_max or most < 0:
            raise ValueError("lengths of matches and guesses must be in order")
        self._most = most
        self._longest = ngram_max
        self._shortest = ngram_min
        self._tokens: list[int] = []
        self._before: list[int] = []  # by end of an n-gram, less the first: its earlier end, or 0
        self._latest: dict[tuple[int, ...], int] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def extend(self, tokens: Iterable[int]) -> None:
        """More tokens of the stream."""
        for token in tokens:
            self._tokens.append(token)
            end = len(self._tokens)
            if end >= self._shortest:
                ending = self._ending(end)
                self._before.append(self._latest.get(ending, 0))
                self._latest[ending] = end

    def truncate(self, length: int) -> None:
        """Take back all but the first `length` tokens."""
        while len(self._tokens) > max(length, 0):
            if self._before:
                ending, before = self._ending(len(self._tokens)), self._before.pop()
                if before:
                    self._latest[ending] = before
                else:
                    del self._latest[ending]
            self._tokens.pop()

    def guess(self, most: int | None = None) -> list[int]:
        """What may follow, at most `most` tokens; empty when nothing like the end came before."""
        place = self._best_place()
        if not place:
            return []
        wanted = self._most if most is None else min(most, self._most)
        guessed: list[int] = []
        known = len(self._tokens)
        for index in range(place, place + wanted):
            # A match that reaches into the end repeats itself, as a loop or a table does.
            token = self._tokens[index] if index < known else guessed[index - known]
            if token < 0:
                break
            guessed.append(token)
        return guessed

    def _best_place(self) -> int:
        """Where the earlier match of the end ends; 0 for none."""
        best, best_length = 0, 0
        place = self._before[-1] if self._before else 0
        for _ in range(_MOST_LOOKS):
            if not place or best_length >= self._longest:
                break
            length = self._matching(place)
            if length > best_length:
                best, best_length = place, length
            place = self._before[place - self._shortest]
        return best

    def _matching(self, place: int) -> int:
        """How many tokens before `place` are those before the end; up to the longest counted."""
        end, length = len(self._tokens), self._shortest
        most = min(self._longest, place)
        while length < most and self._tokens[place - 1 - length] == self._tokens[end - 1 - length]:
            length += 1
        return length

    def _ending(self, end: int) -> tuple[int, ...]:
        return tuple(self._tokens[end - self._shortest : end])

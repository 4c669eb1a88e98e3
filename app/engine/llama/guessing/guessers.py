"""Guesses for the replies of one model: by looking back into the text, or by a draft model."""

from __future__ import annotations

from collections.abc import Sequence

from app.engine.llama.computing.stream import Guesser
from app.engine.llama.guessing.drafting import DraftModel
from app.engine.llama.guessing.lookup import PromptLookup


class LookupGuesser:
    """Repeats what followed the same words before. One for each reply."""

    def __init__(self, most: int) -> None:
        self._lookup = PromptLookup(most)

    def guess(self, sequence: int, tokens: Sequence[int], most: int) -> Sequence[int]:
        """Up to `most` tokens that may follow."""
        del sequence  # its memory is the reply's own
        lookup = self._lookup
        if len(lookup) > len(tokens):
            lookup.truncate(len(tokens))
        lookup.extend(tokens[len(lookup) :])
        return lookup.guess(most)

    def forget(self, sequence: int) -> None:
        """Nothing is kept elsewhere."""


class Guessing:
    """Hands out guessers as the load options say."""

    def __init__(self, draft: DraftModel | None, lookup: bool, most: int) -> None:
        """None of both means no guesses."""
        self._draft = draft
        self._lookup = lookup
        self.most = most if draft is not None or lookup else 0

    def new(self) -> Guesser | None:
        """For one reply."""
        guessers: list[Guesser] = []
        if self._lookup:
            guessers.append(LookupGuesser(self.most))
        if self._draft is not None:
            guessers.append(self._draft)
        return _FirstThatKnows(guessers) if guessers else None

    def close(self) -> None:
        """Give the draft model's memory back."""
        if self._draft is not None:
            self._draft.close()


class _FirstThatKnows:
    def __init__(self, guessers: Sequence[Guesser]) -> None:
        self._guessers = guessers

    def guess(self, sequence: int, tokens: Sequence[int], most: int) -> Sequence[int]:
        for each in self._guessers:
            if found := each.guess(sequence, tokens, most):
                return found
        return ()

    def forget(self, sequence: int) -> None:
        for each in self._guessers:
            each.forget(sequence)

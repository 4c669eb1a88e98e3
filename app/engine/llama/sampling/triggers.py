"""Finds where in a reply the part begins that a grammar restricts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.engine.errors import GrammarError

_ANYTHING = r"[\s\S]*"  # in front of a trigger, as llama.cpp's are written; then one try is enough
_PLAIN_ESCAPES = {"n": "\n", "t": "\t"}
# A literal letter, perhaps escaped, and then only closing parentheses.
_LAST_LETTER = re.compile(r"(?:\\([^0-9A-Za-z]|[nt])|([^\\()\[\]{}.*+?^$|]))\)*\Z")
_ESCAPED_OR_RANGE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class Trigger:
    """A regular expression to look for in a reply that grows."""

    def __init__(self, pattern: str) -> None:
        """Compile it.

        Raises:
            GrammarError: it is not a regular expression.
        """
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise GrammarError(
                f"The grammar's trigger “{pattern[:80]}” is not a regular expression: {error}.",
                "Correct the trigger. Nothing was generated.",
            ) from error
        starts_anywhere = "|" in pattern or not pattern.startswith(_ANYTHING)
        self._find = self._pattern.search if starts_anywhere else self._pattern.match
        self.last_byte = _last_byte(pattern)

    def may_end_in(self, piece: bytes) -> bool:
        """Whether a piece of the reply can be the one with which this begins to match."""
        return self.last_byte is None or self.last_byte in piece

    def find(self, text: str) -> int | None:
        """Where its first group that is not empty begins, or all of it; None if it is not there."""
        found = self._find(text)
        if found is None:
            return None
        groups = range(1, self._pattern.groups + 1)
        return found.start(next((group for group in groups if found[group]), 0))


class ReplySoFar:
    """The bytes of a reply that waits for a trigger, and which token wrote which."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._tokens: list[tuple[int, int, int]] = []

    def add(self, token: int, piece: bytes) -> None:
        """Append a token."""
        begin = len(self._bytes)
        self._bytes += piece
        self._tokens.append((token, begin, len(self._bytes)))

    def remove_last(self) -> None:
        """Take the last token back."""
        _, begin, _ = self._tokens.pop()
        del self._bytes[begin:]

    def find(self, triggers: tuple[Trigger, ...]) -> int | None:
        """Where, in bytes, the first trigger that matches has its part, now that a token came."""
        _, begin, _ = self._tokens[-1]
        piece = bytes(self._bytes[begin:])
        text: str | None = None
        for trigger in triggers:
            if trigger.may_end_in(piece):
                text = text or self._bytes.decode("utf-8", "surrogateescape")
                start = trigger.find(text)
                if start is not None:
                    return len(text[:start].encode("utf-8", "surrogateescape"))
        return None

    def tokens_after(self, start: int) -> Iterator[tuple[int, int, int]]:
        """Each token with bytes after a place, and where these bytes begin and end."""
        return (each for each in self._tokens if each[2] > start)


def _last_byte(pattern: str) -> int | None:
    """The byte that every match ends with, if it can be told easily.

    A long reply is then not searched again for every token.
    """
    letter = _LAST_LETTER.search(pattern)
    if letter is None or re.search(r"\(\?(?:[aiLmsux-]|<!|!(?=[^()]*\)*\Z))", pattern):
        return None
    escaped, ordinary = letter.groups()
    # Escapes and ranges are blotted out; a zero marks where each begins.
    plain = _ESCAPED_OR_RANGE.sub(lambda part: "\0".ljust(len(part[0]), "_"), pattern)
    if plain[letter.start()] != ("\0" if escaped else ordinary):
        return None
    # No alternative may be open around the letter: it would be the end of one of them only.
    alternatives = [False]
    for each in plain[: letter.start()]:
        match each:
            case "(":
                alternatives.append(False)
            case ")":
                alternatives.pop()
            case "|":
                alternatives[-1] = True
    if any(alternatives):
        return None
    text = _PLAIN_ESCAPES.get(escaped, escaped) if escaped else ordinary
    return str(text).encode("utf-8", "surrogatepass")[-1]

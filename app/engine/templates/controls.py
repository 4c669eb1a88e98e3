"""Keeps what people, documents and tools say from acting as a control token.

Wherever a control token is spelled out, a mark that occurs nowhere else is put into the middle of
it. The rendered text is cut at the marks, and the pieces are tokenized one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

_FIRST, _LAST = 0x10F000, 0x10FFFE  # private use, in the last plane


class ControlTexts:
    """The spellings of a model's control tokens."""

    def __init__(self, texts: Iterable[str]) -> None:
        # A control token of one character cannot be cut; no known model has one.
        self._texts = frozenset(text for text in texts if len(text) > 1)
        self._lengths = sorted({len(text) for text in self._texts})
        self._beginnings = frozenset(
            text[:end] for text in self._texts for end in range(1, len(text))
        )
        firsts = "".join(re.escape(first) for first in sorted({text[0] for text in self._texts}))
        self._first = re.compile(f"[{firsts}]") if firsts else None

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def cut(self, text: str, mark: str) -> str:
        """Put `mark` into every control token that `text` spells out or ends with a part of."""
        if self._first is None:
            return text
        longest = self._lengths[-1]
        end = len(text.rstrip())  # templates strip what people say
        cuts = [
            match.start() + 1
            for match in self._first.finditer(text)
            if self._begins_at(text, match.start())
            or (end - match.start() < longest and text[match.start() : end] in self._beginnings)
            or (len(text) - match.start() < longest and text[match.start() :] in self._beginnings)
        ]
        ends = [*cuts, len(text)]
        starts = [0, *cuts]
        return mark.join(text[start:stop] for start, stop in zip(starts, ends, strict=True))

    def _begins_at(self, text: str, start: int) -> bool:
        return any(text[start : start + length] in self._texts for length in self._lengths)


class Marks:
    """Two private-use characters that none of the given texts has; the same ones for the same.

    Templates print values as JSON and as Python text, which may spell a mark as an escape. So no
    text has these escapes either, and `restored` turns them back.

    Attributes:
        cut: stands inside a control token that must not act.
        image: stands for a picture.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        used = set().union(*map(set, texts))
        spelled = "\n".join(text.lower() for text in texts if "\\u" in text.lower())
        free = (
            each
            for each in map(chr, range(_FIRST, _LAST))
            if each not in used and not any(escape in spelled for escape in _escapes(each))
        )
        self.cut, self.image = next(free), next(free)
        self._escapes = {
            escape: mark for mark in (self.cut, self.image) for escape in _escapes(mark)
        }
        self._pattern = re.compile("|".join(map(re.escape, self._escapes)), re.IGNORECASE)

    def restored(self, text: str) -> str:
        """The text with escaped marks as they are."""
        return self._pattern.sub(lambda found: self._escapes[found[0].lower()], text)


def _escapes(character: str) -> tuple[str, str]:
    return json.dumps(character)[1:-1], f"\\u{ord(character):08x}"

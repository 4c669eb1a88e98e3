"""Regular expressions of JSON Schema as GBNF for the inside of a JSON string.

JSON Schema means ECMAScript, but checkers use their own language's dialect. Where dialects differ
(what `\\w` is beyond ASCII, what `.` leaves out), the narrower reading is written, so that every
checker accepts it. Constructs without a counterpart in a grammar, such as look-ahead, are errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.engine.structured.gbnf import (
    LAST_CHARACTER,
    JsonRules,
    Range,
    char_class,
    group,
    json_inside,
    sequence,
)

LONGEST = 4_000  # characters of a pattern
_DEEPEST = 40
_MOST_TIMES = 100_000


class BadPattern(ValueError):
    """The pattern has no exact grammar; the text says why."""


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Sorted and disjoint."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


def without(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """All other characters; half surrogate pairs are none."""
    result: list[Range] = []
    start = 0
    for low, high in merged([*ranges, (0xD800, 0xDFFF)]):
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST_CHARACTER:
        result.append((start, LAST_CHARACTER))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Chars:
    """One character: `sure` are those that every dialect takes, `maybe` those that some do."""

    sure: tuple[Range, ...]
    maybe: tuple[Range, ...]

    def negated(self) -> Chars:
        """All others."""
        return Chars(without(self.maybe), without(self.sure))


@dataclass(frozen=True, slots=True)
class Row:
    """Parts one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """A part again and again; `most` is None for without end."""

    part: Node
    least: int
    most: int | None


Node = Chars | Row | Either | Times


def lengths(node: Node) -> tuple[int, int | None]:
    """How few and how many characters match."""
    match node:
        case Chars():
            return 1, 1
        case Row(parts):
            both = [lengths(each) for each in parts]
            return sum(low for low, _ in both), _total([high for _, high in both])
        case Either(branches):
            both = [lengths(each) for each in branches]
            highs = [high for _, high in both if high is not None]
            return min(low for low, _ in both), max(highs) if len(highs) == len(both) else None
        case Times(part, least, most):
            low, high = lengths(part)
            if high == 0 or most == 0:
                return low * least, 0
            return low * least, None if most is None or high is None else high * most


def _total(highs: Sequence[int | None]) -> int | None:
    known = [high for high in highs if high is not None]
    return sum(known) if len(known) == len(highs) else None


def _one(*codes: int) -> tuple[Range, ...]:
    return tuple((code, code) for code in codes)


_DIGITS: tuple[Range, ...] = ((0x30, 0x39),)
_WORD: tuple[Range, ...] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_BLANKS: tuple[Range, ...] = ((0x09, 0x0D), (0x20, 0x20))
_BEYOND: tuple[Range, ...] = ((0x80, LAST_CHARACTER),)
_MAYBE_BLANK = (
    *_BLANKS, (0x1C, 0x1F), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x180E, 0x180E),
    (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)  # fmt: skip
_SHORTHANDS = {
    "d": Chars(_DIGITS, merged([*_DIGITS, *_BEYOND])),
    "w": Chars(_WORD, merged([*_WORD, *_BEYOND])),
    "s": Chars(_BLANKS, merged(_MAYBE_BLANK)),
}
_DOT = Chars(without(_one(0x0A, 0x0D, 0x2028, 0x2029)), without(_one(0x0A)))
ANY = Chars(without(()), without(()))
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL = frozenset("^$\\.*+?()[]{}|")


class _Parser:
    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise BadPattern(f"is longer than {LONGEST:,} characters")
        self._text = pattern
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        """The whole pattern; without anchors anything may stand before and behind it."""
        branches = [self._anchored()]
        while self._take("|"):
            branches.append(self._anchored())
        if self._at < len(self._text):
            raise BadPattern(f"has a stray “{self._text[self._at]}”")
        return _either(branches)

    def _anchored(self) -> Node:
        anything = Times(ANY, 0, None)
        start = [] if self._take("^") else [anything]
        middle = self._row()
        end = [] if self._take("$") else [anything]
        return Row((*start, middle, *end))

    def _row(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)$":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _atom(self) -> Node:
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return _DOT
            case "\\":
                return self._escape()
            case "^":
                raise BadPattern("has “^” in the middle")
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise BadPattern(f"has a stray “{character}”")
            case _:
                return _character(character)

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadPattern("has too many brackets in one another")
        if self._take("?") and not self._take(":"):
            raise BadPattern("looks ahead or behind, or names a group")
        branches = [self._row()]
        while self._take("|"):
            branches.append(self._row())
        if not self._take(")"):
            raise BadPattern("has “$” in the middle, or a bracket that is not closed")
        self._depth -= 1
        return _either(branches)

    def _repeated(self, node: Node) -> Node:
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return node
        self._take("?")  # how eager it is changes nothing about what matches
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise BadPattern("repeats a repetition")
        if lengths(node)[0] == 0 and most != 1:
            raise BadPattern("repeats something that may be empty")
        return Times(node, least, most)

    def _quantifier(self) -> tuple[int, int | None]:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if not self._take("{"):
            return 1, 1
        least = self._count()
        most: int | None = least
        if self._take(","):
            most = None if self._peek() == "}" else self._count()
        if not self._take("}") or (most is not None and most < least):
            raise BadPattern("has a repetition that is not {number} or {from,to}")
        if (least, most) == (1, 1):
            return self._quantifier_is_over()
        return least, most

    def _quantifier_is_over(self) -> tuple[int, int]:
        if self._peek() in ("*", "+", "?", "{"):
            raise BadPattern("repeats a repetition")
        return 1, 1

    def _count(self) -> int:
        start = self._at
        while self._peek().isascii() and self._peek().isdigit():
            self._at += 1
        digits = self._text[start : self._at]
        if not digits or len(digits) > 6 or int(digits) > _MOST_TIMES:
            raise BadPattern("has a repetition that is no number, or too large a one")
        return int(digits)

    def _class(self) -> Chars:
        negated = self._take("^")
        if self._peek() == "]":
            raise BadPattern("has an empty set of characters")
        members: list[Chars] = []
        while not self._take("]"):
            if self._text.startswith(("--", "&&", "~~", "||", "["), self._at):
                raise BadPattern("computes with sets of characters")
            members.append(self._class_member())
        sure = merged(each for member in members for each in member.sure)
        maybe = merged(each for member in members for each in member.maybe)
        chars = Chars(sure, maybe)
        return chars.negated() if negated else chars

    def _class_member(self) -> Chars:
        first = self._class_atom()
        if self._peek() != "-" or self._text.startswith("-]", self._at):
            return first
        self._at += 1
        last = self._class_atom()
        if not (_is_single(first) and _is_single(last)) or first.sure > last.sure:
            raise BadPattern("has a range of characters that is none")
        span = ((first.sure[0][0], last.sure[0][0]),)
        return Chars(_no_surrogates(span), span)

    def _class_atom(self) -> Chars:
        character = self._next()
        if character != "\\":
            return _character(character)
        if self._take("b"):
            return _character("\b")
        if self._take("-"):
            return _character("-")
        return self._escape()

    def _escape(self) -> Chars:
        letter = self._next()
        if letter.lower() in _SHORTHANDS and letter.isascii():
            chars = _SHORTHANDS[letter.lower()]
            return chars if letter.islower() else chars.negated()
        if letter in _NAMED:
            return _character(_NAMED[letter])
        if letter == "0" and not self._peek().isdigit():
            return _character("\0")
        if letter in ("x", "u"):
            return self._hexadecimal(2 if letter == "x" else 4)
        if letter in _SPECIAL or (letter.isascii() and not letter.isalnum() and letter != "_"):
            return _character(letter)
        raise BadPattern(f"uses “\\{letter}”")

    def _hexadecimal(self, count: int) -> Chars:
        digits = self._text[self._at : self._at + count]
        if len(digits) < count or not set(digits) <= set("0123456789abcdefABCDEF"):
            raise BadPattern("has an escape that is not finished")
        self._at += count
        return _character(chr(int(digits, 16)))

    def _take(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise BadPattern("ends too soon")
        self._at += 1
        return self._text[self._at - 1]


def _character(character: str) -> Chars:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise BadPattern("has half a character")
    return Chars(_one(code), _one(code))


def _no_surrogates(ranges: Sequence[Range]) -> tuple[Range, ...]:
    return without(without(ranges))


def _is_single(chars: Chars) -> bool:
    return (
        len(chars.sure) == 1 and chars.sure == chars.maybe and chars.sure[0][0] == chars.sure[0][1]
    )


def _either(branches: Sequence[Node]) -> Node:
    return branches[0] if len(branches) == 1 else Either(tuple(branches))


def parse(pattern: str) -> Node:
    """Read a pattern.

    Raises:
        BadPattern: it is broken, or has something that no grammar can express.
    """
    return _Parser(pattern).parse()


def within(node: Node, least: int, most: int | None) -> Node:
    """The same, no shorter than `least` and no longer than `most` characters.

    Raises:
        BadPattern: that takes more than a grammar can do.
    """
    low, high = lengths(node)
    if low >= least and (most is None or (high is not None and high <= most)):
        return node
    while isinstance(node, Row) and len(node.parts) == 1:
        node = node.parts[0]
    if isinstance(node, Times) and isinstance(node.part, Chars):
        least = max(least, node.least)
        ends = [end for end in (most, node.most) if end is not None]
        if ends and min(ends) < least:
            raise BadPattern("fits no text of this length")
        return Times(node.part, least, min(ends) if ends else None)
    raise BadPattern("cannot be combined with a length; say the length in the pattern")


class StringWriter:
    """Writes a pattern as rules for what stands between the quotes of a JSON string."""

    def __init__(self, rules: JsonRules) -> None:
        self._rules = rules

    def write(self, node: Node) -> str:
        """The expression; empty for the empty text."""
        match node:
            case Chars():
                return self._chars(node.sure)
            case Row(parts):
                return sequence(*(self.write(each) for each in parts))
            case Either(branches):
                return group([self.write(each) for each in branches])
            case Times(part, least, most):
                return self._times(part, least, most)

    def _times(self, part: Node, least: int, most: int | None) -> str:
        body = self.write(part)
        if not body or most == 0:
            return ""
        if isinstance(part, Chars) and body.startswith("["):
            return self._rules.repeat(body, least, most)
        return self._rules.repeat(self._rules.add("part", body), least, most)

    def _chars(self, ranges: tuple[Range, ...]) -> str:
        if ranges == ANY.sure:
            return self._rules.char
        plain = _intersection(ranges, ((0x20, 0x21), (0x23, 0x5B), (0x5D, LAST_CHARACTER)))
        escaped = _intersection(ranges, ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C)))
        choices = [char_class(plain)] if plain else []
        choices += [
            json_inside(chr(code)) for low, high in escaped for code in range(low, high + 1)
        ]
        if not choices:
            raise BadPattern("has a set without any character that is the same everywhere")
        return choices[0] if len(choices) == 1 else self._rules.add("chars", " | ".join(choices))


def _intersection(first: Sequence[Range], second: Sequence[Range]) -> tuple[Range, ...]:
    return merged(
        (max(a, c), min(b, d)) for a, b in first for c, d in second if max(a, c) <= min(b, d)
    )

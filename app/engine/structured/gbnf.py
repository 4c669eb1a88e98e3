"""Pieces of GBNF text, and the collection of rules that they refer to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from app.engine.structured.errors import SchemaError

MOST_RULES = 3_000
MOST_TEXT = 500_000  # characters of all rules together

# llama.cpp refuses more than 2,000 repetitions, and takes a greater upper bound for none at all.
_MOST_REPEATED = 200
_BLOCK = 100

LAST_CHARACTER = 0x10FFFF
Range = tuple[int, int]

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def literal(text: str) -> str:
    """A quoted GBNF string."""
    return '"' + "".join(map(_in_quotes, text)) + '"'


def json_text(text: str, after: str = "") -> str:
    """The GBNF string for a JSON string, with `after` behind its closing quote."""
    return literal(json.dumps(text, ensure_ascii=False) + after)


def json_inside(text: str) -> str:
    """The GBNF string for a JSON string without its quotes."""
    return literal(json.dumps(text, ensure_ascii=False)[1:-1])


def char_class(ranges: Iterable[Range]) -> str:
    """A GBNF class of code points."""
    parts = (
        _in_class(low) if low == high else f"{_in_class(low)}-{_in_class(high)}"
        for low, high in ranges
    )
    return f"[{''.join(parts)}]"


def alternatives(expressions: Sequence[str]) -> str:
    """One of these; without brackets, so for a whole rule."""
    return " | ".join(each or '""' for each in dict.fromkeys(expressions))


def group(expressions: Sequence[str]) -> str:
    """One of these, as one item of a sequence."""
    distinct = list(dict.fromkeys(expressions))
    return distinct[0] if len(distinct) == 1 else f"({alternatives(distinct)})"


def sequence(*expressions: str) -> str:
    """These, one after the other."""
    return " ".join(each for each in expressions if each)


def _in_quotes(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    if character in named:
        return named[character]
    return character if character >= " " else f"\\x{ord(character):02X}"


def _in_class(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


class Rules:
    """Rules under construction, all of whose names begin with one prefix.

    The names are the prefix, a dash, a word and a number, so two prefixes never share a name.
    """

    def __init__(self, prefix: str) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"{prefix!r} cannot begin the name of a rule")
        self.bodies: dict[str, str] = {}
        self._prefix = prefix
        self._names: dict[str, str] = {}  # body -> name, for the rules that can be shared
        self._count = 0
        self._size = 0

    def reserve(self, word: str) -> str:
        """A name whose body follows with `define`."""
        self._count += 1
        if self._count > MOST_RULES:
            raise SchemaError(
                f"The JSON Schema is too large: its grammar has more than {MOST_RULES:,} rules.",
                "Ask for less at a time.",
            )
        return f"{self._prefix}-{word}{self._count}"

    def define(self, name: str, body: str) -> str:
        """Give a reserved name its body."""
        self._size += len(name) + len(body)
        if self._size > MOST_TEXT:
            raise SchemaError(
                f"The JSON Schema is too large: its grammar has more than {MOST_TEXT:,} "
                "characters.",
                "Ask for less at a time.",
            )
        self.bodies[name] = body
        return name

    def add(self, word: str, body: str) -> str:
        """The name of a rule with this body; equal bodies share one."""
        if body not in self._names:
            self._names[body] = self.define(self.reserve(word), body)
        return self._names[body]

    def forget(self, number: int) -> None:
        """Take back all rules but the first `number`."""
        gone = set(list(self.bodies)[number:])
        self.bodies = {name: body for name, body in self.bodies.items() if name not in gone}
        self._names = {body: name for body, name in self._names.items() if name not in gone}

    def repeat(self, item: str, least: int, most: int | None) -> str:
        """`item`, a rule's name or a character class, from `least` to `most` times."""
        if most is None:
            return sequence(self._exactly(item, least), f"{item}*")
        if least > 0 and most <= _MOST_REPEATED:
            return item if least == most == 1 else f"{item}{{{least},{most}}}"
        return sequence(self._exactly(item, least), self._up_to(item, most - least))

    def _exactly(self, item: str, times: int) -> str:
        if times == 0:
            return ""
        if times <= _MOST_REPEATED:
            return f"{item}{{{times}}}"
        blocks, rest = divmod(times, _BLOCK)
        return sequence(self._exactly(self._block(item), blocks), self._exactly(item, rest))

    def _up_to(self, item: str, times: int) -> str:
        """Written so that a text can be read in few ways: whole blocks, then less than one."""
        if times == 0:
            return ""
        if times <= _MOST_REPEATED:
            return f"{item}{{0,{times}}}"
        blocks, rest = divmod(times, _BLOCK)
        block = self._block(item)
        below = sequence(self._up_to(block, blocks - 1), f"{item}{{0,{_BLOCK - 1}}}")
        full = sequence(self._exactly(block, blocks), self._up_to(item, rest))
        return self.add("count", alternatives([below, full]))

    def _block(self, item: str) -> str:
        return self.add("block", f"{item}{{{_BLOCK}}}")


class JsonRules(Rules):
    """Rules with JSON's own building blocks, each made when it is first asked for.

    White space is bounded: a model that falls into a run of spaces must come out of it.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self._value: str | None = None

    def forget(self, number: int) -> None:
        """Take back all rules but the first `number`."""
        super().forget(number)
        if self._value not in self.bodies:
            self._value = None

    @property
    def space(self) -> str:
        """A space, a new line with an indent, or nothing."""
        return self.add("space", r'(" " | "\n" [ \t]{0,16})?')

    @property
    def char(self) -> str:
        """One character inside a JSON string; half a surrogate pair is none."""
        plain = char_class([(0x20, 0x21), (0x23, 0x5B), (0x5D, 0xD7FF), (0xE000, LAST_CHARACTER)])
        code = (
            r"[0-9A-CE-Fa-ce-f] [0-9A-Fa-f]{3} | [Dd] [0-7] [0-9A-Fa-f]{2}"
            r' | [Dd] [89ABab] [0-9A-Fa-f]{2} "\\u" [Dd] [C-Fc-f] [0-9A-Fa-f]{2}'
        )
        return self.add("char", rf'{plain} | "\\" (["\\/bfnrt] | "u" ({code}))')

    @property
    def string(self) -> str:
        """Any JSON string."""
        return self.add("string", rf'"\"" {self.char}* "\""')

    @property
    def number(self) -> str:
        """Any JSON number that is finite as a double."""
        return self.add(
            "number",
            '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?',
        )

    @property
    def value(self) -> str:
        """Any JSON value."""
        if self._value is not None:
            return self._value
        self._value = name = self.reserve("value")
        kinds = [self.object, self.array, self.string, self.number, '"true"', '"false"', '"null"']
        return self.define(name, alternatives(kinds))

    @property
    def object(self) -> str:
        """Any JSON object."""
        return self.add("object", self.brackets("{", "}", self.member(self.string, self.value)))

    @property
    def array(self) -> str:
        """Any JSON array."""
        return self.add("array", self.brackets("[", "]", self.value))

    def member(self, name: str, value: str) -> str:
        """A name and a value."""
        return self.add("member", f'{name} ":" {self.space} {value}')

    def after_comma(self, item: str) -> str:
        """A further entry."""
        return self.add("next", f'"," {self.space} {item}')

    def brackets(self, opening: str, closing: str, item: str) -> str:
        """Any number of entries in brackets."""
        space = self.space
        inside = f"({item} {self.after_comma(item)}* {space})?"
        return f"{literal(opening)} {space} {inside} {literal(closing)}"

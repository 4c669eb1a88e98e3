"""Reads GBNF for tests: draws texts at random, and asks the real llama.cpp what it accepts."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from app.engine.protocol import Grammar


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Either:
    branches: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Times:
    part: Any
    least: int
    most: int | None


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CODES = {"x": 2, "u": 4, "U": 8}
_ENDLESS = 10**6


class _Reader:
    """One rule body a call."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def either(self) -> Any:
        branches = [self.row()]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            branches.append(self.row())
        return Either(tuple(branches))

    def row(self) -> Any:
        parts: list[Any] = []
        while True:
            while self.text[self.at : self.at + 1] == " ":
                self.at += 1
            if self.at >= len(self.text) or self.text[self.at] in "|)":
                return Row(tuple(parts))
            parts.append(self.times(self.atom()))

    def atom(self) -> Any:
        first = self.text[self.at]
        if first == '"':
            self.at += 1
            return Text("".join(map(chr, self.codes('"'))))
        if first == "[":
            self.at += 1
            return OneOf(tuple(self.ranges()))
        if first == "(":
            self.at += 1
            inside = self.either()
            assert self.text[self.at] == ")"
            self.at += 1
            return inside
        end = self.at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] == "-"):
            end += 1
        assert end > self.at, self.text[self.at :]
        name, self.at = self.text[self.at : end], end
        return Name(name)

    def codes(self, end: str) -> Iterator[int]:
        while self.text[self.at] != end:
            yield self.code()
        self.at += 1

    def ranges(self) -> Iterator[tuple[int, int]]:
        while self.text[self.at] != "]":
            low = high = self.code()
            if self.text[self.at] == "-":
                self.at += 1
                high = self.code()
            yield low, high
        self.at += 1

    def code(self) -> int:
        character = self.text[self.at]
        self.at += 1
        if character != "\\":
            return ord(character)
        kind = self.text[self.at]
        self.at += 1
        if kind in _CODES:
            digits = self.text[self.at : self.at + _CODES[kind]]
            self.at += len(digits)
            return int(digits, 16)
        return ord(_ESCAPES.get(kind, kind))

    def times(self, atom: Any) -> Any:
        sign = self.text[self.at : self.at + 1]
        plain = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if sign in plain:
            self.at += 1
            return Times(atom, *plain[sign])
        if sign != "{":
            return atom
        end = self.text.index("}", self.at)
        low, comma, high = self.text[self.at + 1 : end].partition(",")
        self.at = end + 1
        most = (int(high) if high else None) if comma else int(low)
        return Times(atom, int(low), most)


class Sampler:
    """Draws texts from a grammar; near the end of its patience it takes the shortest way out."""

    def __init__(self, grammar: Grammar) -> None:
        self._rules: dict[str, Any] = {}
        for line in grammar.gbnf.splitlines():
            name, _, body = line.partition(" ::= ")
            reader = _Reader(body)
            self._rules[name] = reader.either()
            assert reader.at == len(body)
        self._root = grammar.root
        self._cost = dict.fromkeys(self._rules, _ENDLESS)
        for _ in self._rules:
            before = dict(self._cost)
            for name, body in self._rules.items():
                self._cost[name] = min(self.cost(body), _ENDLESS)
            if before == self._cost:
                break

    def cost(self, node: Any) -> int:
        match node:
            case Text() | OneOf():
                return 1
            case Name(name):
                return 1 + int(self._cost[name])
            case Row(parts):
                return sum(map(self.cost, parts))
            case Either(branches):
                return min(map(self.cost, branches))
            case _:
                return int(node.least) * self.cost(node.part)

    def draw(self, random: Random, patience: int = 200) -> str:
        pieces: list[str] = []
        ahead: list[Any] = [Name(self._root)]
        while ahead:
            node = ahead.pop()
            patience -= 1
            assert patience > -_ENDLESS, "the grammar has no end"
            match node:
                case Text(text):
                    pieces.append(text)
                case OneOf(ranges):
                    pieces.append(_character(ranges, random))
                case Name(name):
                    ahead.append(self._rules[name])
                case Row(parts):
                    ahead.extend(reversed(parts))
                case Either(branches):
                    ahead.append(
                        random.choice(branches) if patience > 0 else min(branches, key=self.cost)
                    )
                case Times(part, least, most):
                    high = least + 4 if most is None else most
                    times = least if patience <= 0 else random.choice([least, min(high, least + 3)])
                    times = high if patience > 0 and random.random() < 0.1 else times
                    ahead.extend([part] * times)
        return "".join(pieces)


def _character(ranges: tuple[tuple[int, int], ...], random: Random) -> str:
    low, high = random.choice(ranges)
    return chr(random.choice([low, high, random.randint(low, high)]))


class Llama:
    """The real llama.cpp, with a vocabulary that has every byte for a token."""

    def __init__(self, library: Any, model: Any) -> None:
        self._library = library
        self._vocabulary = library.llama_model_get_vocab(model)
        self._end = library.llama_vocab_eos(self._vocabulary)

    def compiles(self, grammar: Grammar) -> bool:
        sampler = self._sampler(grammar)
        if sampler:
            self._library.llama_sampler_free(sampler)
        return bool(sampler)

    def accepts(self, grammar: Grammar, text: str) -> bool:
        """Whether the whole of `text` follows the grammar and may end there."""
        sampler = self._sampler(grammar)
        assert sampler
        try:
            for byte in text.encode():
                if not self._allows(sampler, byte):
                    return False
                self._library.llama_sampler_accept(sampler, byte)
            return self._allows(sampler, self._end)
        finally:
            self._library.llama_sampler_free(sampler)

    def _sampler(self, grammar: Grammar) -> Any:
        return self._library.llama_sampler_init_grammar(
            self._vocabulary, grammar.gbnf.encode(), grammar.root.encode()
        )

    def _allows(self, sampler: Any, token: int) -> bool:
        data = (self._library.llama_token_data * 1)((token, 1.0, 0.0))
        array = self._library.llama_token_data_array(data, 1, -1, False)
        self._library.llama_sampler_apply(sampler, ctypes.byref(array))
        return bool(data[0].logit > float("-inf"))


@contextmanager
def real_llama(path: Path) -> Iterator[Llama]:
    """Load only the vocabulary of a scripted model."""
    import llama_cpp  # only here: it takes a second

    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    assert model
    try:
        yield Llama(llama_cpp, model)
    finally:
        llama_cpp.llama_model_free(model)

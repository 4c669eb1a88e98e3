"""Compiles a JSON Schema into GBNF rules that accept nothing that the schema rejects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import ceil, floor
from typing import Any

from app.engine.structured.containers import Body, array_body, object_body
from app.engine.structured.errors import NothingFits, SchemaError, cannot
from app.engine.structured.flatten import (
    ALL_TYPES,
    Flat,
    all_of,
    are_disjoint,
    flatten,
    json_key,
    kind_of,
)
from app.engine.structured.formats import number_bounds, string_pattern
from app.engine.structured.gbnf import JsonRules, alternatives, json_text, literal, sequence
from app.engine.structured.numbers import Bound, CannotBound, integer_range, number_range
from app.engine.structured.pattern import BadPattern, StringWriter, parse, within
from app.engine.structured.source import Schema, Source

_DEEPEST = 60
_MOST_LISTED = 1_000  # multiples that are written out one by one
_MOST_LENGTH = 10**9
_MOST_WAYS = 20_000

# What a schema without `type` is about, by the keywords that it has.
_ABOUT = {
    "object": ("properties", "additionalProperties", "required", "minProperties", "maxProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


class Compiler:
    """One schema on its way to rules."""

    def __init__(self, source: Source, rules: JsonRules) -> None:
        self.rules = rules
        self._source = source
        self._names: dict[str, str] = {}  # schema as JSON -> rule
        self._bodies: dict[str, list[Body]] = {}
        self._bare: dict[str, list[str]] = {}  # rules that are just other rules, with nothing first
        self._depth = 0

    def root(self) -> str:
        """The rule of the whole schema.

        Raises:
            SchemaError: it cannot be expressed, or nothing satisfies it.
        """
        try:
            name = self.rule(self._source.root, "#")
        except NothingFits as error:
            raise _nothing() from error
        self._check_circles()
        self._check_ends(name)
        return name

    def rule(self, schema: Schema, where: str) -> str:
        """The rule of a part of the schema; the same part has the same rule.

        Raises:
            NothingFits: nothing satisfies it.
        """
        schema = self._source.resolved(schema, where)
        key = json.dumps(schema)
        if key in self._names:
            return self._names[key]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SchemaError(
                f"The JSON Schema nests deeper than {_DEEPEST} levels, at {where[:200]}.",
                "Make it flatter.",
            )
        name = self.rules.reserve("schema")
        before, written = len(self._names), len(self.rules.bodies)
        self._names[key] = name
        try:
            bodies = self._of_flat(flatten(self._source, schema, where), where, name)
        except NothingFits:
            # Rules made meanwhile may refer to this one, which there is not.
            for late in list(self._names)[before:]:
                self._bodies.pop(self._names.pop(late), None)
            self.rules.forget(written)
            raise
        finally:
            self._depth -= 1
        self._bodies[name] = bodies
        return self.rules.define(name, alternatives([body.text for body in bodies]))

    def _of_flat(self, flat: Flat, where: str, name: str) -> list[Body]:
        if flat.choices:
            return self._of_choice(flat, where, name)
        keywords = flat.keywords
        if "enum" in keywords:
            return self._of_enum(keywords, where)
        bodies: list[Body] = []
        for kind in _types(keywords):
            try:
                bodies.append(self._of_kind(kind, keywords, where))
            except NothingFits:
                continue
        if not bodies:
            raise NothingFits
        return bodies

    def _of_choice(self, flat: Flat, where: str, name: str) -> list[Body]:
        choice, rest = flat.choices[0], flat.without_first_choice()
        branches = [all_of(rest, branch) for branch in choice.branches]
        if choice.keyword == "oneOf" and not are_disjoint(self._source, branches, where):
            raise cannot(where, "oneOf", "has branches that one value could satisfy together")
        found: list[str] = []
        for index, branch in enumerate(branches):
            try:
                found.append(self.rule(branch, f"{where}/{choice.keyword}/{index}"))
            except NothingFits:
                continue
        if not found:
            raise NothingFits
        self._bare[name] = found
        return [Body(each, frozenset([each])) for each in dict.fromkeys(found)]

    def _of_enum(self, keywords: dict[str, Any], where: str) -> list[Body]:
        values = {json_key(each): each for each in keywords["enum"]}
        fitting = [each for each in values.values() if _accepts(keywords, each, where)]
        if not fitting:
            raise NothingFits
        return [Body(self._constant(each)) for each in fitting]

    def _of_kind(self, kind: str, keywords: dict[str, Any], where: str) -> Body:
        match kind:
            case "object":
                return object_body(self.rules, self.rule, keywords, where)
            case "array":
                return array_body(self.rules, self.rule, keywords, where)
            case "string":
                return Body(self._string(keywords, where))
            case "integer" | "number":
                return Body(self._number(kind, keywords, where))
            case "boolean":
                return Body('"true" | "false"')
            case _:
                return Body('"null"')

    def _string(self, keywords: dict[str, Any], where: str) -> str:
        least, most = keywords.get("minLength", 0), keywords.get("maxLength")
        _check_lengths(least, most, where)
        keyword, pattern = _pattern(keywords, where)
        if pattern is None:
            if (least, most) == (0, None):
                return self.rules.string
            inside = self.rules.repeat(
                self.rules.char, int(least), None if most is None else int(most)
            )
            return sequence(r'"\""', inside, r'"\""')
        try:
            node = within(parse(pattern), int(least), None if most is None else int(most))
            return sequence(r'"\""', StringWriter(self.rules).write(node), r'"\""')
        except BadPattern as error:
            raise cannot(where, keyword, str(error)) from error

    def _number(self, kind: str, keywords: dict[str, Any], where: str) -> str:
        low, high = _bounds(keywords, where)
        step = keywords.get("multipleOf")
        if step is not None and kind == "number" and Decimal(repr(step)) % 1 == 0:
            kind = "integer"  # whole steps leave whole numbers only
        if step is not None and kind == "number":
            raise cannot(where, "multipleOf", "is understood for whole numbers only")
        try:
            if kind == "integer":
                found = _integers(low, high, step, where)
            elif low is None and high is None:
                return self.rules.number
            else:
                found = number_range(low, high)
        except CannotBound as error:
            raise cannot(where, "minimum or maximum", str(error)) from error
        if not found:
            raise NothingFits
        return alternatives(found)

    def _constant(self, value: Any) -> str:
        """A given value, with white space where the model likes it."""
        space = self.rules.space
        if isinstance(value, str):
            return json_text(value)
        if isinstance(value, dict):
            members = [
                sequence(json_text(name, ":"), space, self._constant(each))
                for name, each in value.items()
            ]
            return self._constant_in("{", members, "}")
        if isinstance(value, list):
            return self._constant_in("[", [self._constant(each) for each in value], "]")
        return literal(json.dumps(value))

    def _constant_in(self, opening: str, entries: list[str], closing: str) -> str:
        space = self.rules.space
        inside = f' "," {space} '.join(entries)
        return sequence(literal(opening), space, inside, space if entries else "", literal(closing))

    def _check_circles(self) -> None:
        """Find schemas that are, by their choices, only themselves again.

        llama.cpp looks for the same, and walks every way there is through choices of choices.
        """
        ways: dict[str, int] = {}
        for start in self._bare:
            path: list[str] = []
            ahead = [(start, False)]
            while ahead:
                name, is_over = ahead.pop()
                if is_over:
                    path.pop()
                    ways[name] = 1 + sum(ways.get(each, 1) for each in self._bare[name])
                    if ways[name] > _MOST_WAYS:
                        raise cannot("#", "anyOf", "has too many choices inside choices")
                elif name in path:
                    raise cannot("#", "$ref", "leads in a circle without anything on the way")
                elif name not in ways and name in self._bare:
                    path.append(name)
                    ahead.append((name, True))
                    ahead.extend((each, False) for each in self._bare[name])

    def _check_ends(self, root: str) -> None:
        """Find a schema that no finite value satisfies, such as a list that must hold itself."""
        ending: set[str] = set()
        grows = True
        while grows:
            more = {
                name
                for name, bodies in self._bodies.items()
                if name not in ending and any(body.can_end(ending) for body in bodies)
            }
            ending |= more
            grows = bool(more)
        if root not in ending:
            raise _nothing()


def _nothing() -> SchemaError:
    return SchemaError(
        "Nothing satisfies the JSON Schema: its parts contradict one another.",
        "Check its bounds, types and required properties.",
    )


def _types(keywords: dict[str, Any]) -> list[str]:
    if "type" in keywords:
        types = list(dict.fromkeys(keywords["type"]))
        return [each for each in types if each != "integer" or "number" not in types]
    about = [kind for kind, words in _ABOUT.items() if any(word in keywords for word in words)]
    return about or list(ALL_TYPES)


def _check_lengths(least: float, most: float | None, where: str) -> None:
    if most is not None and most < least:
        raise NothingFits
    if max(least, most or 0) > _MOST_LENGTH:
        raise cannot(where, "minLength or maxLength", "is too large")


def _pattern(keywords: dict[str, Any], where: str) -> tuple[str, str | None]:
    """The regular expression that holds, and the keyword it comes from."""
    pattern: str | None = keywords.get("pattern")
    name = keywords.get("format")
    if name is None:
        return "pattern", pattern
    try:
        of_format = string_pattern(name)
    except KeyError as error:
        raise cannot(
            where, "format", f"names one that is not enforced here: {name[:80]}"
        ) from error
    if pattern is not None and of_format is not None:
        raise cannot(where, "format", "cannot be combined with a pattern")
    return ("pattern", pattern) if of_format is None else ("format", of_format)


def _bounds(keywords: dict[str, Any], where: str) -> tuple[Bound | None, Bound | None]:
    lows = [Bound(Decimal(repr(keywords["minimum"])))] if "minimum" in keywords else []
    highs = [Bound(Decimal(repr(keywords["maximum"])))] if "maximum" in keywords else []
    if "exclusiveMinimum" in keywords:
        lows.append(Bound(Decimal(repr(keywords["exclusiveMinimum"])), inclusive=False))
    if "exclusiveMaximum" in keywords:
        highs.append(Bound(Decimal(repr(keywords["exclusiveMaximum"])), inclusive=False))
    if "format" in keywords:
        try:
            ends = number_bounds(keywords["format"])
        except KeyError as error:
            name = keywords["format"][:80]
            raise cannot(where, "format", f"names one that is not enforced here: {name}") from error
        if ends is not None:
            lows.append(Bound(ends[0]))
            highs.append(Bound(ends[1]))
    low = max(lows, key=lambda bound: (bound.value, not bound.inclusive), default=None)
    high = min(highs, key=lambda bound: (bound.value, bound.inclusive), default=None)
    return low, high


def _integers(low: Bound | None, high: Bound | None, step: Any, where: str) -> list[str]:
    least = None if low is None else ceil(low.value)
    most = None if high is None else floor(high.value)
    if least is not None and low is not None and not low.inclusive and low.value == least:
        least += 1
    if most is not None and high is not None and not high.inclusive and high.value == most:
        most -= 1
    if step is None or step == 1:
        return integer_range(least, most)
    if not isinstance(step, int):
        step = Decimal(repr(step))
        if step % 1:
            raise cannot(where, "multipleOf", "is understood for whole numbers only")
        step = int(step)
    if least is None or most is None or (most - least) // step > _MOST_LISTED:
        raise cannot(where, "multipleOf", f"leaves more than {_MOST_LISTED:,} numbers")
    first = -(-least // step) * step
    return [literal(str(each)) for each in range(first, most + 1, step)]


def _accepts(keywords: dict[str, Any], value: Any, where: str) -> bool:
    """Whether a listed value satisfies the other keywords."""
    kind = kind_of(value)
    types = keywords.get("type")
    if types is not None and kind not in types:
        is_whole = kind == "number" and value == int(value)
        if not (is_whole and "integer" in types):
            return False
    for keyword in _HARD.get(kind, ()):
        if keyword in keywords:
            raise cannot(where, keyword, "cannot be combined with listed values")
    return all(
        holds(value, keywords[keyword])
        for keyword, holds in _EASY.get(kind, {}).items()
        if keyword in keywords
    )


_HARD = {
    "string": ("pattern", "format"),
    "number": ("multipleOf", "format"),
    "array": ("items", "prefixItems", "uniqueItems"),
    "object": ("properties", "additionalProperties"),
}
_EASY: Mapping[str, Mapping[str, Callable[[Any, Any], bool]]] = {
    "string": {
        "minLength": lambda value, bound: len(value) >= bound,
        "maxLength": lambda value, bound: len(value) <= bound,
    },
    "number": {
        "minimum": lambda value, bound: value >= bound,
        "maximum": lambda value, bound: value <= bound,
        "exclusiveMinimum": lambda value, bound: value > bound,
        "exclusiveMaximum": lambda value, bound: value < bound,
    },
    "array": {
        "minItems": lambda value, bound: len(value) >= bound,
        "maxItems": lambda value, bound: len(value) <= bound,
    },
    "object": {
        "minProperties": lambda value, bound: len(value) >= bound,
        "maxProperties": lambda value, bound: len(value) <= bound,
        "required": lambda value, bound: all(name in value for name in bound),
    },
}

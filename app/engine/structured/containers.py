"""GBNF for JSON objects and arrays whose members and entries have rules of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.engine.structured.errors import NothingFits, SchemaError, cannot
from app.engine.structured.gbnf import (
    LAST_CHARACTER,
    JsonRules,
    Range,
    alternatives,
    char_class,
    json_text,
    literal,
    sequence,
)
from app.engine.structured.source import Schema

RuleOf = Callable[[Schema, str], str]

_MOST_PROPERTIES = 1_000
_MOST_COUNTED = 50  # of members that are counted one by one
_LARGEST = 10**9


@dataclass(frozen=True, slots=True)
class Body:
    """What a rule says.

    Attributes:
        needs: rules of other parts that it cannot do without.
        some: rules of which it needs `count` more.
    """

    text: str
    needs: frozenset[str] = frozenset()
    some: tuple[str, ...] = ()
    count: int = 0

    def can_end(self, ending: set[str]) -> bool:
        """Whether a finite text follows it, given the rules that one follows."""
        return self.needs <= ending and sum(each in ending for each in self.some) >= self.count


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    rule: str
    is_required: bool


@dataclass(slots=True)
class _Members:
    """What an object may have: declared members in their order, then others.

    `names` are all that are declared, those too that may not be there.
    """

    names: list[str] = field(default_factory=list)
    declared: list[_Member] = field(default_factory=list)
    others: str | None = None  # the rule of their values
    least: int = 0
    most: int | None = None


def object_body(rules: JsonRules, rule_of: RuleOf, keywords: dict[str, Any], where: str) -> Body:
    """The expression for an object.

    Raises:
        NothingFits: no object satisfies the keywords.
        SchemaError: they cannot be expressed.
    """
    members = _members(rule_of, keywords, where)
    required = sum(each.is_required for each in members.declared)
    if members.others is not None and members.least > required + 1:
        raise cannot(where, "minProperties", "would need names that are told apart")
    inside = _Inside(rules, members, where).expression()
    needs = frozenset(each.rule for each in members.declared if each.is_required)
    some = [each.rule for each in members.declared if not each.is_required]
    some += [members.others] if members.others is not None else []
    more = max(0, members.least - required)
    text = sequence('"{"', rules.space, inside, '"}"')
    return Body(text, needs, tuple(some), more)


def _members(rule_of: RuleOf, keywords: dict[str, Any], where: str) -> _Members:
    declared: dict[str, Schema] = dict(keywords.get("properties", {}))
    required = set(keywords.get("required", ()))
    others: Schema = keywords.get("additionalProperties", "properties" not in keywords)
    for name in keywords.get("required", ()):
        declared.setdefault(name, keywords.get("additionalProperties", True))
    if len(declared) > _MOST_PROPERTIES:
        raise SchemaError(
            f"The JSON Schema has an object with more than {_MOST_PROPERTIES:,} properties, at "
            f"{where[:200]}.",
            "Ask for less at a time.",
        )
    result = _Members(list(declared), least=_whole(keywords.get("minProperties", 0)))
    if "maxProperties" in keywords:
        result.most = _whole(keywords["maxProperties"])
    for name, schema in declared.items():
        escaped = name.replace("~", "~0").replace("/", "~1")
        try:
            rule = rule_of(schema, f"{where}/properties/{escaped}")
        except NothingFits:
            if name in required:
                raise
            continue
        result.declared.append(_Member(name, rule, name in required))
    try:
        result.others = (
            None if others is False else rule_of(others, f"{where}/additionalProperties")
        )
    except NothingFits:
        result.others = None
    _bound(result, len(required), where)
    return result


def _bound(members: _Members, required: int, where: str) -> None:
    """Take bounds away that hold anyway, so that nothing has to be counted."""
    if members.least <= required:
        members.least = 0
    if members.most is None:
        return
    if members.most < max(members.least, required):
        raise NothingFits
    if members.others is None and members.most >= len(members.declared):
        members.most = None
    if members.most is not None and members.most > _MOST_COUNTED and members.declared:
        raise cannot(where, "maxProperties", f"is understood up to {_MOST_COUNTED}")


class _Inside:
    """Between the braces. A state is how many of the declared members have been passed and how
    many of these were written, as far as that still matters."""

    def __init__(self, rules: JsonRules, members: _Members, where: str) -> None:
        self._rules = rules
        self._members = members
        counted = max(1, members.least, members.most or 0)
        self._cap = min(counted, len(members.declared)) or 1
        if members.least > _MOST_COUNTED:
            raise cannot(where, "minProperties", f"is understood up to {_MOST_COUNTED}")
        self._other = self._member_of_another_name() if members.others is not None else ""

    def expression(self) -> str:
        """All that may stand there."""
        declared = self._members.declared
        states = {count: self._end(count) for count in range(self._cap + 1)}
        for index in range(len(declared) - 1, -1, -1):
            highest = min(self._cap, index)
            lowest = min(self._cap, sum(each.is_required for each in declared[:index]))
            states = {
                count: self._state(declared[index], count, states)
                for count in range(lowest, highest + 1)
            }
        found = states[0]
        if found is None:
            raise NothingFits
        return found

    def _state(self, member: _Member, count: int, after: dict[int, str | None]) -> str | None:
        taken = None
        if self._members.most is None or count < self._members.most:
            rest = after[min(count + 1, self._cap)]
            taken = None if rest is None else sequence(self._pair(member, count), rest)
        if member.is_required:
            return taken
        skipped = after[count]
        if taken is None or skipped is None:
            return skipped if taken is None else taken
        return self._rules.add("members", alternatives([taken, skipped]))

    def _pair(self, member: _Member, count: int) -> str:
        space = self._rules.space
        pair = sequence(json_text(member.name, ":"), space, member.rule)
        return sequence('","', space, pair) if count else pair

    def _end(self, count: int) -> str | None:
        """Behind the declared members: the others, then white space."""
        least = max(0, self._members.least - count)
        most = None if self._members.most is None else self._members.most - count
        space = self._rules.space
        if not self._other or most == 0:
            return None if least else (space if count else "")
        if most is not None and most < least:
            return None
        further = self._rules.after_comma(self._other)
        if count:
            return sequence(self._rules.repeat(further, least, most), space)
        more = None if most is None else most - 1
        some = sequence(self._other, self._rules.repeat(further, max(least - 1, 0), more), space)
        return some if least else f"({some})?"

    def _member_of_another_name(self) -> str:
        others = self._members.others or ""
        if not self._members.names:
            return self._rules.member(self._rules.string, others)
        return self._rules.member(_other_names(self._rules, self._members.names), others)


def _other_names(rules: JsonRules, names: list[str]) -> str:
    """Any JSON string but these. It has no escapes, or a name could be spelled in another way."""
    plain: list[Range] = [
        (0x20, 0x21), (0x23, 0x5B), (0x5D, 0xD7FF), (0xE000, LAST_CHARACTER)
    ]  # fmt: skip
    free = char_class(plain)

    def rest(tails: list[str]) -> str:
        """Any text but these, and the quote."""
        firsts = sorted({tail[0] for tail in tails if tail} - {'"', "\\"})
        choices = [] if "" in tails else [r'"\""']
        choices += [
            sequence(literal(first), rest([tail[1:] for tail in tails if tail[:1] == first]))
            for first in firsts
            if first >= " "
        ]
        left = _less(plain, [ord(first) for first in firsts])
        choices.append(sequence(char_class(left), f"{free}*", r'"\""'))
        return rules.add("other", alternatives(choices))

    return rules.add("name", sequence(r'"\""', rest(names)))


def _less(ranges: list[Range], codes: list[int]) -> list[Range]:
    result = list(ranges)
    for code in codes:
        result = [
            part
            for low, high in result
            for part in (
                [(low, code - 1), (code + 1, high)] if low <= code <= high else [(low, high)]
            )
            if part[0] <= part[1]
        ]
    return result


def _whole(number: float) -> int:
    return min(int(number), _LARGEST)


def array_body(rules: JsonRules, rule_of: RuleOf, keywords: dict[str, Any], where: str) -> Body:
    """The expression for an array.

    Raises:
        NothingFits: no array satisfies the keywords.
        SchemaError: they cannot be expressed.
    """
    least = _whole(keywords.get("minItems", 0))
    most = _whole(keywords["maxItems"]) if "maxItems" in keywords else None
    first, complete = _first_entries(rule_of, keywords, where)
    rest = _rest(rule_of, keywords, where) if complete else None
    if rest is None:
        most = len(first) if most is None else min(most, len(first))
    if keywords.get("uniqueItems") and (most is None or most > 1):
        raise cannot(where, "uniqueItems", "cannot be expressed in a grammar")
    if most is not None and most < least:
        raise NothingFits
    entries = _Entries(rules, first, rest, least, most)
    needs = frozenset(entries.rule_at(index) for index in range(min(least, len(first) + 1)))
    return Body(sequence('"["', rules.space, entries.expression(), '"]"'), needs)


def _first_entries(rule_of: RuleOf, keywords: dict[str, Any], where: str) -> tuple[list[str], bool]:
    """The rules of `prefixItems`, up to the first that nothing fits."""
    found: list[str] = []
    for index, schema in enumerate(keywords.get("prefixItems", ())):
        try:
            found.append(rule_of(schema, f"{where}/prefixItems/{index}"))
        except NothingFits:
            return found, False
    return found, True


def _rest(rule_of: RuleOf, keywords: dict[str, Any], where: str) -> str | None:
    schema = keywords.get("items", "prefixItems" not in keywords)
    try:
        return None if schema is False else rule_of(schema, f"{where}/items")
    except NothingFits:
        return None


@dataclass(frozen=True, slots=True)
class _Entries:
    rules: JsonRules
    first: list[str]
    rest: str | None
    least: int
    most: int | None

    def rule_at(self, index: int) -> str:
        """The rule of an entry that may be there."""
        return self.first[index] if index < len(self.first) else (self.rest or "")

    def expression(self) -> str:
        """All that may stand between the brackets."""
        result = self._end(len(self.first))
        for index in range(len(self.first) - 1, -1, -1):
            if self.most is not None and index >= self.most:
                result = self._end(index)
                continue
            here = sequence(self._entry(index), result)
            if index < self.least:
                result = here
            else:
                stop = self.rules.space if index else ""
                result = self.rules.add("entries", alternatives([here, stop]))
        return result

    def _entry(self, index: int) -> str:
        rule = self.rule_at(index)
        return sequence('","', self.rules.space, rule) if index else rule

    def _end(self, written: int) -> str:
        """After so many entries: those without a place of their own, then white space."""
        space = self.rules.space if written else ""
        most = None if self.most is None else self.most - written
        if self.rest is None or (most is not None and most <= 0):
            return space
        least = max(0, self.least - written)
        further = self.rules.after_comma(self.rest)
        if written:
            return sequence(self.rules.repeat(further, least, most), space)
        more = None if most is None else most - 1
        some = sequence(
            self.rest, self.rules.repeat(further, max(least - 1, 0), more), self.rules.space
        )
        return some if least else f"({some})?"

"""Brings a schema into a flat form: references followed, `allOf` merged, choices left as they are.

Merging is exact: the result accepts what all parts accept. What cannot be merged is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.engine.structured.errors import NothingFits, cannot
from app.engine.structured.source import Schema, Source

_REMARKS = frozenset({
    "title", "description", "default", "examples", "example", "deprecated", "readOnly",
    "writeOnly", "$comment", "$schema", "$defs", "definitions", "$anchor", "contentEncoding",
    "contentMediaType", "contentSchema", "enumNames", "enumDescriptions", "markdownDescription",
    "externalDocs", "xml", "discriminator",
})  # fmt: skip
# Handled where they are met, or merged below.
_STRUCTURE = frozenset({"$ref", "$id", "allOf", "anyOf", "oneOf", "const", "nullable"})
# Constraints that bind nothing when they have this value.
_IDLE: dict[str, tuple[Any, ...]] = {
    "uniqueItems": (False,),
    "patternProperties": ({},),
    "dependentRequired": ({},),
    "dependentSchemas": ({},),
    "dependencies": ({},),
    "propertyNames": (True, {}),
    "unevaluatedProperties": (True, {}),
    "unevaluatedItems": (True, {}),
    "not": (False,),
}
ALL_TYPES = ("object", "array", "string", "number", "boolean", "null")
_MOST_CHOICES = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """`anyOf` or `oneOf`."""

    keyword: str
    branches: tuple[Schema, ...]


@dataclass(slots=True)
class Flat:
    """Keywords that all hold, and choices that all hold. `enum` stands for `const` too."""

    keywords: dict[str, Any] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)

    def without_first_choice(self) -> Schema:
        """All the rest, as a schema."""
        rest = dict(self.keywords)
        more = [{each.keyword: list(each.branches)} for each in self.choices[1:]]
        return rest | ({"allOf": more} if more else {})


def flatten(source: Source, schema: Schema, where: str, seen: tuple[str, ...] = ()) -> Flat:
    """The flat form.

    Raises:
        NothingFits: no value can satisfy it.
        SchemaError: a keyword cannot be expressed, or a reference leads in a circle.
    """
    if schema is False:
        raise NothingFits
    if schema is True:
        return Flat()
    flat = Flat()
    reference = schema.get("$ref")
    if reference is not None:
        if reference in seen:
            raise cannot(where, "$ref", "leads in a circle")
        target = source.target(reference, where)
        flat = flatten(source, target, where, (*seen, reference))
    for index, part in enumerate(schema.get("allOf", ())):
        flat = _both(flat, flatten(source, part, f"{where}/allOf/{index}", seen), where)
    return _both(flat, _own(source, schema, where), where)


def _own(source: Source, schema: dict[str, Any], where: str) -> Flat:
    if "$id" in schema and schema is not source.root:
        raise cannot(where, "$id", "changes what references mean")
    flat = Flat()
    for keyword, value in schema.items():
        if keyword in _MERGES:
            flat.keywords[keyword] = value
        elif keyword in ("anyOf", "oneOf"):
            flat.choices.append(Choice(keyword, tuple(value)))
        elif keyword not in _STRUCTURE and not _is_remark(keyword, value):
            raise cannot(where, keyword, "cannot be expressed in a grammar")
    if isinstance(flat.keywords.get("type"), str):
        flat.keywords["type"] = [flat.keywords["type"]]
    if schema.get("nullable") is True and "type" in flat.keywords:
        flat.keywords["type"] = [*flat.keywords["type"], "null"]
    if "const" in schema:
        flat.keywords["enum"] = _common(flat.keywords.get("enum"), [schema["const"]])
    return flat


def _is_remark(keyword: str, value: Any) -> bool:
    return (
        keyword in _REMARKS
        or keyword.startswith("x-")
        or any(value == idle and type(value) is type(idle) for idle in _IDLE.get(keyword, ()))
    )


def _both(first: Flat, second: Flat, where: str) -> Flat:
    """What satisfies two schemas."""
    choices = [*first.choices, *second.choices]
    keywords = dict(first.keywords)
    properties = _properties(first.keywords, second.keywords)
    items = _items(first.keywords, second.keywords)
    for keyword, value in second.keywords.items():
        if keyword not in keywords:
            keywords[keyword] = value
        else:
            keywords[keyword] = _MERGES[keyword](keywords[keyword], value, where, keyword)
    return Flat(keywords | properties | items, choices)


def _properties(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The properties of two schemas, each bound by what the other says about the rest."""
    if not any("properties" in each or "additionalProperties" in each for each in (first, second)):
        return {}
    known = (first.get("properties", {}), second.get("properties", {}))
    rest = (first.get("additionalProperties"), second.get("additionalProperties"))
    result: dict[str, Any] = {}
    if any("properties" in each for each in (first, second)):
        result["properties"] = {
            name: all_of(*(each.get(name, other) for each, other in zip(known, rest, strict=True)))
            for name in (*known[0], *(name for name in known[1] if name not in known[0]))
        }
    if rest != (None, None):
        result["additionalProperties"] = all_of(*rest)
    return result


def _items(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The same for the entries of arrays."""
    if not any("items" in each or "prefixItems" in each for each in (first, second)):
        return {}
    known = (first.get("prefixItems", []), second.get("prefixItems", []))
    rest = (first.get("items"), second.get("items"))
    result: dict[str, Any] = {}
    if rest != (None, None):
        result["items"] = all_of(*rest)
    if longest := max(map(len, known)):
        result["prefixItems"] = [
            all_of(
                *(
                    each[index] if index < len(each) else other
                    for each, other in zip(known, rest, strict=True)
                )
            )
            for index in range(longest)
        ]
    return result


def all_of(*schemas: Schema | None) -> Schema:
    """The schema for all of these; None stands for one that accepts anything."""
    parts: list[Schema] = []
    for each in schemas:
        if each is None or each is True or each == {} or each in parts:
            continue
        parts.append(each)
    if not parts:
        return True
    return parts[0] if len(parts) == 1 else {"allOf": parts}


def json_key(value: Any) -> str:
    """Equal for values that JSON Schema takes for equal: 1 and 1.0 are, 1 and true are not."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _common(first: list[Any] | None, second: list[Any], *_: Any) -> list[Any]:
    if first is None:
        return second
    keys = {json_key(each) for each in second}
    return [each for each in first if json_key(each) in keys]


def _types(first: list[str], second: list[str], *_: Any) -> list[str]:
    found = [each for each in first if each in second or (each == "integer" and "number" in second)]
    if "integer" in second and "number" in first and "integer" not in found:
        found.append("integer")
    if not found:
        raise NothingFits
    return found


def _greater(first: Any, second: Any, *_: Any) -> Any:
    return max(first, second)


def _less(first: Any, second: Any, *_: Any) -> Any:
    return min(first, second)


def _union(first: list[str], second: list[str], *_: Any) -> list[str]:
    return [*first, *(each for each in second if each not in first)]


def _either(first: bool, second: bool, *_: Any) -> bool:
    return first or second


def _equal(first: Any, second: Any, where: str, keyword: str) -> Any:
    if json_key(first) != json_key(second):
        raise cannot(where, keyword, "is said twice, in two ways")
    return first


def _elsewhere(first: Any, *_: Any) -> Any:
    return first  # merged together with what stands beside it


_MERGES: dict[str, Callable[..., Any]] = {
    "type": _types,
    "enum": _common,
    "minimum": _greater,
    "exclusiveMinimum": _greater,
    "maximum": _less,
    "exclusiveMaximum": _less,
    "minLength": _greater,
    "maxLength": _less,
    "minItems": _greater,
    "maxItems": _less,
    "minProperties": _greater,
    "maxProperties": _less,
    "required": _union,
    "uniqueItems": _either,
    "pattern": _equal,
    "format": _equal,
    "multipleOf": _equal,
    "properties": _elsewhere,
    "additionalProperties": _elsewhere,
    "items": _elsewhere,
    "prefixItems": _elsewhere,
}


def are_disjoint(source: Source, schemas: Sequence[Schema], where: str) -> bool:
    """Whether no value can satisfy two of these; false when that is not plain to see."""
    sides = [_plain_branches(source, each, where, 0) for each in schemas]
    return all(
        _differ(source, one, other, where)
        for index, side in enumerate(sides)
        for rest in sides[index + 1 :]
        for one in side
        for other in rest
    )


def _plain_branches(source: Source, schema: Schema, where: str, depth: int) -> list[Flat]:
    try:
        flat = flatten(source, schema, where)
    except NothingFits:
        return []
    if not flat.choices or depth > 8:
        return [flat]
    rest = flat.without_first_choice()
    found = [
        each
        for branch in flat.choices[0].branches
        for each in _plain_branches(source, all_of(rest, branch), where, depth + 1)
    ]
    if len(found) > _MOST_CHOICES:
        raise cannot(where, flat.choices[0].keyword, "has too many branches")
    return found


def _differ(source: Source, one: Flat, other: Flat, where: str, depth: int = 0) -> bool:
    first, second = one.keywords, other.keywords
    if "enum" in first and "enum" in second:
        return not _common(first["enum"], second["enum"])
    kinds = _kinds(first) & _kinds(second)
    if not kinds:
        return True
    if kinds <= {"number"}:
        return _intervals_differ(first, second)
    if kinds != {"object"} or depth > 4:
        return False
    return _objects_differ(source, first, second, where, depth)


def _kinds(keywords: dict[str, Any]) -> set[str]:
    if "enum" in keywords:
        return {kind_of(value) for value in keywords["enum"]}
    types = keywords.get("type", ALL_TYPES)
    return {"number" if each == "integer" else each for each in types}


def kind_of(value: Any) -> str:
    """The JSON type of a value; whole numbers are numbers here."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names[type(value)]


def _intervals_differ(first: dict[str, Any], second: dict[str, Any]) -> bool:
    for low, high in ((first, second), (second, first)):
        least, most = low.get("minimum"), high.get("maximum")
        above, below = low.get("exclusiveMinimum"), high.get("exclusiveMaximum")
        if least is not None and most is not None and least > most:
            return True
        if any(
            start is not None and end is not None and start >= end
            for start, end in ((least, below), (above, most), (above, below))
        ):
            return True
    return False


def _objects_differ(
    source: Source, first: dict[str, Any], second: dict[str, Any], where: str, depth: int
) -> bool:
    for here, there in ((first, second), (second, first)):
        for name in here.get("required", ()):
            mine = _property(here, name)
            theirs = _property(there, name)
            if mine is False or theirs is False:
                return True
            # One that may be left out tells nothing apart, but here it is there.
            try:
                sides = flatten(source, mine, where), flatten(source, theirs, where)
            except NothingFits:
                return True
            if not any(side.choices for side in sides) and _differ(
                source, *sides, where, depth + 1
            ):
                return True
    return False


def _property(keywords: dict[str, Any], name: str) -> Schema:
    found: Schema = keywords.get("properties", {}).get(
        name, keywords.get("additionalProperties", True)
    )
    return found

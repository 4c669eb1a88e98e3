"""Checks values by JSON Schemas (Draft 2020-12) that are not trusted: bounded, and offline.

A `$ref` is followed within the schema; nothing is ever fetched. Patterns are searched for a limited
time. `format` is not checked, and a `$schema` within is overlooked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from app.base.quoting import shown
from app.engine.structured.errors import SchemaError
from app.engine.structured.search import PatternProblem, Search, UnreadablePattern
from app.engine.structured.source import Source

if TYPE_CHECKING:
    from jsonschema import ValidationError

CHECK_LIMIT_S: Final = 0.5
_FEW_STEPS: Final = 100  # are never too many, whatever else the computer does meanwhile
_MOST_UNEVALUATED: Final = 200  # entries; jsonschema takes the square of them
_MAPS: Final = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_VALUES: Final = {"const", "enum", "default", "examples"}

# Of jsonschema: validator, the keyword's value, the value to check, the schema it is in; errors.
Keyword = Callable[[Any, Any, Any, Any], Any]


class CannotCheck(Exception):
    """The schema is broken or too much work; says why, for a reason."""


class Fault(NamedTuple):
    """Where a value does not fit, by names and 0-based indexes from the whole, and how."""

    path: tuple[str | int, ...]
    words: str

    @property
    def place(self) -> str:
        """The path as it is written, such as ".ages[1]"; cut if it is long."""
        steps = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path)
        return "".join(steps)[:200]


def faults(
    schema: Mapping[str, Any],
    value: Any,
    *,
    most: int = 1,
    limit_s: float = CHECK_LIMIT_S,
    skips_unreadable: bool = False,
) -> tuple[Fault, ...]:
    """Where and how a value does not fit a schema; nothing if it fits.

    Args:
        most: how many faults are looked for.
        limit_s: seconds that checking may take.
        skips_unreadable: a pattern that only other regular expression engines read counts as met.

    Raises:
        CannotCheck: the schema is none, refers to something else, or is too much work.
    """
    # Late, they take a quarter of a second.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        root = _checked(json.dumps(schema))
        keywords = _Keywords(Search(limit_s), skips_unreadable)
        checker = extend(Draft202012Validator, keywords.over(Draft202012Validator.VALIDATORS))
        # An empty registry knows no way to fetch what a reference names.
        found = checker(root, registry=Registry()).iter_errors(value)
        return tuple(Fault(tuple(each.absolute_path), each.message) for each in islice(found, most))
    except SchemaError as error:
        raise CannotCheck(error.message) from error
    except PatternProblem as error:
        raise CannotCheck(str(error)) from error
    except Unresolvable as error:
        raise CannotCheck(f"The schema refers to what is not in it: {shown(error.ref)}.") from error
    except RecursionError as error:
        raise CannotCheck("The schema or the value goes too deep.") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise CannotCheck("The schema or the value holds what JSON cannot.") from error


def identity(value: Any) -> Hashable:
    """A key that two JSON values share exactly if they are the same: 1 and 1.0 are, 1 and true not.

    Raises:
        RecursionError: it nests too deep.
    """
    if isinstance(value, Mapping):
        return "object", frozenset((name, identity(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return "list", *map(identity, value)
    return type(value) is bool, value


@lru_cache(maxsize=8)
def _checked(schema: str) -> dict[str, Any]:
    # Found evaluated, jsonschema searches names with patterns in a way that nothing can stop.
    if '"patternProperties"' in schema and '"unevaluatedProperties"' in schema:
        raise CannotCheck(
            "A schema with both patternProperties and unevaluatedProperties is not checked."
        )
    root: dict[str, Any] = _of_one_dialect(Source(json.loads(schema)).root)
    return root


def _of_one_dialect(schema: Any) -> Any:
    """Without `$schema`: on meeting one, jsonschema goes on with its own keywords, without ours."""
    if isinstance(schema, list):
        return [_of_one_dialect(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _part(key, value) for key, value in schema.items() if key != "$schema"}


def _part(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _MAPS and isinstance(value, dict):
        return {name: _of_one_dialect(each) for name, each in value.items()}
    return _of_one_dialect(value)


@dataclass(frozen=True, slots=True)
class _Keywords:
    """Keywords in place of those that may run away; all stop when the time is over."""

    search: Search
    skips_unreadable: bool
    steps: Iterator[int] = field(default_factory=count)

    def over(self, keywords: Mapping[str, Keyword]) -> dict[str, Keyword]:
        """These keywords, with ours in their place."""
        own: dict[str, Keyword] = {
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "uniqueItems": self._unique_items,
        }
        for name in ("unevaluatedItems", "unevaluatedProperties"):
            own[name] = _for_small(name, keywords[name])
        return {name: self._timed(check) for name, check in {**keywords, **own}.items()}

    def _timed(self, check: Keyword) -> Keyword:
        def run(validator: Any, wanted: Any, value: Any, schema: Any) -> Any:
            if next(self.steps) > _FEW_STEPS and self.search.left_s <= 0:
                raise CannotCheck("Checking by the schema takes too long.")
            return check(validator, wanted, value, schema)

        return run

    def _matches(self, pattern: str, text: str) -> bool:
        try:
            return self.search.find(pattern, text) is not None
        except UnreadablePattern:
            if self.skips_unreadable:
                return True
            raise

    def _pattern(
        self, _validator: Any, wanted: str, value: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        if isinstance(value, str) and not self._matches(wanted, value):
            yield _fault(f"{value!r} does not match {wanted!r}")

    def _pattern_properties(
        self, validator: Any, wanted: dict[str, Any], value: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            for name, each in value.items():
                for pattern, schema in wanted.items():
                    if self._matches(pattern, name):
                        yield from validator.descend(each, schema, path=name, schema_path=pattern)

    def _additional_properties(
        self, validator: Any, wanted: Any, value: Any, schema: dict[str, Any]
    ) -> Iterator[ValidationError]:
        if not isinstance(value, dict):
            return
        declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, each in value.items():
            if name in declared or any(self._matches(pattern, name) for pattern in patterns):
                continue
            if wanted is False:
                yield _fault(f"{name!r} is not allowed here")
            else:
                yield from validator.descend(each, wanted, path=name)

    def _unique_items(
        self, _validator: Any, wanted: bool, value: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        if wanted and isinstance(value, list) and len({*map(identity, value)}) < len(value):
            yield _fault("an entry is there twice")


def _for_small(name: str, check: Keyword) -> Keyword:
    def run(validator: Any, wanted: Any, value: Any, schema: Any) -> Any:
        if isinstance(value, dict | list) and len(value) > _MOST_UNEVALUATED:
            raise CannotCheck(f"{name} is not checked for more than {_MOST_UNEVALUATED} entries.")
        return check(validator, wanted, value, schema)

    return run


def _fault(words: str) -> ValidationError:
    from jsonschema import ValidationError

    return ValidationError(words)

"""Checks values by JSON Schemas (Draft 2020-12) that are not trusted: bounded, and offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.evals.metrics.json_text import identity
from app.evals.metrics.metric import shown
from app.evals.metrics.pattern import PatternProblem, Search

if TYPE_CHECKING:
    from jsonschema import ValidationError

CHECK_LIMIT_S = 0.5
_MOST_UNEVALUATED = 200  # entries; jsonschema takes the square of them

# Of jsonschema: validator, the keyword's value, the value to check, the schema it is in; errors.
Keyword = Callable[[Any, Any, Any, Any], Any]


class CannotCheck(Exception):
    """The schema is broken or too much work; says why, for a reason."""


def first_fault(schema: Mapping[str, Any], value: Any) -> str:
    """Where and how a value does not fit a schema, in one line; empty if it fits.

    A `$ref` is followed within the schema; nothing is ever fetched. `format` is not checked.

    Raises:
        CannotCheck: the schema is none, refers to something else, or is too much work.
    """
    # Late, they take a quarter of a second.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    from app.engine.structured import SchemaError

    keywords = _Keywords(Search(CHECK_LIMIT_S))
    try:
        checker = extend(Draft202012Validator, keywords.over(Draft202012Validator.VALIDATORS))
        # An empty registry knows no way to fetch what a reference names.
        validator = checker(_checked(json.dumps(schema)), registry=Registry())
        fault = next(validator.iter_errors(value), None)
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
    return "" if fault is None else f"At {fault.json_path[:200]}: {shown(fault.message)}."


@lru_cache(maxsize=8)
def _checked(schema: str) -> dict[str, Any]:
    from app.engine.structured.source import Source  # late, as above

    # Found evaluated, jsonschema searches names with patterns in a way that nothing can stop.
    if '"patternProperties"' in schema and '"unevaluatedProperties"' in schema:
        raise CannotCheck(
            "A schema with both patternProperties and unevaluatedProperties is not checked."
        )
    return Source(json.loads(schema)).root


@dataclass(frozen=True, slots=True)
class _Keywords:
    """Keywords in place of those that may run away; all stop when the time is over."""

    search: Search

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
            if self.search.left_s <= 0:
                raise CannotCheck("Checking by the schema takes too long.")
            return check(validator, wanted, value, schema)

        return run

    def _matches(self, pattern: str, text: str) -> bool:
        return self.search.find(pattern, text) is not None

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

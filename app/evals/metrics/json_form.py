"""Metrics for outputs that have to be JSON: at all, by a schema, or a certain value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.base.quoting import shown
from app.engine.structured.validation import CannotCheck, faults
from app.evals.entities import Item, Output, Score
from app.evals.metrics.json_text import TOO_DEEP, NotJson, difference, read_json
from app.evals.metrics.metric import best, not_comparable, too_long, unscored, verdict


@dataclass(frozen=True, slots=True)
class JsonValid:
    """1 if the output, or its first code fence, is JSON."""

    name: ClassVar[str] = "json_valid"
    description: ClassVar[str] = "The output is JSON, bare or in a code fence."

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Read the output as JSON."""
        if (score := too_long(output.text)) is not None:
            return score
        try:
            read_json(output.text)
        except NotJson as error:
            return _not_json(error)
        except RecursionError:
            return unscored(TOO_DEEP)
        return verdict(True, "It is JSON.")


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """1 if the output, or its first code fence, is JSON that fits a schema.

    Attributes:
        schema: JSON Schema, Draft 2020-12; empty takes the item's metadata["schema"].
    """

    name: ClassVar[str] = "json_schema"
    description: ClassVar[str] = "The output is JSON that fits a JSON Schema."

    schema: Mapping[str, Any] = field(default_factory=dict)

    def score(self, item: Item, output: Output) -> Score:
        """Read the output as JSON and check it by the schema."""
        schema = self.schema or item.metadata.get("schema")
        if not isinstance(schema, Mapping):
            return unscored("There is no JSON Schema, in the settings or with the item.")
        if (score := too_long(output.text)) is not None:
            return score
        try:
            found = faults(schema, read_json(output.text))
        except NotJson as error:
            return _not_json(error)
        except CannotCheck as problem:
            return unscored(str(problem))
        except RecursionError:
            return unscored(TOO_DEEP)
        for fault in found:
            return verdict(False, f"At ${fault.place}: {shown(fault.words)}.")
        return verdict(True, "It fits the schema.")


@dataclass(frozen=True, slots=True)
class JsonEqual:
    """1 if the output, or its first code fence, is the same JSON value as a target."""

    name: ClassVar[str] = "json_equal"
    description: ClassVar[str] = "The output is the same JSON value as a target."

    def score(self, item: Item, output: Output) -> Score:
        """Compare by value: neither layout nor the order of properties matters."""
        if (score := not_comparable(item, output)) is not None:
            return score

        def judge(target: str) -> Score:
            try:
                wanted = read_json(target)
            except NotJson as error:
                return unscored(f"The target {shown(target)} is not JSON: {error}.")
            try:
                found = difference(wanted, read_json(output.text))
            except NotJson as error:
                return _not_json(error)
            return verdict(found is None, str(found or "The same value as the target."))

        try:
            return best(item.targets, judge)
        except RecursionError:
            return unscored(TOO_DEEP)


def _not_json(error: NotJson) -> Score:
    return verdict(False, f"The output is not JSON: {error}.")

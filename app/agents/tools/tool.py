"""The shape of a tool, its results and faults, and the check of arguments before anything runs.

Who may run a tool, and when a person is asked, is decided elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final, Protocol, runtime_checkable

from app.agents.entities import Risk
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_MOST_SCHEMA: Final = 100_000  # characters of a schema as JSON
_MOST_REFERENCES: Final = 5_000  # followed in one check; a few nested ones can make billions
_MOST_PROBLEMS: Final = 5
_MOST_SHOWN: Final = 200
_REFERENCES: Final = ("$ref", "$dynamicRef")
_DROPPED: Final = {"pattern", "patternProperties", "$schema"}  # a part could change the dialect
_MAPS: Final = {"properties", "$defs", "definitions", "dependentSchemas"}
_VALUES: Final = {"const", "enum", "default", "examples"}

Arguments = Mapping[str, Any]


class ToolFault(AppError):
    """An expected failure of a tool; the model gets it as words and may try another way."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a tool is.

    Attributes:
        tool: as it is offered to the model: name, description, JSON Schema of the arguments.
        risk: what it can do at worst.
        title: what it does, for people: "Read a file".
    """

    tool: OfferedTool
    risk: Risk
    title: str

    @property
    def name(self) -> str:
        """What the model calls it by."""
        return self.tool.name


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool found or did.

    Attributes:
        text: for the model.
        is_untrusted: others may have written some of it: documents, files, servers.
        source: where untrusted text is from, in words.
        whole: all of the text, where `text` is not; empty otherwise.
        preview: what was changed, as a unified diff; empty if nothing was.
    """

    text: str
    is_untrusted: bool = False
    source: str = ""
    whole: str = ""
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call would change, for a person to agree to.

    Attributes:
        title: in one line: "Write the new file notes.md".
        diff: the whole change, as a unified diff.
        seal: SHA-256 of the file, what is in it and what would be; the change is made only if all
            three are still the same.
    """

    title: str
    diff: str
    seal: str


class Tool(Protocol):
    """Something an agent can do. `run` is called from any thread, with arguments that were checked.

    `run` raises `ToolFault` for what the model should hear and `Cancelled` when it was stopped.
    """

    @property
    def spec(self) -> ToolSpec:
        """What it is."""

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Do it."""


@runtime_checkable
class PreviewedTool(Tool, Protocol):
    """A tool that can say what it would change."""

    def preview(self, arguments: Arguments, cancel: CancelToken) -> Preview:
        """What `run` would change; nothing is changed yet.

        Raises:
            ToolFault: it cannot be done.
        """

    def run(
        self, arguments: Arguments, cancel: CancelToken, preview: Preview | None = None
    ) -> ToolResult:
        """Do it, and exactly what was previewed if a preview is given."""


def checked(spec: ToolSpec, arguments: Arguments) -> dict[str, Any]:
    """The arguments, once they satisfy the schema; a null that says "not given" is left out.

    A schema may come from a server. References outside it are never fetched, and regular
    expressions are not tried: a hostile one could run for years.

    Raises:
        ToolFault: they do not, with the place of each wrong argument; or the schema is broken.
    """
    # Imported late: they take a tenth of a second.
    from jsonschema import SchemaError
    from referencing.exceptions import Unresolvable

    try:
        validator = _validator(spec.tool.parameters)
        given = {
            name: value
            for name, value in arguments.items()
            if value is not None or not _means_nothing(validator, name)
        }
        errors = islice(validator.iter_errors(given), _MOST_PROBLEMS)
        problems = [_words(error.json_path, error.message) for error in errors]
    except (SchemaError, Unresolvable, RecursionError, ArithmeticError) as error:
        raise ToolFault(
            f"The tool {spec.name} cannot be called: its description is broken.",
            "Use another tool.",
        ) from error
    if problems:
        raise ToolFault(
            f"The arguments of {spec.name} are wrong. {' '.join(problems)}",
            "Call it again with arguments that its description allows.",
        )
    return given


def _means_nothing(validator: Any, name: str) -> bool:
    schema = validator.schema
    part = schema.get("properties", {}).get(name, True)
    is_required = name in schema.get("required", ())
    return not is_required and not validator.evolve(schema=part).is_valid(None)


def _validator(parameters: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker, SchemaError, validators
    from referencing import Registry

    if len(json.dumps(parameters, default=str)) > _MOST_SCHEMA:
        raise SchemaError("too large")
    schema = _without_patterns(parameters)
    Draft202012Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
    steps = count()

    def bounded(follow: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        def step(*given: Any) -> Iterator[Any]:
            if next(steps) > _MOST_REFERENCES:
                raise RecursionError
            yield from follow(*given) or ()

        return step

    references = {key: bounded(Draft202012Validator.VALIDATORS[key]) for key in _REFERENCES}
    # An empty registry knows no other documents and fetches none.
    return validators.extend(Draft202012Validator, references)(schema, registry=Registry())


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return [_without_patterns(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    dropped = set(_DROPPED)
    if "patternProperties" in schema:  # nobody can tell which names are additional
        dropped |= {"additionalProperties", "unevaluatedProperties"}
    return {
        key: _part_without_patterns(key, value)
        for key, value in schema.items()
        if key not in dropped
    }


def _part_without_patterns(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _MAPS and isinstance(value, Mapping):
        return {name: _without_patterns(each) for name, each in value.items()}
    return _without_patterns(value)


def _words(path: str, message: str) -> str:
    place = path.removeprefix("$").removeprefix(".")
    shown = message if len(message) <= _MOST_SHOWN else f"{message[:_MOST_SHOWN]}…"
    return f"{place[:_MOST_SHOWN]}: {shown}." if place else f"{shown}."

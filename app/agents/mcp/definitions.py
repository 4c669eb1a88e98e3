"""The definition of a server's tool: bounded, cleaned for the model, and hashed for the person.

Servers write these texts, and models read them as part of their instructions.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.agents.mcp.errors import McpProblem
from app.agents.tools.results import without_controls
from app.engine.messages import Tool as OfferedTool

_MOST_JSON: Final = 50_000  # characters of a whole definition
_MOST_DEPTH: Final = 24
_MOST_NODES: Final = 3_000
_MOST_DESCRIPTION: Final = 2_000  # of the tool, as the model gets it
_MOST_PROSE: Final = 600  # of one argument, as the model gets it
_LONGEST_KEY: Final = 200
_LONGEST_NAME: Final = 64
_DIGITS: Final = 8
_PROSE: Final = {"description", "title", "$comment"}
_REFERENCES: Final = {"$ref", "$dynamicRef", "$recursiveRef"}
_DROPPED: Final = {"$schema", "$id"}
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_SEPARATOR: Final = "__"
_LOOKS_OTHER: Final = re.compile(r"__.*\n|_[0-9a-f]{8}$")  # another separator, or a hash


class BrokenDefinition(McpProblem):
    """A tool that no model can be given."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a server says of one of its tools, as it says it.

    Attributes:
        is_cut: it was longer than Cairn keeps; only the name is here.
    """

    name: str
    title: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    output_schema: Mapping[str, Any] | None = None
    is_cut: bool = False

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
        }

    @property
    def seal(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(_canonical(self.as_json()).encode()).hexdigest()

    @property
    def text(self) -> str:
        """All of it for people, hidden characters spelled out."""
        parts = [f"name: {self.name}", f"title: {self.title}", "description:", self.description]
        for key, schema in (("arguments", self.input_schema), ("result", self.output_schema)):
            parts += [f"{key}:", json.dumps(schema, indent=2, sort_keys=True)]
        return shown("\n".join(parts))


def definition_from_json(values: Any) -> Definition | None:
    """What `as_json` gave; None if it is not that."""
    if not isinstance(values, dict) or not isinstance(values.get("name"), str):
        return None
    schema, output = values.get("inputSchema"), values.get("outputSchema")
    return Definition(
        values["name"],
        str(values.get("title") or ""),
        str(values.get("description") or ""),
        schema if isinstance(schema, dict) else {},
        output if isinstance(output, dict) else None,
    )


def bounded(definition: Definition) -> Definition:
    """The definition, or no more than its name if it is longer than Cairn keeps."""
    is_long = len(_canonical(definition.as_json())) > _MOST_JSON
    return Definition(definition.name, is_cut=True) if is_long else definition


def offered(server: str, definition: Definition) -> OfferedTool:
    """The tool as a model gets it.

    Raises:
        BrokenDefinition: it is too large, refers elsewhere, or hides something in its schema.
    """
    if definition.is_cut:
        raise BrokenDefinition(f"The description of {shown(definition.name)} is too long to use.")
    schema = _Cleaner().clean(definition.input_schema, 0)
    if schema.setdefault("type", "object") != "object":
        raise BrokenDefinition(f"The arguments of {shown(definition.name)} are not an object.")
    description = _cut(cleaned(definition.description or definition.title), _MOST_DESCRIPTION)
    return OfferedTool(offered_name(server, definition.name), description, schema)


def offered_name(server: str, tool: str) -> str:
    """What models call the tool by: always the same, and unlike that of any other tool.

    It has 1 to 64 of the characters that chat templates and grammars take.
    """
    prefix, rest = _legal(server), _legal(tool)
    name = f"{prefix}{_SEPARATOR}{rest}"
    is_legal = (prefix, rest) == (server, tool) and len(name) <= _LONGEST_NAME
    if is_legal and not server.endswith("_") and not _LOOKS_OTHER.search(f"{server}\n{tool}"):
        return name
    # Something is lost or could be read in two ways; the hash tells apart what looks the same.
    digest = hashlib.sha256(f"{server}\0{tool}".encode("utf-8", "replace")).hexdigest()[:_DIGITS]
    short = f"{prefix[:20]}{_SEPARATOR}{rest}"[: _LONGEST_NAME - _DIGITS - 1]
    return f"{short}_{digest}"


def _legal(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", text)


def shown(text: str) -> str:
    """The text for people: what cannot be seen, or turns the direction, is spelled as <U+202E>."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"<U+{ord(each):04X}>" if _is_hidden(each) and each not in "\t\n" else each for each in text
    )


def cleaned(text: str) -> str:
    """The text for models, without what cannot be seen and without control tokens."""
    visible = "".join(each for each in text if each in "\t\n" or not _is_hidden(each))
    return without_controls(visible).strip()


def _is_hidden(character: str) -> bool:
    # Variation selectors beyond the first sixteen carry any bytes and change no letter.
    return unicodedata.category(character) in _HIDDEN or 0xE0100 <= ord(character) <= 0xE01EF


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _canonical(values: Any) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


class _Cleaner:
    """Walks a schema once, within bounds."""

    def __init__(self) -> None:
        self._nodes = 0

    def clean(self, part: Any, depth: int, key: str = "") -> Any:
        self._nodes += 1
        if depth > _MOST_DEPTH or self._nodes > _MOST_NODES:
            raise BrokenDefinition("The description of its arguments is too large or too deep.")
        if isinstance(part, str):
            return self._text(part, key)
        if isinstance(part, list | tuple):
            return [self.clean(each, depth + 1) for each in part]
        if not isinstance(part, Mapping):
            return part
        for each in part:
            if len(each) > _LONGEST_KEY or cleaned(each) != each:
                raise BrokenDefinition(f"An argument has the hidden name “{shown(each)[:100]}”.")
        return {
            each: self.clean(value, depth + 1, each)
            for each, value in part.items()
            if not (each in _DROPPED and isinstance(value, str))
        }

    def _text(self, text: str, key: str) -> str:
        if key in _PROSE:
            return _cut(cleaned(text), _MOST_PROSE)
        if key in _REFERENCES and not text.startswith("#"):
            raise BrokenDefinition("The description of its arguments refers to another place.")
        if cleaned(text) != text.strip():
            raise BrokenDefinition(f"A value hides something: “{shown(text)[:100]}”.")
        return text

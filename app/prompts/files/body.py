"""The parts of a prompt as one text, each below a line that names its role.

A line of a part that looks like such a line itself gets a backslash in front, and one that has
backslashes gets one more; reading takes one away. Empty lines around a part do not belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.engine.messages import Role
from app.prompts.entities import Part
from app.prompts.files.prompt_file import PromptFileError

MOST_PARTS = 200
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}


@dataclass(frozen=True, slots=True)
class Notation:
    """How roles are marked.

    Attributes:
        marker: matches a whole line without white space around it; its groups are `slashes`,
            `role` and, where there are any, `attributes`.
        mark: the marker of a role.
        unmarked: role of text before the first marker.
        marked_from_start: lines are markers only if the first one that is not empty is.
    """

    marker: re.Pattern[str]
    mark: Callable[[Role], str]
    unmarked: Role
    marked_from_start: bool = False


def written(parts: Sequence[Part], notation: Notation, left_out: list[str]) -> str:
    """The body of a file."""
    blocks: list[str] = []
    for part in parts:
        text = part.text.replace("\r\n", "\n").replace("\r", "\n")
        if text != text.strip("\n"):
            left_out.append(f"The empty lines around the text of the {part.role} part.")
        lines = [_escaped(line, notation.marker) for line in text.strip("\n").split("\n")]
        blocks.append("\n".join([notation.mark(part.role), *lines]) + "\n")
    return "\n".join(blocks)


def parts_of(
    body: str, first_line: int, notation: Notation, left_out: list[str]
) -> tuple[Part, ...]:
    """The parts in the body of a file.

    Args:
        first_line: number of the body's first line in the file, for messages.

    Raises:
        PromptFileError: there are too many.
    """
    if notation.marked_from_start and not _begins_with_marker(body, notation.marker):
        text = body.strip("\n")
        return (Part(notation.unmarked, text),) if text else ()
    blocks = _blocks(body, first_line, notation.marker)
    if (marks := len(blocks) - 1) > MOST_PARTS:
        raise PromptFileError(
            f"This file has {marks:,} parts; {MOST_PARTS} are the most a prompt can have.",
            "Split it into several prompts.",
        )
    parts: list[Part] = []
    for block in blocks:
        text = "\n".join(block.lines).strip("\n")
        if block.mark is None:
            parts += [Part(notation.unmarked, text)] if text else []
            continue
        word = block.mark["role"].lower()
        if word not in _ROLES:
            left_out.append(f"The {word} part in line {block.number}.")
            continue
        if block.mark.groupdict().get("attributes"):
            left_out.append(f"What stands in brackets after the role in line {block.number}.")
        parts.append(Part(_ROLES[word], text))
    return tuple(parts)


@dataclass(slots=True)
class _Block:
    """The lines below a marker; before the first marker there is none."""

    mark: re.Match[str] | None
    number: int
    lines: list[str]


def _blocks(body: str, first_line: int, marker: re.Pattern[str]) -> list[_Block]:
    blocks = [_Block(None, first_line, [])]
    for number, line in enumerate(body.split("\n"), first_line):
        found = marker.fullmatch(line.strip())
        if found and not found["slashes"]:
            blocks.append(_Block(found, number, []))
        else:
            blocks[-1].lines.append(line.replace("\\", "", 1) if found else line)
    return blocks


def _begins_with_marker(body: str, marker: re.Pattern[str]) -> bool:
    first = next((line for line in body.split("\n") if line.strip()), "")
    found = marker.fullmatch(first.strip())
    return found is not None and not found["slashes"]


def _escaped(line: str, marker: re.Pattern[str]) -> str:
    if marker.fullmatch(line.strip()) is None:
        return line
    indent = len(line) - len(line.lstrip())
    return f"{line[:indent]}\\{line[indent:]}"

"""The fields between two lines of dashes at the top of a prompt file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.prompts.files import yaml_text
from app.prompts.files.prompt_file import PromptFileError

MOST_TEXT = 2_000_000  # characters of a file

_DASHES = "---"


@dataclass(frozen=True, slots=True)
class Divided:
    """A file with its front matter read.

    Attributes:
        body: what follows, line ends as “\\n”.
        first_line: of the body in the file, from 1.
    """

    fields: Mapping[str, Any]
    body: str
    first_line: int = 1


def divide(text: str) -> Divided:
    """Read the front matter of a file; without any, all of it is the body.

    Raises:
        PromptFileError: it is broken or too large; the line, and why.
    """
    if len(text) > MOST_TEXT:
        raise PromptFileError(
            f"This file is too long for a prompt: more than {MOST_TEXT:,} characters.",
            "Add long texts as documents instead.",
        )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != _DASHES:
        return Divided({}, "\n".join(lines))
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _DASHES), 0)
    if not end:
        raise _broken("its second line of dashes (---) is missing", 1)
    try:
        fields = yaml_text.read("\n".join(lines[1:end]))
    except yaml_text.YamlError as error:
        raise _broken(error.why, error.line + 1) from error
    if not isinstance(fields, dict | None):
        raise _broken("it is not a list of “name: value”", 2)
    return Divided(fields or {}, "\n".join(lines[end + 1 :]), end + 2)


def join(fields: Mapping[str, Any], body: str) -> str:
    """The text of a file; `divide` gives the same back."""
    return f"{_DASHES}\n{yaml_text.write(fields)}{_DASHES}\n{body}"


def _broken(why: str, line: int) -> PromptFileError:
    shown = "".join(each for each in why if each.isprintable())[:200]
    return PromptFileError(
        f"The front matter of this prompt file cannot be read (line {line}): {shown}.",
        "Correct the file in a text editor, then import it again.",
    )

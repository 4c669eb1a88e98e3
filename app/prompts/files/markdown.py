"""Prompts as Markdown with front matter; roles are headings. Without these, all is a user part."""

from __future__ import annotations

import re

from app.engine.messages import Role
from app.prompts.files import body, front_matter
from app.prompts.files.body import Notation
from app.prompts.files.fields import fields_of, file_of
from app.prompts.files.prompt_file import PromptFile, Written

_NOTATION = Notation(
    marker=re.compile(r"(?P<slashes>\\*)#\s+(?P<role>system|user|assistant)", re.IGNORECASE),
    mark=lambda role: f"# {role.capitalize()}\n",
    unmarked=Role.USER,
    marked_from_start=True,
)


def write_markdown(file: PromptFile) -> Written:
    """A prompt as the text of a Markdown file."""
    left_out: list[str] = []
    text = body.written(file.content.parts, _NOTATION, left_out)
    return Written(front_matter.join(fields_of(file), text), tuple(left_out))


def read_markdown(text: str, fallback_name: str) -> PromptFile:
    """The prompt in the text of a Markdown file.

    Args:
        fallback_name: of the prompt, if the file does not say.

    Raises:
        PromptFileError: the file is broken or too large.
    """
    divided = front_matter.divide(text)
    left_out: list[str] = []
    parts = body.parts_of(divided.body, divided.first_line, _NOTATION, left_out)
    return file_of(divided.fields, parts, fallback_name, left_out)

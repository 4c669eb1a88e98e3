"""Prompts as `.prompty` files: written in the notation of Prompty 2, read in that and in 0.1.

What Prompty has no field for stands below `metadata: cairn:`, which other programs pass over.
See https://prompty.ai for the notation.
"""

from __future__ import annotations

import re

from app.engine.messages import Role
from app.prompts.files import body, front_matter
from app.prompts.files.body import Notation
from app.prompts.files.fields import fields_of, file_of
from app.prompts.files.prompt_file import PromptFile, Written

_NOTATION = Notation(
    marker=re.compile(
        r"(?P<slashes>\\*)#?\s*(?P<role>system|developer|user|assistant|tool|function)"
        r"(?P<attributes>\[[^\]]*\])?\s*:",
        re.IGNORECASE,
    ),
    mark=lambda role: f"{role}:",
    unmarked=Role.SYSTEM,
)


def write_prompty(file: PromptFile) -> Written:
    """A prompt as the text of a `.prompty` file."""
    left_out: list[str] = []
    text = body.written(file.content.parts, _NOTATION, left_out)
    fields = fields_of(file) | {
        "template": {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    }
    return Written(front_matter.join(fields, text), tuple(left_out))


def read_prompty(text: str, fallback_name: str) -> PromptFile:
    """The prompt in the text of a `.prompty` file.

    Args:
        fallback_name: of the prompt, if the file does not say.

    Raises:
        PromptFileError: the file is broken or too large.
    """
    divided = front_matter.divide(text)
    left_out: list[str] = []
    parts = body.parts_of(divided.body, divided.first_line, _NOTATION, left_out)
    return file_of(divided.fields, parts, fallback_name, left_out)

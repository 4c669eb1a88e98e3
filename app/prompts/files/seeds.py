"""The prompts that come with Cairn."""

from __future__ import annotations

from app.base.paths import resource
from app.prompts.files.prompt_file import PromptFile
from app.prompts.files.prompty import read_prompty


def seed_prompts() -> tuple[PromptFile, ...]:
    """The seed prompts, by the names of their files."""
    return tuple(
        read_prompty(path.read_text("utf-8"), path.stem)
        for path in sorted(resource("prompts").glob("*.prompty"))
    )

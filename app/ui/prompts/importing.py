"""Taking prompt files in, several at once; runs off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.prompts.entities import PromptId

if TYPE_CHECKING:
    from app.prompts.service import PromptService

ENDINGS = (".prompty", ".md", ".markdown", ".txt")
DIALOG_FILTER = f"Prompts ({' '.join(f'*{each}' for each in ENDINGS)});;All files (*)"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file.

    Attributes:
        prompt_id: where it went; None if nowhere.
        name: of the prompt, or of the file while there is none.
        version: its number; 1 for a new prompt.
        left_out: what of the file could not be carried, in words.
        problem: why it was not taken in.
    """

    path: Path
    name: str
    prompt_id: PromptId | None = None
    version: int = 0
    left_out: tuple[str, ...] = ()
    problem: AppError | None = None


def import_files(prompts: PromptService, paths: Sequence[Path]) -> tuple[Imported, ...]:
    """Take each file in; one that cannot be does not stop the others."""
    return tuple(_import_file(prompts, path) for path in paths)


def is_prompt_file(path: Path) -> bool:
    """Whether a file's name says that a prompt may be in it."""
    return path.suffix.lower() in ENDINGS


def _import_file(prompts: PromptService, path: Path) -> Imported:
    from app.prompts.files import open_prompt  # YAML, only wanted here

    try:
        file = open_prompt(path)
        version = prompts.take_in(file, f"Imported from {path.name}")
    except AppError as error:
        return Imported(path, path.name, problem=error)
    return Imported(path, file.name, version.prompt_id, version.number, file.left_out)

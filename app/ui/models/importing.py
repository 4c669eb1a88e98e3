"""Importing several files, and finding one again that was moved. Runs off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.modelhub.entities import LocalModel
from app.ui.models.words import named

if TYPE_CHECKING:
    from app.modelhub.service import ModelService


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of files that were imported. Each problem names its file."""

    imported: tuple[LocalModel, ...]
    problems: tuple[AppError, ...]


def import_files(models: ModelService, paths: Sequence[Path]) -> ImportReport:
    """Import each file; one that cannot be imported does not stop the others."""
    imported: list[LocalModel] = []
    problems: list[AppError] = []
    for path in paths:
        try:
            imported.append(models.import_file(path))
        except AppError as error:
            problems.append(named(error, path.name))
    return ImportReport(tuple(imported), tuple(problems))


def relocate(models: ModelService, model: LocalModel, path: Path) -> LocalModel:
    """Put the file at its new place on the list, and take the old place off.

    Raises:
        AppError: it is no model, or another one.
    """
    try:
        facts = models.inspect(path)
    except AppError as error:
        raise named(error, path.name) from error
    if facts.size_bytes != model.size_bytes:
        raise AppError(
            f"{path.name} is not the file that {model.name} was.",
            "Its size differs. To use it, import it as a model of its own.",
        )
    found = models.import_file(path)
    if found.id != model.id:
        models.remove(model.id)
    return found

"""Takes files for a chat: into the library, and the chat is then asked over them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.library.entities import DocumentId

if TYPE_CHECKING:
    from app.library.service import LibraryService

_NAMED = 4


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of files given to a chat."""

    documents: tuple[DocumentId, ...]
    problem: AppError | None


def attach_files(library: LibraryService, paths: Sequence[Path]) -> Attached:
    """Add files to the library; those it knows already count as well."""
    report = library.add(paths)
    wanted = [_absolute(path) for path in paths]
    new = {each.id for each in report.added}
    documents = tuple(
        each.id
        for each in library.documents()
        if each.id in new or any(each.path.is_relative_to(path) for path in wanted)
    )
    refused = [(each.path.name or str(each.path), each.reason) for each in report.refused]
    return Attached(documents, _problem(refused))


def _absolute(path: Path) -> Path:
    # As the library stores it: symbolic links are kept.
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100


def _problem(refused: Sequence[tuple[str, str]]) -> AppError | None:
    if not refused:
        return None
    if len(refused) == 1:
        name, reason = refused[0]
        return AppError(f"“{name}” was not added. {reason}")
    lines = [f"“{name}”: {reason}" for name, reason in refused[:_NAMED]]
    if len(refused) > _NAMED:
        lines.append(f"and {len(refused) - _NAMED} more")
    return AppError(f"{len(refused)} files were not added.", "\n".join(lines))

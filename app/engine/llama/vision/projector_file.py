"""Whether a file is a vision projector, and why one cannot be used, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from app.engine.causes import last_words
from app.engine.errors import ProjectorError
from app.engine.llama.gguf_file import BOOL, open_gguf
from app.engine.llama.native import native_log

OTHER_FILE = "Choose the projector (mmproj) file that belongs to this very model."
_AGAIN = "The file is damaged or its download was interrupted. Download it again."


def check_projector(path: Path) -> None:
    """Refuse what is no whole projector file.

    Raises:
        ProjectorError: why.
    """
    native_log.errors.clear()
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refused(path, "The file cannot be found.", "Choose it again.") from error
    with open_gguf(path) as file:
        if file is None:
            raise refused(path, "It is not a GGUF file, or it is damaged.", _AGAIN)
        if file.kind("clip.has_vision_encoder") != BOOL:
            raise refused(path, "It is not a vision projector.", OTHER_FILE)
        if file.end > size:
            raise refused(path, "The file is incomplete.", _AGAIN)


def projector_error(path: Path, lines: Sequence[str]) -> ProjectorError:
    """The error for a projector that could not be loaded, from what was logged meanwhile."""
    text = "\n".join(lines)
    if found := re.search(r"text model \(n_embd = (\d+)\) and mmproj \(n_embd = (\d+)\)", text):
        model, projector = found.groups()
        why = f"It was made for another model: for width {projector}, and this one has {model}."
        return refused(path, why, OTHER_FILE)
    if found := re.search(r"unable to find tensor (\S+)", text):
        return refused(path, f"It lacks a part (“{found.group(1)[:80]}”).", OTHER_FILE)
    if re.search(r"unknown projector type|unexpected vision projector", text):
        return refused(path, "The engine does not know its kind.", "A newer Cairn may know it.")
    if re.search(r"failed to (?:re)?allocate|unable to allocate|out of memory|bad_alloc", text):
        return refused(
            path, "There is not enough memory for it.", "Close other programs, then try again."
        )
    said = last_words(lines)
    return refused(path, f"The engine says: {said}." if said else "", OTHER_FILE)


def refused(path: Path, why: str, hint: str) -> ProjectorError:
    """The error for a file that cannot be used."""
    return ProjectorError(f"“{path.name}” cannot be used for seeing pictures. {why}".rstrip(), hint)

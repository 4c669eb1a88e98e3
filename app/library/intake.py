"""Which files of what the user dropped are taken in. Looks at names, reads nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.library.names import kind_of_name

# Taken in so that each is named with the way to save it anew.
OLD_OFFICE = frozenset({".doc", ".xls", ".ppt"})
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be taken in; what `stat` said of it."""

    path: Path
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that was not taken in, and why, in words."""

    path: Path
    reason: str
    hint: str = ""


def candidates(paths: Sequence[Path]) -> Iterator[Candidate | Refused]:
    """Walk files and folders. A file named by the user is always tried, whatever it is called."""
    for path in paths:
        absolute = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - keeps symbolic links
        if absolute.is_dir():
            yield from _in_folder(absolute)
        else:
            yield _named(absolute)


def is_document_name(path: Path) -> bool:
    """Whether a file of this name is looked at when a folder is added."""
    return kind_of_name(path) is not None or path.suffix.lower() in OLD_OFFICE


def _in_folder(folder: Path) -> Iterator[Candidate | Refused]:
    unreadable: list[Refused] = []

    def note(error: OSError) -> None:
        where = Path(error.filename) if error.filename else folder
        unreadable.append(Refused(where, f"The folder cannot be opened ({error.strerror})."))

    found = 0
    # Links to folders are not followed: they may lead in circles or out of what was dropped.
    for root, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(
            each for each in folders if not each.startswith(".") and each not in SKIPPED_FOLDERS
        )
        for name in sorted(files):
            path = Path(root) / name
            if name.startswith((".", "~$")):
                continue
            if is_document_name(path):
                found += 1
                yield _named(path)
            else:
                yield Refused(path, _unread_kind(path))
    yield from unreadable
    if not found and not unreadable:
        yield Refused(folder, "The folder holds no documents that Cairn can read.")


def _named(path: Path) -> Candidate | Refused:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return Refused(path, "The file is not there any more.", "Check the name and the place.")
    except OSError as error:
        return Refused(path, f"The file cannot be opened ({error.strerror}).")
    if not stat.S_ISREG(facts.st_mode):
        return Refused(path, "This is not a regular file.")
    if path.suffix.lower() == ".gguf":
        return Refused(path, "This is a model, not a document.", "Import it in Models.")
    return Candidate(path, facts.st_size, facts.st_mtime_ns)


def _unread_kind(path: Path) -> str:
    if path.suffix.lower() == ".gguf":
        return "This is a model, not a document; import it in Models."
    return f"Cairn does not read {path.suffix.lower() or 'files without an ending'}."

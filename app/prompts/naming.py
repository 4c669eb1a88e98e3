"""What prompts, labels, folders and tags may be called, and how their names are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from app.base.folding import fold
from app.prompts.entities import LATEST
from app.prompts.errors import BadName

LONGEST_NAME = 64
LONGEST_FOLDER = 200
LONGEST_TAG = 40
MOST_TAGS = 20
_JOINERS = "-_."
_RULE = "Use letters, digits, dashes, underscores and dots, and begin with a letter or a digit."


def checked_name(name: str) -> str:
    """The name of a prompt, ready to be stored.

    Raises:
        BadName: it could not be typed after a slash.
    """
    return _word(name, "name")


def checked_label(label: str) -> str:
    """A label, folded.

    Raises:
        BadName: it is no word, would read as a number, or is the one that nobody moves.
    """
    folded = fold(_word(label, "label"))
    if folded == LATEST:
        raise BadName(
            f"The label “{LATEST}” is always on the newest version.", "Choose another label."
        )
    if folded.isdecimal():
        raise BadName(f"The label “{label}” would read as a version.", "Begin it with a letter.")
    return folded


def checked_folder(folder: str) -> str:
    """The path of a folder, with single slashes between trimmed names; empty for the top.

    Raises:
        BadName: a part of it is "." or "..", or it is too long.
    """
    parts = [part for part in map(one_line, folder.split("/")) if part]
    if any(part in (".", "..") for part in parts):
        raise BadName("A folder cannot be called “.” or “..”.", "Write its whole path.")
    return within("/".join(parts), LONGEST_FOLDER, "folder")


def checked_tags(tags: Iterable[str]) -> dict[str, str]:
    """Tags by their folded form; of several that differ in case only, the first.

    Raises:
        BadName: one is too long, or there are too many.
    """
    found: dict[str, str] = {}
    for tag in filter(None, map(one_line, tags)):
        found.setdefault(fold(tag), within(tag, LONGEST_TAG, "tag"))
    if len(found) > MOST_TAGS:
        raise BadName(f"A prompt cannot have {len(found)} tags.", f"Use at most {MOST_TAGS}.")
    return found


def within(text: str, longest: int, what: str) -> str:
    """The text, unless it has more than `longest` letters.

    Raises:
        BadName: it has.
    """
    if len(text) > longest:
        raise BadName(f"The {what} “{text[:20]}…” is too long.", f"Use at most {longest} letters.")
    return text


def one_line(text: str) -> str:
    """The text with single spaces between its words and without what cannot be printed."""
    return " ".join(plain_text(text).split())


def plain_text(text: str) -> str:
    """The trimmed text in composed letters, without control characters but line breaks."""
    printable = (each for each in text if each.isspace() or not _is_unprintable(each))
    return unicodedata.normalize("NFC", "".join(printable)).strip()


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")  # controls, and halves of characters


def _word(text: str, what: str) -> str:
    word = within(unicodedata.normalize("NFC", text.strip()), LONGEST_NAME, what)
    if not word:
        raise BadName(f"The {what} is empty.", _RULE)
    if not word[0].isalnum() or not all(map(_is_allowed, word)):
        raise BadName(f"“{one_line(word)}” cannot be a {what}.", _RULE)
    return word


def _is_allowed(character: str) -> bool:
    is_letter = unicodedata.category(character)[0] in "LM"  # marks belong to their letters
    return is_letter or character in _JOINERS or character.isdecimal()

"""Why a document cannot be read, in words its owner understands, and what to do about it."""

from __future__ import annotations

import errno

from app.base.errors import AppError


class ReaderError(AppError):
    """A document cannot be read."""


class PasswordNeeded(ReaderError):
    """A document is encrypted and opens only with a password."""


class NeedsOcr(ReaderError):
    """A document holds pictures of text and no text."""


def password_needed(what: str) -> PasswordNeeded:
    """The error for an encrypted file."""
    return PasswordNeeded(
        f"This {what} is protected with a password.",
        "Open it in its own program, save a copy without a password, and add the copy.",
    )


def damaged(what: str) -> ReaderError:
    """The error for a file whose kind is clear but whose inside is broken."""
    return ReaderError(
        f"This {what} is damaged or incomplete.",
        "Get the file again from where it came from; if it opens in its own program, "
        "save a new copy there and add that.",
    )


def no_text(what: str) -> ReaderError:
    """The error for a file that can be read but says nothing."""
    return ReaderError(f"This {what} contains no text.", "There is nothing in it to search.")


def too_large(what: str, limit: str) -> ReaderError:
    """The error for a file beyond what is read as one document; `limit` such as "200 MB"."""
    return ReaderError(
        f"This {what} is too large: more than {limit} as one document.",
        "Split it into smaller files and add those.",
    )


def file_trouble(error: OSError) -> ReaderError:
    """Say what the operating system reported when a file was opened or read."""
    if isinstance(error, FileNotFoundError):
        return ReaderError(
            "The file is not there any more.",
            "It was moved, renamed or deleted. Add it again from its new place.",
        )
    if isinstance(error, IsADirectoryError):
        return ReaderError("This is a folder, not a file.", "Add the folder to add its files.")
    if isinstance(error, PermissionError):
        return ReaderError(
            "The file may not be read: it is locked by another program or you lack permission.",
            "Close the program that uses it, or ask its owner for access, then try again.",
        )
    if error.errno == errno.ELOOP:
        return ReaderError("This link leads back to itself.", "Add the file itself.")
    reason = error.strerror or type(error).__name__
    return ReaderError(
        f"The file could not be read from its disk ({reason}).",
        "If it lies on a network or removable disk, check that it is connected, then try again.",
    )

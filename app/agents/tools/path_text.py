"""Paths as a model writes them: taken apart and judged as text, before any disk is touched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Final

from app.agents.tools.tool import ToolFault

_LONGEST: Final = 4_096
_URL: Final = re.compile(r"[a-z][a-z\d+.-]+:/", re.IGNORECASE)
_DRIVE: Final = re.compile(r"[a-z]:", re.IGNORECASE)
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³])\s*(\..*)?", re.IGNORECASE
)
_NOT_IN_WINDOWS_NAMES: Final = re.compile(r'[<>:"|?*]')

# Keys, passwords and what browsers keep. An agent has no business there, whatever it was granted.
_PRIVATE_NAMES: Final = """
    .ssh .gnupg .aws .azure .kube .docker .password-store .pki keyrings keychains .netrc _netrc
    .pgpass .git-credentials .npmrc .pypirc .vault-token id_rsa id_dsa id_ecdsa id_ed25519
    .mozilla logindata cookies cookies.sqlite key4.db logins.json
"""
_PRIVATE: Final = frozenset(_PRIVATE_NAMES.split())
_ENVIRONMENT_FILE: Final = re.compile(r"\.env(\..*|rc)?")


def parts_of(
    text: str, roots: Iterable[PurePath], *, windows: bool
) -> tuple[int | None, list[str]]:
    """Which of the roots an absolute path is in, None for a relative path, and the names below it.

    Args:
        roots: absolute folders; the deepest that holds the path is taken.
        windows: whether names follow the rules of Windows.

    Raises:
        ToolFault: it is outside all of them, or no plain path.
    """
    _refuse_oddities(text, windows)
    path = PureWindowsPath(text) if windows else PurePosixPath(text)
    if ".." in path.parts:
        raise ToolFault("“..” is not allowed in a path.", "Write the path from its folder on.")
    root: int | None = None
    if path.anchor:
        holders = [
            (len(each.parts), i) for i, each in enumerate(roots) if path.is_relative_to(each)
        ]
        if not holders:
            raise outside(text)
        depth, root = max(holders)
        parts = path.parts[depth:]
    else:
        parts = path.parts
    if windows:
        for name in parts:
            _refuse_windows_name(name)
    return root, list(parts)


def _refuse_oddities(text: str, windows: bool) -> None:
    if len(text) > _LONGEST:
        raise ToolFault("The path is too long.")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
        raise ToolFault("The path has a character that no path can have.")
    if _URL.match(text):
        raise ToolFault("That is a URL, not a path.", "Write the path of a file alone.")
    if text == "~" or text.startswith(("~/", "~\\")):
        raise ToolFault("“~” is not known here.", "Write the path from its folder on.")
    if not windows and ("\\" in text or _DRIVE.match(text)):
        raise ToolFault("That is a path of Windows.", "Write the path with / and without a drive.")


def _refuse_windows_name(name: str) -> None:
    # Windows drops dots and spaces at the end, opens devices by name and streams after a colon.
    if name.endswith((".", " ")) or _NOT_IN_WINDOWS_NAMES.search(name) or _DEVICE.fullmatch(name):
        raise ToolFault(f"“{name}” is no name for a file on Windows.")


def is_private(name: str) -> bool:
    """Whether a file or folder of this name holds secrets.

    Case, look-alike forms, spaces and letters that take no room make no difference: some file
    systems ignore them.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(each for each in plain if unicodedata.category(each) not in ("Cf", "Zs"))
    plain = plain.rstrip(".")
    return plain in _PRIVATE or bool(_ENVIRONMENT_FILE.fullmatch(plain))


def printable(name: str) -> str:
    """A file name on one line; what is no text in it is replaced."""
    text = name.encode("utf-8", "replace").decode()
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def outside(text: str) -> ToolFault:
    """The fault for a path that leads anywhere but into a granted folder."""
    return ToolFault(
        f"{text} is not in a folder that was granted.", "Use list_files to see what there is."
    )

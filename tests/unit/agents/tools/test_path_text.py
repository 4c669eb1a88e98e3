from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from app.agents.tools.path_text import is_private, parts_of
from app.agents.tools.tool import ToolFault

POSIX = [PurePosixPath("/home/ada/notes"), PurePosixPath("/home/ada/notes/old")]
WINDOWS = [PureWindowsPath("C:\\Users\\Ada\\Notes"), PureWindowsPath("\\\\nas\\share\\docs")]


@pytest.mark.parametrize(
    ("text", "root", "parts"),
    [
        ("a.txt", None, ["a.txt"]),
        ("./sub//a.txt", None, ["sub", "a.txt"]),
        ("", None, []),
        ("/home/ada/notes/a.txt", 0, ["a.txt"]),
        ("/home/ada/notes/old/a.txt", 1, ["a.txt"]),
        ("Mr. Smith Inc./~draft. ", None, ["Mr. Smith Inc.", "~draft. "]),
    ],
)
def test_parts_of_a_path_on_posix(text: str, root: int | None, parts: list[str]):
    assert parts_of(text, POSIX, windows=False) == (root, parts)


@pytest.mark.parametrize(
    ("text", "root", "parts"),
    [
        ("a.txt", None, ["a.txt"]),
        ("sub/x\\a.txt", None, ["sub", "x", "a.txt"]),
        ("c:/users/ADA/notes/a.txt", 0, ["a.txt"]),
        ("\\\\nas\\share\\docs\\a.txt", 1, ["a.txt"]),
    ],
)
def test_parts_of_a_path_on_windows(text: str, root: int | None, parts: list[str]):
    assert parts_of(text, WINDOWS, windows=True) == (root, parts)


@pytest.mark.parametrize(
    "text",
    [
        "..\\secret.txt",
        "sub\\..\\..\\secret.txt",
        "C:\\Windows\\win.ini",
        "C:secret.txt",
        "C:",
        "D:\\Users\\Ada\\Notes\\a.txt",
        "C:\\Users\\Ada\\Notes2\\a.txt",
        "\\Windows\\win.ini",
        "/Windows/win.ini",
        "\\\\evil\\share\\a.txt",
        "//evil/share/a.txt",
        "\\\\?\\C:\\Windows\\win.ini",
        "\\\\.\\C:\\Windows\\win.ini",
        "\\\\.\\pipe\\x",
        "\\??\\C:\\Windows",
        "file:///C:/Windows/win.ini",
        "CON",
        "nul.txt",
        "sub\\COM1",
        "sub\\lpt¹.txt",
        "CONIN$",
        "aux .txt",
        "a.txt::$DATA",
        "a.txt:stream",
        "sub.\\a.txt",
        "a.txt.",
        "a.txt ",
        ".. \\secret.txt",
        "...\\secret.txt",
        "a?.txt",
        "~\\a.txt",
        "a.txt\0.png",
    ],
)
def test_parts_of_tricks_of_windows_are_refused(text: str):
    with pytest.raises(ToolFault):
        parts_of(text, WINDOWS, windows=True)


@pytest.mark.parametrize(
    "text",
    [
        *["..", "sub/../a.txt", "/home/ada/notes/../a.txt", "/home/ada/notes2/a.txt", "/home/ada"],
        *["//home/ada/notes/a.txt", "~", "~/a.txt", "file:/home/ada/notes/a.txt", "C:/a.txt"],
        *["sub\\a.txt", "a.txt\0", "a\n.txt", "\ud800", "x" * 5000],
    ],
)
def test_parts_of_tricks_on_posix_are_refused(text: str):
    with pytest.raises(ToolFault):
        parts_of(text, POSIX, windows=False)


@pytest.mark.parametrize(
    "name",
    [
        ".ssh",
        ".SSH",
        ".ssh.",
        ".ssh ",
        ".s\u200bsh",
        "\uff0essh",
        ".env",
        ".env.local",
        "Login Data",
    ],
)
def test_is_private_whatever_the_spelling(name: str):
    assert is_private(name)


@pytest.mark.parametrize("name", ["ssh", "env.txt", ".environment", "notes", "cookies.md"])
def test_is_private_not_for_other_names(name: str):
    assert not is_private(name)

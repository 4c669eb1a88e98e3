from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.messages import Role
from app.prompts.entities import Part
from app.prompts.files import PromptFileError, open_prompt


@pytest.mark.parametrize(
    ("name", "role"),
    [("a.prompty", Role.SYSTEM), ("a.PROMPTY", Role.SYSTEM), ("a.md", Role.USER),
     ("a.txt", Role.USER)],
)  # fmt: skip
def test_open_reads_a_file_by_its_ending_and_names_it(tmp_path: Path, name: str, role: Role):
    path = tmp_path / name
    path.write_bytes("\ufeffGrüße".encode())
    file = open_prompt(path)
    assert (file.name, file.content.parts) == ("a", (Part(role, "Grüße"),))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"x", "no prompt file that Cairn can read"),
        ("a.md", b"\xff\xfe", "no text in UTF-8"),
        ("a.md", b"x" * 9_000_000, "too long for a prompt"),
        ("a.prompty", b"---\n[\n---\n", r"\(line 2\)"),
    ],
)
def test_open_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, data: bytes, words: str):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(PromptFileError, match=words):
        open_prompt(path)


def test_open_file_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(PromptFileError, match=r"gone.md cannot be opened \(No such file"):
        open_prompt(tmp_path / "gone.md")

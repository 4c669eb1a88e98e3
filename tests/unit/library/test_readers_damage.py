"""Bytes changed at random: whatever comes, a reader reads or says why not."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.library.errors import ReaderError
from app.library.readers import read_document
from tests import documents

Write = Callable[[Path], Path]
CONTAINERS: tuple[Write, ...] = (
    documents.docx,
    documents.pptx,
    documents.xlsx,
    documents.epub,
)
ALL: tuple[Write, ...] = (
    documents.pdf,
    *CONTAINERS,
    documents.html,
    documents.csv,
    documents.markdown,
)
NASTY = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"99999999", b"<<<<", b"-1 0", b"%s%n", b"\xed\xa0\x80")


def damaged(data: bytes, chance: random.Random) -> bytes:
    result = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 50))):
        at = chance.randrange(len(result) + 1)
        match chance.randrange(4):
            case 0:
                result[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del result[at : at + chance.randrange(1, 40)]
            case 2:
                result[at:at] = result[at : at + chance.randrange(1, 60)]
            case _:
                result[at : at + 4] = chance.choice(NASTY)
    return bytes(result)


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(entries))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in (entries | {name: damaged(entries[name], chance)}).items():
            archive.writestr(each, content)
    return buffer.getvalue()


def check(path: Path) -> None:
    with contextlib.suppress(ReaderError):
        document = read_document(path, CancelToken())
        for part in document.parts:
            part.text.encode("utf-8")  # no lone surrogates


@pytest.mark.parametrize("write", ALL, ids=lambda each: each.__name__)
def test_read_document_with_damaged_bytes_reads_or_says_why_not(tmp_path, write):
    whole = write(tmp_path / f"whole.{write.__name__}")
    chance = random.Random(write.__name__)

    for _ in range(60):
        path = tmp_path / f"damaged.{write.__name__}"
        path.write_bytes(damaged(whole.read_bytes(), chance) or b"x")
        check(path)


@pytest.mark.parametrize("write", CONTAINERS, ids=lambda each: each.__name__)
def test_read_container_with_damaged_entries_reads_or_says_why_not(tmp_path, write):
    whole = write(tmp_path / f"whole.{write.__name__}")
    chance = random.Random(write.__name__)

    for _ in range(60):
        path = tmp_path / f"damaged.{write.__name__}"
        path.write_bytes(damaged_inside(whole.read_bytes(), chance))
        check(path)


@pytest.mark.parametrize("write", CONTAINERS, ids=lambda each: each.__name__)
def test_read_container_whose_first_bytes_are_missing_says_damaged(tmp_path, write):
    data = write(tmp_path / "a").read_bytes()
    path = tmp_path / f"a.{write.__name__}"
    path.write_bytes(data[:10] + data[40:])

    with pytest.raises(ReaderError, match="damaged"):
        read_document(path, CancelToken())

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.library.errors import ReaderError
from app.library.readers import read_document, source
from app.library.readers.source import open_source
from tests import documents

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


def refusal(path: Path) -> ReaderError:
    with pytest.raises(ReaderError) as caught:
        read_document(path, CancelToken())
    assert caught.value.message
    assert caught.value.hint
    return caught.value


def test_read_document_gives_the_hash_of_the_bytes(tmp_path):
    path = documents.text(tmp_path / "a.txt")

    document = read_document(path, CancelToken())

    assert document.content == hashlib.sha256(path.read_bytes()).hexdigest()


def test_read_document_too_large_for_memory_reads_from_disk_with_the_same_result(
    tmp_path, monkeypatch
):
    path = documents.pdf(tmp_path / "a.pdf", ["first page", "second page"])
    in_memory = read_document(path, CancelToken())
    monkeypatch.setattr(source, "IN_MEMORY_BYTES", 10)

    assert read_document(path, CancelToken()) == in_memory
    assert "too large" in refusal(documents.text(tmp_path / "b.txt")).message


@pytest.mark.parametrize("write", [documents.docx, documents.pptx, documents.xlsx, documents.epub])
def test_read_document_container_too_large_for_memory_reads_from_disk(tmp_path, monkeypatch, write):
    path = write(tmp_path / "a")
    in_memory = read_document(path, CancelToken())
    monkeypatch.setattr(source, "IN_MEMORY_BYTES", 10)

    assert read_document(path, CancelToken()) == in_memory


def test_read_document_of_zero_bytes_says_empty(tmp_path):
    (tmp_path / "a.pdf").touch()

    assert "empty" in refusal(tmp_path / "a.pdf").message


def test_read_document_of_enormous_file_is_refused_unread(tmp_path):
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)

    assert "more than 4 GB" in refusal(path).message


def test_read_document_of_a_gigabyte_of_text_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.write(b"text " * 20_000)
        file.truncate(1_100_000_000)
    monkeypatch.setattr(source.Source, "load", lambda *_: pytest.fail("it was read"))

    assert "text file is too large: more than 256 MB" in refusal(path).message


def test_read_document_that_is_gone_says_so(tmp_path):
    assert "not there any more" in refusal(tmp_path / "gone.pdf").message


def test_read_document_of_a_folder_says_so(tmp_path):
    assert "folder" in refusal(tmp_path).message


def test_read_document_with_nul_in_its_name_says_so(tmp_path):
    assert "name is not valid" in refusal(tmp_path / "a\0b.txt").message


@posix_only
def test_read_document_of_a_pipe_never_waits(tmp_path):
    os.mkfifo(tmp_path / "a.pdf")

    assert "pipe" in refusal(tmp_path / "a.pdf").message


@posix_only
def test_read_document_of_a_device_never_reads(tmp_path):
    assert "device" in refusal(Path("/dev/zero")).message


@posix_only
def test_read_document_of_a_link_to_itself_says_so(tmp_path):
    (tmp_path / "a.pdf").symlink_to(tmp_path / "a.pdf")

    assert "link" in refusal(tmp_path / "a.pdf").message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "locked"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError(116, "Stale file handle"), "Stale file handle"),
    ],
)
def test_read_document_that_cannot_be_opened_says_why(tmp_path, monkeypatch, error, words):
    def refuse(*_: object) -> int:
        raise error

    path = documents.text(tmp_path / "a.txt")
    monkeypatch.setattr(os, "open", refuse)

    assert words in refusal(path).message


def test_load_of_a_file_that_shrinks_meanwhile_is_refused(tmp_path):
    path = documents.text(tmp_path / "a.txt", "word " * 50_000)

    with open_source(path) as opened:
        os.truncate(path, 1000)
        with pytest.raises(ReaderError, match="changed while"):
            opened.load(CancelToken())


def test_source_that_is_rewritten_after_loading_is_refused(tmp_path):
    path = documents.text(tmp_path / "a.txt", "word " * 10)

    with open_source(path) as opened:
        opened.load(CancelToken())
        os.utime(path, ns=(1, 1))
        with pytest.raises(ReaderError, match="changed while"):
            opened.check_unchanged()


@posix_only
def test_load_of_a_file_deleted_after_opening_reads_it_to_the_end(tmp_path):
    path = documents.text(tmp_path / "a.txt", "word " * 50_000)

    with open_source(path) as opened:
        path.unlink()
        opened.load(CancelToken())

        assert opened.bytes() == b"word " * 50_000


def test_load_when_cancelled_stops(tmp_path):
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(Cancelled), open_source(documents.text(tmp_path / "a.txt")) as opened:
        opened.load(cancel)


@pytest.mark.parametrize(
    "write",
    [
        documents.pdf, documents.docx, documents.pptx, documents.xlsx, documents.csv,
        documents.html, documents.epub, documents.markdown, documents.text, documents.code,
    ],
)  # fmt: skip
def test_reader_of_every_kind_notices_cancelling(tmp_path, write):
    path = write(tmp_path / "a")

    class CancelAfterLoad(CancelToken):
        def __init__(self, checks: int) -> None:
            super().__init__()
            self.left = checks

        def check(self) -> None:
            self.left -= 1
            if self.left <= 0:
                self.cancel()
            super().check()

    counting = CancelAfterLoad(10**9)
    read_document(path, counting)
    checks = 10**9 - counting.left
    assert checks >= 2  # one while loading, at least one while reading

    with pytest.raises(Cancelled):
        read_document(path, CancelAfterLoad(checks))


def test_read_document_takes_its_own_title_unless_a_program_made_it_up(tmp_path):
    own = documents.pdf(tmp_path / "a.pdf", title="Lease of 2024")
    made_up = documents.pdf(tmp_path / "lease.pdf", title="Microsoft Word - lease_final.doc")

    assert read_document(own, CancelToken()).title == "Lease of 2024"
    assert read_document(made_up, CancelToken()).title == "lease"

from __future__ import annotations

from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.library.entities import DocumentKind
from app.library.errors import NeedsOcr, PasswordNeeded, ReaderError
from app.library.names import kind_of_name
from app.library.readers.source import open_source
from app.library.sniff import identify
from tests import documents

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def kind(path: Path) -> DocumentKind:
    with open_source(path) as source:
        return identify(source, CancelToken())


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (documents.pdf, DocumentKind.PDF),
        (documents.docx, DocumentKind.WORD),
        (documents.pptx, DocumentKind.SLIDES),
        (documents.xlsx, DocumentKind.SHEET),
        (documents.epub, DocumentKind.EPUB),
        (documents.html, DocumentKind.WEB),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
@pytest.mark.parametrize("name", ["right", "wrong.pdf", "wrong.docx", "wrong.txt", "wrong.csv"])
def test_identify_goes_by_content_whatever_the_name(tmp_path, write, expected, name):
    assert kind(write(tmp_path / name)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.md", DocumentKind.MARKDOWN),
        ("a.csv", DocumentKind.SHEET),
        ("a.py", DocumentKind.CODE),
        ("a.JSON", DocumentKind.CODE),
        ("Makefile", DocumentKind.CODE),
        ("a.txt", DocumentKind.TEXT),
        ("a.unknown", DocumentKind.TEXT),
        ("README", DocumentKind.TEXT),
    ],
)
def test_identify_between_kinds_of_text_goes_by_name(tmp_path, name, expected):
    assert kind(documents.text(tmp_path / name)) is expected


def test_identify_script_without_ending_is_code(tmp_path):
    assert kind(documents.text(tmp_path / "run", "#!/bin/sh\necho hi\n")) is DocumentKind.CODE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_identify_text_in_any_encoding_is_text(tmp_path, encoding):
    path = documents.text(tmp_path / "a.txt", "Größe der Wohnung: 80 m²", encoding)

    assert kind(path) is DocumentKind.TEXT


def test_identify_pdf_after_mail_headers_is_pdf(tmp_path):
    data = documents.pdf(tmp_path / "a.pdf").read_bytes()

    assert kind(written(tmp_path / "b.pdf", b"Content-Type: x\n" * 200 + data)) is DocumentKind.PDF


def test_identify_text_that_mentions_the_pdf_mark_is_text(tmp_path):
    path = documents.text(tmp_path / "a.txt", "A PDF begins with %PDF-1.4 and so on.")

    assert kind(path) is DocumentKind.TEXT


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "old .doc format"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), "old .xls format"),
        ("a.ppt", OLE + "PowerPoint Document".encode("utf-16-le"), "old .ppt format"),
        ("a.msg", OLE + "__substg1.0_".encode("utf-16-le"), "Outlook message"),
        ("a.docx", OLE, "old Office format"),
        ("a.rtf", rb"{\rtf1 text}", "RTF"),
        ("a.gguf", b"GGUF\3\0\0\0", "language model"),
        ("a.mp3", b"ID3\4\0", "sound or video"),
        ("a.gz", b"\x1f\x8b\x08\0", "packed archive"),
        ("a.bin", bytes(range(256)) * 8, "data, not text"),
        ("a.pdf", bytes(range(256)) * 8, "damaged"),
        ("a.docx", b"this is no zip", "plain text"),
        ("a.xlsx", b"Name,Rent", "plain text"),
        ("a.pdf", b"this is no PDF", "plain text"),
    ],
)
def test_identify_what_cannot_be_read_says_what_it_is_and_what_to_do(tmp_path, name, data, words):
    with pytest.raises(ReaderError, match=words) as caught:
        kind(written(tmp_path / name, data))

    assert caught.value.hint


def test_identify_office_file_with_password_says_so(tmp_path):
    path = written(tmp_path / "a.docx", OLE + "EncryptedPackage".encode("utf-16-le"))

    with pytest.raises(PasswordNeeded, match="password"):
        kind(path)


def test_identify_picture_asks_for_text_recognition(tmp_path):
    with pytest.raises(NeedsOcr, match="picture"):
        kind(written(tmp_path / "a.pdf", documents.PNG_PIXEL))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"a.txt": "hi"}, "ordinary zip archive"),
        ({"mimetype": "application/vnd.oasis", "content.xml": "<x/>"}, "OpenDocument"),
        ({"[Content_Types].xml": "", "xl/workbook.bin": ""}, "binary Excel"),
        ({"Index/Document.iwa": ""}, "Keynote"),
    ],
)
def test_identify_zip_that_is_no_document_says_what_it_is(tmp_path, entries, words):
    with pytest.raises(ReaderError, match=words):
        kind(documents.zipped(tmp_path / "a.docx", entries))


def test_identify_zip_cut_off_says_damaged(tmp_path):
    with pytest.raises(ReaderError, match="Word document is damaged"):
        kind(documents.truncated(documents.docx(tmp_path / "a.docx")))


def test_kind_of_name_of_unknown_ending_promises_nothing():
    assert kind_of_name(Path("photo.jpg")) is None
    assert kind_of_name(Path("Report.PDF")) is DocumentKind.PDF

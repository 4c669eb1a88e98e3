from __future__ import annotations

import threading
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from pypdf.generic import ByteStringObject, DictionaryObject, NameObject

from app.base.jobs import CancelToken
from app.library.entities import DocumentKind
from app.library.errors import NeedsOcr, PasswordNeeded, ReaderError
from app.library.pdfium import PDFIUM_LOCK
from app.library.readers import ReadDocument, read_document
from tests import documents

LONG = "The tenant shall pay the rent in advance on the first working day of each month."


def read(path: Path) -> ReadDocument:
    return read_document(path, CancelToken())


def test_read_pdf_gives_one_part_a_page_with_its_number(tmp_path):
    document = read(documents.pdf(tmp_path / "a.pdf", ["First", "", "Third"], title="Lease"))

    assert document.kind is DocumentKind.PDF
    assert document.title == "Lease"
    assert [(part.page, part.text) for part in document.parts] == [
        (1, "First"), (2, ""), (3, "Third"),
    ]  # fmt: skip


def test_read_pdf_with_outline_names_the_section_of_each_page(tmp_path):
    path = documents.pdf(
        tmp_path / "a.pdf", ["a", "b", "c", "d"], outline=[("Rent", 2), ("Notice", 4)]
    )

    assert [part.section for part in read(path).parts] == ["", "Rent", "Rent", "Notice"]


def test_read_pdf_joins_words_broken_at_line_ends(tmp_path):
    path = documents.pdf(tmp_path / "a.pdf", ["paid on the first work-\ning day of the month"])

    assert read(path).parts[0].text == "paid on the first working day of the month"


def test_read_pdf_of_500_pages_reads_every_page(tmp_path):
    pages = [f"Clause {number} binds party {number * 7}.\n{LONG}" for number in range(1, 501)]

    parts = read(documents.pdf(tmp_path / "a.pdf", pages)).parts

    assert len(parts) == 500
    assert parts[499].page == 500
    assert "Clause 500 binds party 3500." in parts[499].text


def test_read_pdf_with_password_says_so(tmp_path):
    with pytest.raises(PasswordNeeded, match="password"):
        read(documents.pdf(tmp_path / "a.pdf", password="secret"))


def test_read_pdf_that_only_forbids_changes_is_read(tmp_path):
    path = documents.pdf(tmp_path / "a.pdf", [LONG], owner_password="secret")

    assert read(path).parts[0].text == LONG


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_read_pdf_cut_off_says_damaged(tmp_path, share):
    path = documents.truncated(documents.pdf(tmp_path / "a.pdf", [LONG] * 20), share)

    with pytest.raises(ReaderError, match="damaged or incomplete"):
        read(path)


@pytest.mark.parametrize("stamp", ["", "Scanned by X"])
def test_read_pdf_of_pictures_asks_for_text_recognition(tmp_path, stamp):
    with pytest.raises(NeedsOcr, match="scanned") as caught:
        read(documents.scanned_pdf(tmp_path / "a.pdf", stamp=stamp))

    assert "OCR" in caught.value.hint


def test_read_pdf_of_few_words_beside_a_logo_is_read(tmp_path):
    path = documents.scanned_pdf(tmp_path / "a.pdf", stamp="Receipt 42", share=0.1)

    assert [part.text for part in read(path).parts] == ["Receipt 42"] * 3


def test_read_pdf_of_pictures_between_blank_pages_asks_for_text_recognition(tmp_path):
    documents.pdf(tmp_path / "blank.pdf", ["", "", ""])
    documents.scanned_pdf(tmp_path / "scan.pdf", pages=2)
    writer = pypdf.PdfWriter()
    writer.append(tmp_path / "blank.pdf")
    writer.append(tmp_path / "scan.pdf")
    writer.write(tmp_path / "both.pdf")

    with pytest.raises(NeedsOcr, match="2 of 5 pages"):
        read(tmp_path / "both.pdf")


def test_read_pdf_with_some_scanned_pages_reads_the_others_and_warns(tmp_path):
    documents.pdf(tmp_path / "text.pdf", [LONG] * 3)
    documents.scanned_pdf(tmp_path / "scan.pdf", pages=2)
    writer = pypdf.PdfWriter()
    writer.append(tmp_path / "text.pdf")
    writer.append(tmp_path / "scan.pdf")
    writer.write(tmp_path / "both.pdf")

    document = read(tmp_path / "both.pdf")

    assert [bool(part.text) for part in document.parts] == [True, True, True, False, False]
    assert "2 of 5 pages" in document.warning


def test_read_pdf_with_a_typed_cover_on_a_scan_asks_for_text_recognition(tmp_path):
    documents.pdf(tmp_path / "cover.pdf", [LONG])
    documents.scanned_pdf(tmp_path / "scan.pdf", pages=20)
    writer = pypdf.PdfWriter()
    writer.append(tmp_path / "cover.pdf")
    writer.append(tmp_path / "scan.pdf")
    writer.write(tmp_path / "both.pdf")

    with pytest.raises(NeedsOcr, match="20 of 21 pages"):
        read(tmp_path / "both.pdf")


def test_read_pdf_of_blank_pages_says_no_text(tmp_path):
    with pytest.raises(ReaderError, match="contains no text"):
        read(documents.pdf(tmp_path / "a.pdf", ["", ""]))


def test_read_pdf_that_pdfium_refuses_is_read_by_the_second_reader(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise pypdfium2.PdfiumError("no", err_code=3)

    path = documents.pdf(tmp_path / "a.pdf", [LONG, "Second page"])
    monkeypatch.setattr(pypdfium2, "PdfDocument", refuse)

    assert [part.text for part in read(path).parts] == [LONG, "Second page"]


def test_read_pdf_with_junk_before_its_start_is_read(tmp_path):
    data = documents.pdf(tmp_path / "a.pdf", [LONG]).read_bytes()
    (tmp_path / "b.pdf").write_bytes(b"X-Mailer: something\r\n" * 150 + data)

    assert read(tmp_path / "b.pdf").parts[0].text == LONG


def test_read_pdf_page_that_pdfium_cannot_load_is_read_by_the_second_reader(tmp_path, monkeypatch):
    load = pypdfium2.PdfDocument.get_page

    def fail_second(self: pypdfium2.PdfDocument, index: int) -> object:
        if index == 1:
            raise pypdfium2.PdfiumError("no")
        return load(self, index)

    path = documents.pdf(tmp_path / "a.pdf", ["First", "Second", "Third"])
    monkeypatch.setattr(pypdfium2.PdfDocument, "__getitem__", fail_second)

    assert [part.text for part in read(path).parts] == ["First", "Second", "Third"]


def test_read_pdf_lets_go_of_the_lock_between_pages(tmp_path):
    path = documents.pdf(tmp_path / "a.pdf", [LONG] * 30)
    free: list[bool] = []

    def try_lock() -> None:
        free.append(PDFIUM_LOCK.acquire(blocking=False))
        if free[-1]:
            PDFIUM_LOCK.release()

    class Watching(CancelToken):
        def check(self) -> None:
            other = threading.Thread(target=try_lock)
            other.start()
            other.join()

    read_document(path, Watching())

    assert len(free) > 30
    assert all(free)


def test_read_pdf_named_docx_is_read_as_pdf(tmp_path):
    assert read(documents.pdf(tmp_path / "a.docx", [LONG])).kind is DocumentKind.PDF


def test_read_pdf_that_is_a_web_page_is_read_as_one(tmp_path):
    assert read(documents.html(tmp_path / "a.pdf")).kind is DocumentKind.WEB


def test_read_pdf_with_letters_beyond_the_first_plane_keeps_them(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(_pdf_with_map(b"<41> <D835DC34> <42> <0042>", b"(ABBA)"))

    assert read(path).parts[0].text == "\U0001d434BB\U0001d434"


def test_read_pdf_with_broken_characters_in_title_and_outline_reads_its_pages(tmp_path):
    written = documents.pdf(tmp_path / "a.pdf", [LONG], title="Lease", outline=[("Rent", 1)])
    writer = pypdf.PdfWriter(clone_from=written)
    half = ByteStringObject(b"\xfe\xff\xd8\x00\x00A")
    titled = [each for each in writer._objects if isinstance(each, DictionaryObject)]
    for each in titled:
        if "/Title" in each:
            each[NameObject("/Title")] = half
    writer.write(tmp_path / "b.pdf")

    document = read(tmp_path / "b.pdf")

    assert document.title == "b"
    assert [(part.section, part.text) for part in document.parts] == [("", LONG)]


def test_read_pdf_whose_letters_are_not_mapped_asks_for_text_recognition(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(_pdf_with_map(b"<41> <E001> <42> <E002>", b"(" + b"AB" * 40 + b")"))

    with pytest.raises(NeedsOcr, match="which letters"):
        read(path)


def _pdf_with_map(pairs: bytes, shown: bytes) -> bytes:
    """A hand-written PDF whose font maps codes to Unicode as given."""
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange "
        b"2 beginbfchar " + pairs + b" endbfchar endcmap end end"
    )
    draw = b"BT /F1 12 Tf 20 100 Td " + shown + b" Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 300] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(cmap), cmap),
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    tail = b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF"
    return data + tail % (len(objects) + 1, start)

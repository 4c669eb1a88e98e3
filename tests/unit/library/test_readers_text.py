# ruff: noqa: RUF001 - the letters of many languages are the subject here
from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.library.entities import DocumentKind
from app.library.errors import PasswordNeeded, ReaderError
from app.library.readers import ReadDocument, read_document
from app.library.readers.encoding import decode_markup, decode_text, looks_like_text
from tests import documents

GERMAN = "Die Größe der Wohnung beträgt 80 m² — für Müller, „schön“."
FRENCH = "Le locataire paie le loyer à la première échéance, déjà réglé à l’agence."


def read(path: Path) -> ReadDocument:
    return read_document(path, CancelToken())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        ("schöne Grüße aus Köln", "cp850"),
        ("schöne Grüße aus Köln", "mac_roman"),
        (FRENCH, "cp1252"),
        ("El año pasado pagó el alquiler según el señor Núñez.", "cp1252"),
        ("Najemca płaci czynsz pierwszego dnia każdego miesiąca.", "cp1250"),
        ("Nájemce platí nájemné první den každého měsíce, což je dříve.", "cp1250"),
        ("Kiracı, kirayı her ayın ilk günü öder; şartlar değişir.", "cp1254"),
        ("Арендатор платит арендную плату первого числа месяца.", "cp1251"),
        ("Арендатор платит арендную плату первого числа месяца.", "koi8_r"),
        ("Ο ενοικιαστής πληρώνει το ενοίκιο την πρώτη ημέρα του μήνα.", "cp1253"),
        ("賃借人は毎月一日に賃料を支払う。これは日本語の文章です。", "shift_jis"),
        ("承租人每月一日支付租金。这是中文文本。", "gb18030"),
        ("임차인은 매월 1일에 임대료를 지불한다. 이것은 한국어이다.", "euc_kr"),
    ],
    ids=lambda each: each if each.replace("_", "").replace("-", "").isalnum() else "",
)
def test_decode_text_recognises_the_encoding(text, encoding):
    # A file is longer than a line, and most of it may be plain ASCII.
    data = ("plain line\n" * 50 + text + "\n").encode(encoding)

    assert decode_text(data).strip().endswith(text)


def test_decode_text_of_utf8_with_a_few_broken_bytes_stays_utf8():
    data = (GERMAN * 10).encode() + b"\xff\xfe" + GERMAN.encode()

    assert decode_text(data).count("Größe") == 11


def test_decode_text_drops_nul_bytes_and_lone_surrogates():
    assert decode_text(b"before\0\0after") == "beforeafter"
    assert decode_text("a".encode("utf-16") + b"\x00\xd8") == "a\ufffd"


def test_decode_markup_follows_the_declared_encoding():
    text = "<meta charset='koi8-r'><p>Рента"

    assert decode_markup(text.encode("koi8_r")) == text


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "rot13", "nonsense", "utf-7"]
)
def test_decode_markup_does_not_let_the_page_choose_a_dangerous_codec(name):
    data = f"<meta charset={name}>Grüße \\x41".encode("cp1252")

    assert decode_markup(data).endswith("Grüße \\x41")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain", True),
        (GERMAN.encode("cp1252"), True),
        (b"log line\n" * 50 + bytes(100), True),
        (bytes(500) + b"text", False),
        (bytes(range(256)) * 10, False),
    ],
)
def test_looks_like_text_tells_text_from_data(data, expected):
    assert looks_like_text(data) is expected


def test_read_text_keeps_its_lines(tmp_path):
    document = read(documents.text(tmp_path / "notes.txt", "First\r\n  second\n\n\nthird\n"))

    assert document.kind is DocumentKind.TEXT
    assert document.title == "notes"
    assert [part.text for part in document.parts] == ["First\n  second\n\n\nthird"]


def test_read_code_keeps_tabs(tmp_path):
    document = read(documents.code(tmp_path / "rent.py"))

    assert document.kind is DocumentKind.CODE
    assert document.parts[0].text == "def rent(months):\n\treturn 1200 * months"


def test_read_notebook_gives_its_cells_without_outputs(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["# Rent\n", "By month."]},
        {"cell_type": "code", "source": "rent = 1200", "outputs": [{"data": "iVBORw0KGgo"}]},
    ]
    path = documents.code(tmp_path / "a.ipynb", json.dumps({"cells": cells}))

    assert read(path).parts[0].text == "# Rent\nBy month.\n\nrent = 1200"


@pytest.mark.parametrize("content", ["{}", "[" * 100_000, '{"cells": 3}', '{"cells": [{}]}', "x"])
def test_read_notebook_that_is_none_is_read_as_it_stands(tmp_path, content):
    path = documents.code(tmp_path / "a.ipynb", f"{content} // word")

    assert read(path).parts[-1].text.endswith("word")


@pytest.mark.parametrize("content", [" \n\t\n", "----\n***\n"])
def test_read_text_without_a_word_says_so(tmp_path, content):
    with pytest.raises(ReaderError, match="no text"):
        read(documents.text(tmp_path / "a.txt", content))


@pytest.mark.parametrize("unit", ["x", "word ", " x", "日本語"])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html"])
def test_read_line_of_many_megabytes_is_bounded_in_parts_and_time(tmp_path, unit, suffix):
    size = 5_000_000
    path = documents.text(tmp_path / f"a{suffix}", unit * (size // len(unit)))
    started = time.perf_counter()

    parts = read(path).parts

    assert time.perf_counter() - started < 10
    assert max(len(part.text) for part in parts) <= 60_000
    total = sum(len("".join(part.text.split())) for part in parts)
    assert total == (size // len(unit)) * len(unit.strip())


def test_read_markdown_makes_a_part_of_each_section(tmp_path):
    document = read(documents.markdown(tmp_path / "a.md"))

    assert document.kind is DocumentKind.MARKDOWN
    assert document.title == "Lease"
    assert [(part.section, part.text) for part in document.parts] == [
        ("Lease", "# Lease\n\nThe tenant pays."),
        ("Rent", "## Rent\n\n1,200 euros."),
    ]


def test_read_markdown_does_not_take_code_for_headings(tmp_path):
    text = "# Real\n\n```sh\n# comment\n```\n\ntext\n\n~~~\n# other\n```\n~~~\n"

    assert [part.section for part in read(documents.markdown(tmp_path / "a.md", text)).parts] == [
        "Real"
    ]


def test_read_markdown_reads_underlined_headings_and_front_matter(tmp_path):
    text = "---\ntitle: 'The Lease'\n---\nIntro\n\nRent\n====\n\nbody\n\nNotice\n------\n\nmore\n"

    document = read(documents.markdown(tmp_path / "a.md", text))

    assert document.title == "The Lease"
    assert [part.section for part in document.parts] == ["", "Rent", "Notice"]
    assert document.parts[0].text == "Intro"


def test_read_web_page_makes_parts_of_sections_and_leaves_out_what_nobody_reads(tmp_path):
    body = (
        "<nav>Menu</nav><script>evil()</script><h1>Lease</h1><p>The <b>ten</b>ant<br>pays.</p>"
        "<div hidden>secret</div><p style='display: none'>secret</p>"
        "<h2>Rent</h2><ul><li>one<li>two</ul><ol><li>first<li>second</ol>tail"
    )

    document = read(documents.html(tmp_path / "a.html", body, title="My lease"))

    assert document.kind is DocumentKind.WEB
    assert document.title == "My lease"
    assert [(part.section, part.text) for part in document.parts] == [
        ("Lease", "Lease\n\nThe tenant\npays."),
        ("Rent", "Rent\n\n- one\n- two\n1. first\n2. second\n\ntail"),
    ]


def test_read_web_page_table_gives_a_line_a_row(tmp_path):
    body = (
        "<table><caption>Tenants</caption><tr><th>Name<th>Rent"
        "<tr><td><p>Anna</p><p>Müller</p><td>1,200</table>"
    )

    text = read(documents.html(tmp_path / "a.html", body)).parts[0].text

    assert text == "Tenants\nName | Rent\nAnna Müller | 1,200"


def test_read_web_page_laid_out_with_tables_is_read_as_text(tmp_path):
    body = (
        "<table><tr><td><h1>Lease</h1><p>First.</p><p>Second.</p>"
        "<td><table><tr><td>a<td>b</table></table>"
    )

    text = read(documents.html(tmp_path / "a.html", body)).parts[0].text

    assert text == "Lease\n\nFirst.\n\nSecond.\n\na | b"


def test_read_web_page_keeps_preformatted_lines(tmp_path):
    body = "<pre>  one\n    two\n</pre>"

    assert read(documents.html(tmp_path / "a.html", body)).parts[0].text == "  one\n    two"


def test_read_web_page_in_a_declared_encoding(tmp_path):
    path = documents.html(tmp_path / "a.html", "<p>Größe</p>", encoding="iso-8859-1")

    assert read(path).parts[0].text == "Größe"


def test_read_web_page_filled_by_a_script_says_so(tmp_path):
    with pytest.raises(ReaderError, match="filled by a program"):
        read(documents.html(tmp_path / "a.html", "<div id=app></div><script>run()</script>"))


@pytest.mark.parametrize("tag", ["div", "b", "ul", "table", "h1"])
def test_read_web_page_whose_tags_are_never_closed_keeps_all_text(tmp_path, tag):
    body = "<p>before</p>" + f"<{tag}>word " * 20_000 + "<p>after</p>"

    parts = read(documents.html(tmp_path / "a.html", body)).parts

    text = " ".join(part.text for part in parts)
    assert text.startswith("before")
    assert text.endswith("after")
    assert text.count("word") == 20_000


def test_read_web_page_with_entities_expands_none_of_its_own(tmp_path):
    path = tmp_path / "a.html"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        "<html><body><p>x&a;y &amp; z</p></body></html>"
    )

    assert "& z" in read(path).parts[0].text
    assert "x&a;y" in read(path).parts[0].text


def test_read_epub_gives_chapters_in_reading_order(tmp_path):
    path = documents.epub(
        tmp_path / "a.epub",
        [("Chapter 1", "<p>First.</p><h2>Aside</h2><p>More.</p>"), ("Chapter 2", "<p>Second.</p>")],
    )

    document = read(path)

    assert document.kind is DocumentKind.EPUB
    assert document.title == "A Book of Leases"
    assert [(part.section, part.text) for part in document.parts] == [
        ("Chapter 1", "Chapter 1\n\nFirst."),
        ("Aside", "Aside\n\nMore."),
        ("Chapter 2", "Chapter 2\n\nSecond."),
    ]


def test_read_epub_with_copy_protection_says_so(tmp_path):
    path = documents.epub(tmp_path / "a.epub")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "META-INF/encryption.xml",
            '<encryption><EncryptedData><CipherReference URI="OEBPS/text/c0.xhtml"/>'
            "</EncryptedData></encryption>",
        )

    with pytest.raises(PasswordNeeded, match="copy-protected"):
        read(path)

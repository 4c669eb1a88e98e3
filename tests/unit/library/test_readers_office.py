from __future__ import annotations

import contextlib
import datetime
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.base.jobs import CancelToken
from app.library.entities import DocumentKind
from app.library.errors import ReaderError
from app.library.readers import ReadDocument, read_document, sheet
from tests import documents


def read(path: Path) -> ReadDocument:
    return read_document(path, CancelToken())


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def listed(text: str, level: int, list_id: int = 1) -> str:
    return paragraph(
        text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    )


def level(at: int, form: str, pattern: str, start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


def numbering(*levels: str, overrides: str = "") -> str:
    return (
        f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="0"/>{overrides}</w:num>'
    )


LEGAL = numbering(
    level(0, "decimal", "%1."), level(1, "decimal", "%1.%2"), level(2, "lowerLetter", "(%3)")
)


def test_read_word_makes_a_part_of_each_section(tmp_path):
    path = documents.docx(
        tmp_path / "a.docx",
        ["Preamble", "# Lease", "The flat.", "## Rent", "1,200 euros."],
        title="Lease of 2024",
    )

    document = read(path)

    assert document.kind is DocumentKind.WORD
    assert document.title == "Lease of 2024"
    assert [(part.section, part.text) for part in document.parts] == [
        ("", "Preamble"),
        ("Lease", "Lease\n\nThe flat."),
        ("Rent", "Rent\n\n1,200 euros."),
    ]


def test_read_word_heading_without_text_goes_with_the_next_section(tmp_path):
    path = documents.docx(tmp_path / "a.docx", ["# Part One", "## Rent", "1,200 euros."])

    (part,) = read(path).parts

    assert part.section == "Rent"
    assert part.text == "Part One\n\nRent\n\n1,200 euros."


def test_read_word_table_gives_a_line_a_row(tmp_path):
    path = documents.docx(tmp_path / "a.docx", ["Before"], table=[("Name", "Rent"), ("Anna", 1200)])

    assert read(path).parts[0].text == "Before\n\nName | Rent\nAnna | 1200"


def test_read_word_computes_the_numbers_that_word_draws(tmp_path):
    body = (
        listed("Term", 0) + listed("Start", 1) + listed("End", 1) + listed("by notice", 2)
        + listed("by lapse", 2) + listed("Rent", 0) + listed("Amount", 1) + listed("in full", 2)
    )  # fmt: skip

    path = documents.raw_docx(tmp_path / "a.docx", body, numbering=LEGAL)

    assert read(path).parts[0].text.split("\n") == [
        "1. Term", "1.1 Start", "1.2 End", "(a) by notice", "(b) by lapse",
        "2. Rent", "2.1 Amount", "(a) in full",
    ]  # fmt: skip


def test_read_word_list_that_restarts_counts_from_its_own_start(tmp_path):
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    path = documents.raw_docx(
        tmp_path / "a.docx",
        listed("one", 0) + listed("two", 0) + listed("five", 0, 2) + listed("six", 0, 2),
        numbering=numbering(level(0, "upperRoman", "%1)"), overrides=again),
    )

    assert read(path).parts[0].text.split("\n") == ["I) one", "II) two", "V) five", "VI) six"]


def test_read_word_bullets_are_list_items(tmp_path):
    path = documents.raw_docx(
        tmp_path / "a.docx", listed("one", 0), numbering=numbering(level(0, "bullet", "\uf0b7"))
    )

    assert read(path).parts[0].text == "- one"


def test_read_word_heading_of_a_translated_style_counts_as_heading(tmp_path):
    styles = (
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Eigene"><w:name w:val="Eigene"/>'
        '<w:basedOn w:val="berschrift1"/></w:style>'
    )
    body = "".join(
        paragraph(text, f'<w:pStyle w:val="{style}"/>')
        for text, style in (("Miete", "berschrift1"), ("x", ""), ("Frist", "Eigene"), ("y", ""))
    )
    path = documents.raw_docx(tmp_path / "a.docx", body, styles=styles, numbering=LEGAL)

    assert [part.section for part in read(path).parts] == ["1. Miete", "2. Frist"]


def test_read_word_leaves_out_deleted_text_and_the_table_of_contents(tmp_path):
    styles = '<w:style w:type="paragraph" w:styleId="V1"><w:name w:val="toc 1"/></w:style>'
    body = (
        paragraph("Rent ..... 3", '<w:pStyle w:val="V1"/>')
        + "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>"
        "<w:ins><w:r><w:t> added</w:t></w:r></w:ins></w:p>"
    )

    path = documents.raw_docx(tmp_path / "a.docx", body, styles=styles)

    assert read(path).parts[0].text == "kept added"


def test_read_word_text_box_is_read_once(tmp_path):
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>around</w:t></w:r><w:r>"
        '<mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice>'
        f"{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert read(documents.raw_docx(tmp_path / "a.docx", body)).parts[0].text == "boxed\n\naround"


def test_read_word_footnote_follows_its_paragraph(tmp_path):
    body = (
        '<w:p><w:r><w:t>Rent</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        + paragraph("Next")
    )
    notes = '<w:footnote w:id="2"><w:p><w:r><w:t>In advance.</w:t></w:r></w:p></w:footnote>'

    path = documents.raw_docx(tmp_path / "a.docx", body, footnotes=notes)

    assert read(path).parts[0].text == "Rent[1]\n\n[1] In advance.\n\nNext"


def test_read_word_heading_as_long_as_a_paragraph_loses_no_word(tmp_path):
    text = " ".join(f"word{number}" for number in range(100))

    (part,) = read(documents.docx(tmp_path / "a.docx", [f"# {text}", "body"])).parts

    assert part.text == f"{text}\n\nbody"
    assert len(part.section) <= 200


def test_read_word_footnote_referred_to_without_end_is_given_once(tmp_path):
    body = "<w:p>" + '<w:r><w:footnoteReference w:id="2"/></w:r>' * 1000 + "</w:p>"
    notes = f'<w:footnote w:id="2"><w:t>{"long " * 1000}</w:t></w:footnote>'

    path = documents.raw_docx(tmp_path / "a.docx", body, footnotes=notes)

    assert sum(part.text.count("long") for part in read(path).parts) == 1000


def test_read_workbook_whose_texts_multiply_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "_MOST_CHARACTERS", 100_000)
    path = documents.xlsx(tmp_path / "a.xlsx", {"S": [["x" * 1000]] * 200})

    with pytest.raises(ReaderError, match="too large"):
        read(path)


def test_read_word_box_of_one_cell_is_read_as_paragraphs(tmp_path):
    cells = paragraph("First.") + paragraph("Second.")
    body = f"<w:tbl><w:tr><w:tc>{cells}</w:tc></w:tr></w:tbl>"

    assert read(documents.raw_docx(tmp_path / "a.docx", body)).parts[0].text == "First.\n\nSecond."


def test_read_word_table_within_a_cell_keeps_its_text(tmp_path):
    inner = (
        f"<w:tbl><w:tr><w:tc>{paragraph('x')}</w:tc><w:tc>{paragraph('y')}</w:tc></w:tr></w:tbl>"
    )
    body = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{inner}</w:tc></w:tr></w:tbl>"

    assert read(documents.raw_docx(tmp_path / "a.docx", body)).parts[0].text == "a | x, y"


def test_read_word_without_text_says_so(tmp_path):
    with pytest.raises(ReaderError, match="contains no text"):
        read(documents.docx(tmp_path / "a.docx", [""]))


@pytest.mark.parametrize(
    "write",
    [documents.zip_bomb_docx, documents.lying_zip_docx],
    ids=["declared", "undeclared"],
)
def test_read_word_zip_bomb_is_refused_at_once(tmp_path, write):
    path = write(tmp_path / "a.docx")
    started = time.perf_counter()

    with pytest.raises(ReaderError, match=r"enormous size|damaged"):
        read(path)

    assert time.perf_counter() - started < 5


def test_read_word_of_too_many_entries_is_refused(tmp_path):
    path = documents.docx(tmp_path / "a.docx")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(20_001):
            archive.writestr(f"word/{number}.xml", b"")

    with pytest.raises(ReaderError, match="enormous size"):
        read(path)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE d SYSTEM "http://localhost:9/evil.dtd">',
    ],
    ids=["internal", "external", "dtd"],
)
def test_read_office_file_that_declares_entities_is_refused(tmp_path, declaration):
    text = documents.raw_docx(tmp_path / "a.docx", paragraph("&a;" if "[" in declaration else "x"))
    with zipfile.ZipFile(text) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["word/document.xml"] = declaration.encode() + entries["word/document.xml"]
    documents.zipped(text, entries)

    with pytest.raises(ReaderError, match=r"damaged|enormous"):
        read(text)


def test_read_workbook_that_declares_entities_is_refused(tmp_path):
    path = documents.xlsx(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["xl/workbook.xml"] = b'<!DOCTYPE d [<!ENTITY a "b">]>' + entries["xl/workbook.xml"]

    with pytest.raises(ReaderError, match="enormous"):
        read(documents.zipped(path, entries))


@pytest.mark.parametrize("write", [documents.docx, documents.pptx, documents.xlsx, documents.epub])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.97])
def test_read_container_cut_off_says_damaged(tmp_path, write, share):
    path = documents.truncated(write(tmp_path / "a.bin"), share)
    path = path.rename(tmp_path / f"a.{write.__name__}")

    with pytest.raises(ReaderError, match="damaged"):
        read(path)


@pytest.mark.parametrize("write", [documents.docx, documents.pptx, documents.xlsx, documents.epub])
def test_read_container_with_any_xml_malformed_never_fails_otherwise_than_by_reader_error(
    tmp_path, write
):
    with zipfile.ZipFile(write(tmp_path / "a")) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}

    for name in [each for each in entries if each.endswith((".xml", ".rels", ".opf", ".xhtml"))]:
        for broken in (entries[name][: len(entries[name]) // 2], b"", b"<a><b></a>", b"\xff\0"):
            path = documents.zipped(tmp_path / "b", entries | {name: broken})
            with contextlib.suppress(ReaderError):
                assert read(path).parts


@pytest.mark.parametrize("write", [documents.docx, documents.pptx, documents.xlsx, documents.epub])
def test_read_container_with_any_entry_missing_never_fails_otherwise_than_by_reader_error(
    tmp_path, write
):
    with zipfile.ZipFile(write(tmp_path / "a")) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}

    for name in entries:
        rest = {each: data for each, data in entries.items() if each != name}
        with contextlib.suppress(ReaderError):
            assert read(documents.zipped(tmp_path / "b.docx", rest)).parts


def test_read_slides_makes_a_part_of_each_slide(tmp_path):
    path = documents.pptx(
        tmp_path / "a.pptx",
        [("Rent", "Due first."), ("Notice", "Three months.")],
        notes="Ask Anna.",
        table=[("Name", "Rent"), ("Ben", 950)],
    )

    document = read(path)

    assert document.kind is DocumentKind.SLIDES
    assert [part.section for part in document.parts] == ["Rent", "Notice"]
    assert document.parts[0].text == "Rent\n\nDue first."
    assert document.parts[1].text == (
        "Notice\n\nThree months.\n\nName | Rent\nBen | 950\n\nNotes: Ask Anna."
    )


def test_read_slides_reads_grouped_shapes_in_order(tmp_path):
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    for text in ("outer", "inner"):
        shapes = group.shapes if text == "outer" else group.shapes.add_group_shape().shapes
        box = shapes.add_textbox(Inches(1), Inches(1), Inches(1), Inches(1))
        box.text_frame.text = text
    presentation.save(str(tmp_path / "a.pptx"))

    assert read(tmp_path / "a.pptx").parts[0].text == "outer\n\ninner"


def test_read_workbook_repeats_the_column_names_with_each_row(tmp_path):
    document = read(documents.xlsx(tmp_path / "a.xlsx", title="Tenants of 2024"))

    assert document.kind is DocumentKind.SHEET
    assert document.title == "Tenants of 2024"
    (part,) = document.parts
    assert part.section == "Tenants"
    assert part.text == "Name | Rent\nName: Anna | Rent: 1200\nName: Ben | Rent: 950"


def test_read_workbook_shows_values_as_a_person_reads_them(tmp_path):
    book = openpyxl.Workbook()
    table = book.active
    assert table is not None
    table.append(["Item", "Value"])
    moment = datetime.datetime.fromisoformat("2024-03-01T09:30")
    for value in (0.1 + 0.2, True, moment.date(), moment):
        table.append(["x", value])
    table.append(["share", 0.25])
    table["B6"].number_format = "0.00%"
    book.save(tmp_path / "a.xlsx")

    lines = read(tmp_path / "a.xlsx").parts[0].text.split("\n")[1:]

    assert [line.rpartition("Value: ")[2] for line in lines] == [
        "0.3", "yes", "2024-03-01", "2024-03-01 09:30", "25%",
    ]  # fmt: skip


def test_read_workbook_of_several_sheets_makes_a_part_of_each_that_has_text(tmp_path):
    path = documents.xlsx(
        tmp_path / "a.xlsx", {"One": [["a", "b"]], "Empty": [], "Two": [["c", "d"]]}
    )

    assert [part.section for part in read(path).parts] == ["One", "Two"]


def test_read_workbook_that_claims_a_million_columns_is_quick(tmp_path):
    path = documents.xlsx(tmp_path / "a.xlsx", {"S": [["Name", "Rent"], ["Anna", 1]] * 500})
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    honest = entries["xl/worksheets/sheet1.xml"]
    entries["xl/worksheets/sheet1.xml"] = honest.replace(b"A1:B1000", b"A1:XFD1048576")
    assert entries["xl/worksheets/sheet1.xml"] != honest
    started = time.perf_counter()

    assert "Name: Anna | Rent: 1" in read(documents.zipped(path, entries)).parts[0].text
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_read_csv_finds_the_delimiter(tmp_path, delimiter):
    rows = [["Name", "City", "Rent"], ["Anna", "Köln", "1.200,50"], ["Ben, jr.", "Ulm", "950"]]
    quoted = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in rows]
    text = "\n".join(delimiter.join(row) for row in quoted)

    part = read(documents.csv(tmp_path / "a.csv", text)).parts[0]

    assert part.text.split("\n")[2] == "Name: Ben, jr. | City: Ulm | Rent: 950"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_read_csv_in_any_encoding(tmp_path, encoding):
    path = documents.csv(tmp_path / "a.csv", "Name;Größe\nMüller;80 m²\n", encoding)

    assert read(path).parts[0].text == "Name | Größe\nName: Müller | Größe: 80 m²"


def test_read_csv_without_column_names_invents_none(tmp_path):
    path = documents.csv(tmp_path / "a.csv", "1,2\n3,4\n")

    assert read(path).parts[0].text == "1 | 2\n3 | 4"


def test_read_csv_with_a_stray_quote_loses_nothing(tmp_path):
    rows = "".join(f"name{number},{number}\n" for number in range(20_000))
    path = documents.csv(tmp_path / "a.csv", 'Name,Rent\n"Anna,1\n' + rows)

    text = "\n".join(part.text for part in read(path).parts)

    assert "name7" in text
    assert "name19999" in text


def test_read_long_sheet_is_split_between_rows(tmp_path):
    rows = "".join(f"name{number},{number}\n" for number in range(20_000))

    parts = read(documents.csv(tmp_path / "a.csv", "Name,Rent\n" + rows)).parts

    assert len(parts) > 1
    assert all(len(part.text) <= 60_000 for part in parts)
    assert all(part.text.split("\n")[-1].startswith("Name: name") for part in parts)
    assert sum(part.text.count("Rent: ") for part in parts) == 20_000

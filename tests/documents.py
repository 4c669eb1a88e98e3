"""Writes real documents for tests, good and bad. Each function returns the path it wrote."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

Rows = Sequence[Sequence[object]]
PNG_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)


def pdf(
    path: Path,
    pages: Sequence[str] = ("The tenant pays the rent on the first day of the month.",),
    *,
    title: str = "",
    password: str = "",
    owner_password: str = "",
    outline: Sequence[tuple[str, int]] = (),
) -> Path:
    """A PDF with one page a text; lines and blank lines are kept, long lines are wrapped.

    Args:
        path: where.
        pages: text of each page; an empty one stays blank.
        title: its own title.
        password: needed to open it.
        owner_password: needed to change it; anyone may open it.
        outline: (heading, 1-based page) bookmarks.
    """
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842), pageCompression=1)
    if title:
        canvas.setTitle(title)
    headings = {page: heading for heading, page in outline}
    for number, text in enumerate(pages, 1):
        if number in headings:
            canvas.bookmarkPage(f"p{number}")
            canvas.addOutlineEntry(headings[number], f"p{number}")
        _write_lines(canvas, text)
        canvas.showPage()
    canvas.save()
    data = buffer.getvalue()
    if password or owner_password:
        data = _encrypted(data, password, owner_password)
    path.write_bytes(data)
    return path


def scanned_pdf(path: Path, pages: int = 3, stamp: str = "", share: float = 1.0) -> Path:
    """A PDF whose pages are pictures; `stamp` is text that the scanner printed on each.

    `share` of each page's height is picture: a small one makes it a logo.
    """
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=(595, 842))
    for _ in range(pages):
        canvas.drawImage(ImageReader(io.BytesIO(PNG_PIXEL)), 0, 0, 595, 842 * share)
        if stamp:
            canvas.drawString(40, 20, stamp)
        canvas.showPage()
    canvas.save()
    return path


def docx(
    path: Path,
    paragraphs: Sequence[str] = ("The tenant pays the rent on the first day of the month.",),
    *,
    title: str = "",
    table: Rows = (),
) -> Path:
    """A Word document; a paragraph that starts with "# " or "## " becomes a heading."""
    import docx as python_docx

    document = python_docx.Document()
    document.core_properties.title = title
    for text in paragraphs:
        marks, _, rest = text.partition(" ")
        if marks and not marks.strip("#"):
            document.add_heading(rest, level=len(marks))
        else:
            document.add_paragraph(text)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for row, values in zip(grid.rows, table, strict=True):
            for cell, value in zip(row.cells, values, strict=True):
                cell.text = str(value)
    document.save(str(path))
    return path


def pptx(
    path: Path,
    slides: Sequence[tuple[str, str]] = (("Rent", "Due on the first day of the month."),),
    *,
    notes: str = "",
    table: Rows = (),
) -> Path:
    """A presentation of (title, text) slides; notes and table go on the last one."""
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    for title, text in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    if notes:
        slide.notes_slide.notes_text_frame.text = notes
    if table:
        box = [Inches(1), Inches(4), Inches(6), Inches(2)]
        grid = slide.shapes.add_table(len(table), len(table[0]), *box).table
        for row, values in zip(grid.rows, table, strict=True):
            for cell, value in zip(row.cells, values, strict=True):
                cell.text = str(value)
    presentation.save(str(path))
    return path


def xlsx(path: Path, sheets: Mapping[str, Rows] | None = None, *, title: str = "") -> Path:
    """A workbook; values keep their types."""
    import openpyxl

    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    book.properties.title = title
    rows: Rows = [("Name", "Rent"), ("Anna", 1200), ("Ben", 950)]
    for name, values in (sheets or {"Tenants": rows}).items():
        sheet = book.create_sheet(name)
        for row in values:
            sheet.append(list(row))
    book.save(path)
    return path


def csv(path: Path, text: str = "Name;Rent\nAnna;1200\nBen;950\n", encoding: str = "utf-8") -> Path:
    """A CSV file as given."""
    path.write_bytes(text.encode(encoding))
    return path


def html(
    path: Path,
    body: str = "<h1>Lease</h1><p>The tenant pays the rent on the first day.</p>",
    *,
    title: str = "Lease",
    encoding: str = "utf-8",
) -> Path:
    """A web page that names its encoding."""
    page = (
        f"<!DOCTYPE html><html><head><meta charset='{encoding}'><title>{title}</title>"
        f"<style>p {{ color: red }}</style></head><body>{body}</body></html>"
    )
    path.write_bytes(page.encode(encoding))
    return path


def epub(
    path: Path,
    chapters: Sequence[tuple[str, str]] = (("Chapter 1", "<p>The tenant pays the rent.</p>"),),
    *,
    title: str = "A Book of Leases",
) -> Path:
    """An e-book of (heading, XHTML) chapters."""
    items = "".join(
        f'<item id="c{at}" href="text/c{at}.xhtml" media-type="application/xhtml+xml"/>'
        for at in range(len(chapters))
    )
    order = "".join(f'<itemref idref="c{at}"/>' for at in range(len(chapters)))
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
        ),
        "OEBPS/book.opf": (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{order}</spine></package>"
        ),
    }
    for at, (heading, body) in enumerate(chapters):
        entries[f"OEBPS/text/c{at}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title>{heading}</title></head><body><h1>{heading}</h1>{body}</body></html>"
        )
    return zipped(path, entries)


def markdown(
    path: Path, text: str = "# Lease\n\nThe tenant pays.\n\n## Rent\n\n1,200 euros.\n"
) -> Path:
    """A Markdown file."""
    path.write_text(text, encoding="utf-8")
    return path


def code(path: Path, text: str = "def rent(months):\n\treturn 1200 * months\n") -> Path:
    """A source file."""
    path.write_text(text, encoding="utf-8")
    return path


def text(
    path: Path,
    content: str = "The tenant pays the rent on the first day of the month.\n",
    encoding: str = "utf-8",
) -> Path:
    """A text file in any encoding."""
    path.write_bytes(content.encode(encoding))
    return path


def zipped(path: Path, entries: Mapping[str, str | bytes]) -> Path:
    """A zip file with these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def raw_docx(path: Path, body: str, **entries: str) -> Path:
    """A Word document with this XML as its body; `styles` and `numbering` add those parts."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    relations = "".join(
        f'<Relationship Id="r{name}" Type="{office}/{name}" Target="{name}.xml"/>'
        for name in entries
    )
    parts = {
        f"word/{name}.xml": f'<w:{name} xmlns:w="{word}">{content}</w:{name}>'
        for name, content in entries.items()
    }
    return zipped(
        path,
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships {package}><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f"<Relationships {package}>{relations}</Relationships>",
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body>'
            "</w:document>",
            **parts,
        },
    )


def zip_bomb_docx(path: Path, size_bytes: int = 300_000_000) -> Path:
    """A small DOCX whose document unpacks to `size_bytes`, as declared."""
    docx(path)
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in kept.items():
            if name != "word/document.xml":
                archive.writestr(name, content)
        with archive.open("word/document.xml", "w") as entry:
            block = b" " * 1_000_000
            for _ in range(size_bytes // len(block)):
                entry.write(block)
    return path


def lying_zip_docx(path: Path, size_bytes: int = 30_000_000) -> Path:
    """A DOCX that declares 100 bytes for a document that unpacks to `size_bytes`."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = squeezer.compress(b" " * size_bytes) + squeezer.flush()
    raw_docx(path, "<w:p/>")
    with zipfile.ZipFile(path) as archive:
        kept = {n: archive.read(n) for n in archive.namelist() if n != "word/document.xml"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
        archive.writestr("word/document.xml", stream)
        info = archive.getinfo("word/document.xml")
        info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 100
    data = bytearray(path.read_bytes())
    local = data.find(b"PK\x03\x04", info.header_offset)
    data[local + 8 : local + 10] = (8).to_bytes(2, "little")
    path.write_bytes(bytes(data))
    return path


def truncated(path: Path, share: float = 0.7) -> Path:
    """Cut a written file off after a share of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def _write_lines(canvas: object, text: str) -> None:
    from reportlab.lib.utils import simpleSplit

    at = 780
    for line in text.split("\n"):
        for wrapped in simpleSplit(line, "Helvetica", 11, 480) or [""]:
            canvas.setFont("Helvetica", 11)  # type: ignore[attr-defined]  # reportlab is untyped
            canvas.drawString(56, at, wrapped)  # type: ignore[attr-defined]
            at -= 14


def _encrypted(data: bytes, password: str, owner_password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, owner_password or password, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()

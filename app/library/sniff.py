"""What a file is, judged by its content; its name decides only between kinds of plain text."""

from __future__ import annotations

import re
from typing import Final

from app.base.jobs import CancelToken
from app.library.entities import DocumentKind
from app.library.errors import NeedsOcr, ReaderError, damaged, password_needed
from app.library.names import SUFFIXES, kind_of_name
from app.library.readers.archive import open_archive
from app.library.readers.encoding import looks_like_text
from app.library.readers.source import Source

WHAT: Final = {
    DocumentKind.PDF: "PDF",
    DocumentKind.WORD: "Word document",
    DocumentKind.SLIDES: "presentation",
    DocumentKind.SHEET: "spreadsheet",
    DocumentKind.WEB: "web page",
    DocumentKind.EPUB: "e-book",
    DocumentKind.MARKDOWN: "Markdown file",
    DocumentKind.TEXT: "text file",
    DocumentKind.CODE: "source file",
}
_CONTAINERS: Final = (
    DocumentKind.PDF,
    DocumentKind.WORD,
    DocumentKind.SLIDES,
    DocumentKind.EPUB,
)
_PDF: Final = re.compile(rb"%PDF-[12]\.\d")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURE: Final = re.compile(
    rb"\x89PNG\r|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|BM....\0\0\0\0|RIFF....WEBP|....ftyphei", re.S
)
_MEDIA: Final = re.compile(
    rb"ID3[\x02-\x04]|OggS\0|fLaC\0|RIFF....(?:WAVE|AVI )|....ftyp(?!hei)|\x1aE\xdf\xa3", re.S
)
_PACKED: Final = re.compile(
    rb"\x1f\x8b|7z\xbc\xaf|Rar!\x1a|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", re.S
)
_WEB_START: Final = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html|head|body)\b",
    re.I | re.S,
)


def identify(source: Source, cancel: CancelToken) -> DocumentKind:
    """Tell what kind of document this is.

    Raises:
        ReaderError: it is nothing that can be read; says what it is and what would help.
    """
    head = source.head
    if _is_pdf(source):
        return DocumentKind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _identify_zip(source, cancel)
    _refuse_signatures(source)
    if not looks_like_text(head):
        raise _not_readable(source)
    return _identify_text(source)


def _is_pdf(source: Source) -> bool:
    found = _PDF.search(source.head)
    # Junk before the first byte is common in mails and scripts' output; a text that only
    # mentions the mark is not a PDF.
    return found is not None and (
        found.start() == 0 or (source.suffix == ".pdf" and not _WEB_START.match(source.head))
    )


def _identify_zip(source: Source, cancel: CancelToken) -> DocumentKind:
    claimed = SUFFIXES.get(source.suffix)
    what = WHAT[claimed] if claimed in (*_CONTAINERS, DocumentKind.SHEET) else "zip archive"
    with open_archive(source, what, cancel) as archive:
        names = archive.names
        if "META-INF/container.xml" in names:
            return DocumentKind.EPUB
        if "[Content_Types].xml" in names:
            for folder, kind in (
                ("word/", DocumentKind.WORD),
                ("ppt/", DocumentKind.SLIDES),
                ("xl/", DocumentKind.SHEET),
            ):
                if any(name.startswith(folder) for name in names):
                    if f"{folder}workbook.bin" in names:
                        raise _convert("a binary Excel workbook", ".xlsx")
                    return kind
        if "content.xml" in names and "mimetype" in names:
            raise _convert("an OpenDocument file", ".docx, .xlsx or .pptx")
        if any(name.endswith(".iwa") for name in names):
            raise _convert("a Pages, Numbers or Keynote file", ".pdf")
    if claimed is not None:
        raise ReaderError(
            f"The name says {what}, but inside is an ordinary zip archive.",
            "Unpack it and add the files it contains.",
        )
    raise ReaderError("This is a zip archive.", "Unpack it and add the files it contains.")


def _refuse_signatures(source: Source) -> None:
    head = source.head
    if head.startswith(_OLE):
        raise _ole(source)
    if head.startswith(b"{\\rtf"):
        raise _convert("an RTF document", ".docx")
    if head.startswith(b"GGUF") and head[5:8] == b"\0\0\0":
        raise ReaderError("This is a language model, not a document.", "Add it under Models.")
    if _PICTURE.match(head):
        raise NeedsOcr(
            "This is a picture; Cairn reads text.",
            "Run text recognition (OCR) on it, save the result as a PDF, and add that.",
        )
    if _MEDIA.match(head):
        raise ReaderError("This is sound or video; Cairn reads text.", "Add a transcript of it.")
    if _PACKED.match(head):
        raise ReaderError("This is a packed archive.", "Unpack it and add the files it contains.")


def _ole(source: Source) -> ReaderError:
    # Names in this old container are UTF-16; its directory may lie anywhere in the file.
    source.file.seek(0)
    data = source.file.read(64_000_000)
    if _utf16("EncryptedPackage") in data:
        return password_needed("document")
    for stream, what, target in (
        ("WordDocument", "a Word document in the old .doc format", ".docx"),
        ("PowerPoint Document", "a presentation in the old .ppt format", ".pptx"),
        ("Workbook", "a spreadsheet in the old .xls format", ".xlsx"),
        ("Book", "a spreadsheet in the old .xls format", ".xlsx"),
        ("__substg1.0_", "a saved Outlook message", ".pdf"),
    ):
        if _utf16(stream) in data:
            return _convert(what, target)
    return _convert("a file in an old Office format", ".docx, .xlsx or .pptx")


def _identify_text(source: Source) -> DocumentKind:
    claimed = kind_of_name(source.path)
    if claimed in (DocumentKind.CODE, DocumentKind.MARKDOWN):
        return claimed
    if _WEB_START.match(source.head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")):
        return DocumentKind.WEB
    if claimed in _CONTAINERS or (claimed is DocumentKind.SHEET and source.suffix[1:2] == "x"):
        raise ReaderError(
            f"The name says {WHAT[claimed]}, but the file holds plain text.",
            "If that is right, rename it so that it ends in .txt and add it again.",
        )
    if claimed is None and source.head.startswith(b"#!"):
        return DocumentKind.CODE
    return claimed or DocumentKind.TEXT


def _not_readable(source: Source) -> ReaderError:
    claimed = SUFFIXES.get(source.suffix)
    if claimed in _CONTAINERS or source.suffix.startswith(".xls"):
        return damaged(WHAT[claimed or DocumentKind.SHEET])
    return ReaderError(
        "This is not a document that Cairn can read: it holds data, not text.",
        "Cairn reads PDF, Word, PowerPoint, Excel, CSV, HTML, EPUB, Markdown, text and code.",
    )


def _convert(what: str, target: str) -> ReaderError:
    return ReaderError(
        f"This is {what}, which Cairn does not read.",
        f"Open it in its own program, save or export it as {target}, and add that.",
    )


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")

"""How documents are named, drawn and described in words."""

from __future__ import annotations

from app.library.entities import Document, DocumentKind, DocumentStatus
from app.ui.amounts import count_text

KIND_LABELS = {
    DocumentKind.PDF: "PDF",
    DocumentKind.WORD: "Word",
    DocumentKind.SLIDES: "Slides",
    DocumentKind.SHEET: "Spreadsheet",
    DocumentKind.WEB: "Web page",
    DocumentKind.EPUB: "E-book",
    DocumentKind.MARKDOWN: "Markdown",
    DocumentKind.TEXT: "Text",
    DocumentKind.CODE: "Code",
}
PART_NOUNS = {
    DocumentKind.PDF: "page",
    DocumentKind.SLIDES: "slide",
    DocumentKind.SHEET: "sheet",
}
_STATUS_LABELS = {
    DocumentStatus.QUEUED: "Waiting",
    DocumentStatus.READING: "Reading",
    DocumentStatus.EMBEDDING: "Embedding",
    DocumentStatus.INDEXED: "Indexed",
    DocumentStatus.FAILED: "Failed",
    DocumentStatus.CANCELLED: "Cancelled",
}


def kind_label(kind: DocumentKind | None) -> str:
    """The kind in a word; empty until the file was read."""
    return KIND_LABELS[kind] if kind is not None else ""


def parts_text(document: Document) -> str:
    """How long it is in its own unit: "12 pages", "3 sheets"; empty until it was read."""
    if not document.pages or document.kind is None:
        return ""
    return count_text(document.pages, PART_NOUNS.get(document.kind, "section"))


def status_text(document: Document) -> str:
    """The status in words, with progress or the reason of a failure."""
    label = _STATUS_LABELS[document.status]
    if document.status is DocumentStatus.EMBEDDING and document.chunks:
        return f"{label} {document.chunks_done:,} of {document.chunks:,}"
    if document.status is DocumentStatus.INDEXED and document.reason:
        return f"{label} in part"
    if document.status is DocumentStatus.FAILED and document.reason:
        return f"{label}: {document.reason}"
    return label


def display_title(document: Document) -> str:
    """The title, or the file name when the document has none."""
    return document.title.strip() or document.path.name

"""The icon of each kind of document, wherever documents are named."""

from __future__ import annotations

from app.library.entities import DocumentKind

KIND_ICONS = {
    DocumentKind.PDF: "ph.file-pdf",
    DocumentKind.WORD: "ph.article",
    DocumentKind.SLIDES: "ph.presentation",
    DocumentKind.SHEET: "ph.table",
    DocumentKind.WEB: "ph.globe",
    DocumentKind.EPUB: "ph.book-open",
    DocumentKind.MARKDOWN: "ph.hash",
    DocumentKind.TEXT: "ph.file-text",
    DocumentKind.CODE: "ph.code",
}
UNKNOWN_KIND_ICON = "ph.file"


def kind_icon(kind: DocumentKind | None) -> str:
    """The icon of a kind of document; a plain file until it was read."""
    return KIND_ICONS[kind] if kind is not None else UNKNOWN_KIND_ICON

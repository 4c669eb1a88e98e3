"""The library for agents: passages that fit a question, and documents part by part, numbered.

The numbers are those of the sources of a run: what was found once keeps its number, so that the
answer can cite [1] whenever it was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final

from app.agents.entities import Risk
from app.agents.tools.results import capped
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.chat.context import citation
from app.chat.entities import Citation
from app.engine.messages import Tool as OfferedTool
from app.library.entities import (
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    Passage,
    Place,
    Scope,
)
from app.library.service import LibraryService

_LONGEST_QUERY: Final = 1_000
_MOST_PASSAGES: Final = 8
_PASSAGES: Final = 5
_MOST_READ: Final = 12_000  # characters of a document at once
_MOST_PARTS: Final = 50

SEARCH_DOCUMENTS: Final = ToolSpec(
    OfferedTool(
        "search_documents",
        "Search the person's documents for passages about something. Each passage has a number; "
        "cite it in your answer like this: [1].",
        {
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": _LONGEST_QUERY,
                    "description": "A question or key words.",
                },
                "top_k": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": _MOST_PASSAGES,
                    "description": f"How many passages; {_PASSAGES} if left out.",
                },
            },
            "required": ["query"],
            "additionalProperties": False,
        },
    ),
    Risk.READ,
    "Search the library",
)
READ_DOCUMENT: Final = ToolSpec(
    OfferedTool(
        "read_document",
        "Read on in a document that search_documents has found. A part is a page, section, slide "
        "or sheet. The text is numbered; cite it like this: [1].",
        {
            "type": "object",
            "properties": {
                "document": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "Its number, as search_documents gives it.",
                },
                "part": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 1_000_000,
                    "description": "Where to begin; 1 if left out.",
                },
                "start": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The character of the part to begin with; 0 if left out.",
                },
            },
            "required": ["document"],
            "additionalProperties": False,
        },
    ),
    Risk.READ,
    "Read a document",
)


class Sources:
    """The numbered sources of one run. Used from any thread."""

    def __init__(self, cited: Iterable[Citation] = ()) -> None:
        self._lock = Lock()
        self._known = {_key(each.content, each.place): each for each in cited}

    def numbered(self, passage: Passage) -> Citation:
        """The passage with the number that it has, or the next one."""
        key = _key(passage.content, passage.place)
        with self._lock:
            if key not in self._known:
                last = max((each.number for each in self._known.values()), default=0)
                self._known[key] = citation(last + 1, passage)
            return self._known[key]


class SearchDocuments:
    """The tool that finds passages."""

    spec = SEARCH_DOCUMENTS

    def __init__(
        self, library: LibraryService, collections: tuple[CollectionId, ...], sources: Sources
    ) -> None:
        self._library = library
        self._scope = Scope(collections)
        self._sources = sources

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Find them, the best first."""
        cancel.check()
        limit = int(arguments.get("top_k", _PASSAGES))
        found = self._library.retrieve(arguments["query"], self._scope, limit=limit, cancel=cancel)
        if not found:
            return ToolResult("Nothing was found. Try other words.")
        return _result(
            [(self._sources.numbered(each), each.text) for each in found],
            source="documents in the library",
        )


class ReadDocument:
    """The tool that reads a document from some place on."""

    spec = READ_DOCUMENT

    def __init__(
        self, library: LibraryService, collections: tuple[CollectionId, ...], sources: Sources
    ) -> None:
        self._library = library
        self._collections = collections
        self._sources = sources

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Read it, as far as fits in one result."""
        document = self._document(DocumentId(int(arguments["document"])))
        part, start = int(arguments.get("part", 1)) - 1, int(arguments.get("start", 0))
        first, room = part, _MOST_READ
        read: list[tuple[Citation, str]] = []
        note = "[… the document ends here …]"
        while True:
            cancel.check()
            text = self._part(document, part)
            if text is None:
                break
            if room <= 0 or part - first >= _MOST_PARTS:
                note = _goes_on(document, part, start)
                break
            piece = text[start : start + room]
            end = start + len(piece)
            if piece.strip():
                passage = _passage(document, part, start, piece)
                read.append((self._sources.numbered(passage), piece))
            room -= len(piece)
            part, start = (part, end) if end < len(text) else (part + 1, 0)
        if not read:
            raise ToolFault(
                f"There is no text in document {document.id} from part {first + 1} on.",
                "Begin with an earlier part.",
            )
        return _result(read, source=f"the document {document.title}", note=note)

    def _document(self, wanted: DocumentId) -> Document:
        try:
            found = self._library.document(wanted)
        except NotFound as error:
            raise _unknown(wanted) from error
        if self._collections and found.collection_id not in self._collections:
            raise _unknown(wanted)
        if found.status is not DocumentStatus.INDEXED or found.content is None:
            raise ToolFault(f"Document {wanted} is not in the library yet.", "Go on without it.")
        return found

    def _part(self, document: Document, part: int) -> str | None:
        try:
            return self._library.part_text(document.content or ContentHash(""), part)
        except NotFound:
            return None


def library_tools(
    library: LibraryService, collections: tuple[CollectionId, ...], cited: Iterable[Citation] = ()
) -> tuple[SearchDocuments, ReadDocument]:
    """Both tools, which number their sources together.

    Args:
        collections: what they may look into; empty for all of the library.
    """
    sources = Sources(cited)
    return (
        SearchDocuments(library, collections, sources),
        ReadDocument(library, collections, sources),
    )


def _result(read: list[tuple[Citation, str]], *, source: str, note: str = "") -> ToolResult:
    blocks = [f"{_heading(each)}\n{text.strip()}" for each, text in read]
    whole = capped("\n\n".join([*blocks, note] if note else blocks), source=source)
    return ToolResult(
        whole.text,
        is_untrusted=True,
        source=source,
        whole=whole.whole,
        citations=tuple(each for each, _ in read),
    )


def _heading(source: Citation) -> str:
    place = f"document {source.document_id}, part {source.place.part + 1}"
    return f"[{source.number}] “{source.title}”, {source.place.label} ({place})"


def _passage(document: Document, part: int, start: int, text: str) -> Passage:
    page = part + 1 if document.kind is DocumentKind.PDF else None
    return Passage(
        document_id=document.id,
        content=document.content or ContentHash(""),
        title=document.title,
        path=document.path,
        kind=document.kind or DocumentKind.TEXT,
        place=Place(part, start, start + len(text), page),
        text=text,
        score=1.0,
    )


def _goes_on(document: Document, part: int, start: int) -> str:
    return (
        f"[… goes on: call read_document with document {document.id}, part {part + 1}, "
        f"start {start} …]"
    )


def _key(content: ContentHash, place: Place) -> tuple[ContentHash, int, int, int]:
    return content, place.part, place.start, place.end


def _unknown(wanted: DocumentId) -> ToolFault:
    return ToolFault(
        f"There is no document {wanted} that you may read.",
        "Use search_documents; it gives the numbers of documents.",
    )

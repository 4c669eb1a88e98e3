"""`library`: add, list, remove and search documents."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.base.changes import Notice
from app.base.errors import AppError
from app.base.jobs import Activity
from app.cli.output import Printer
from app.cli.words import row_number
from app.settings.schema import SearchMode

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.library.entities import CollectionId, Document, Passage
    from app.library.intake import Refused

NOTHING_INDEXED = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the files of one command."""

    indexed: tuple[Document, ...]
    failed: tuple[Document, ...]
    refused: tuple[Refused, ...]


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    library = commands.add_parser("library", help="add, list, remove and search documents")
    parts = library.add_subparsers(dest="part", metavar="ACTION", required=True)
    add = parts.add_parser("add", parents=[common], help="index files and folders")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add.add_argument("--collection", metavar="C", help="put them into this collection")
    add.set_defaults(run=_add)
    listing = parts.add_parser("list", parents=[common], help="list the documents")
    listing.set_defaults(run=_list)
    remove = parts.add_parser("remove", parents=[common], help="forget documents; files stay")
    remove.add_argument("ids", nargs="+", type=row_number, metavar="ID")
    remove.set_defaults(run=_remove)
    search = parts.add_parser("search", parents=[common], help="find passages")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--mode", choices=[mode.value for mode in SearchMode], default="hybrid")
    search.add_argument("--top-k", type=int, default=10, metavar="N")
    search.set_defaults(run=_search)


def bring_in(
    services: Services, paths: list[Path], collection: CollectionId | None, printer: Printer
) -> Outcome:
    """Index files and wait for them; what fails is named on stderr and does not stop the rest."""
    unsubscribe = services.notices.subscribe(_ProgressLine(printer))
    try:
        services.library.restore_missing()
        report = services.library.add(paths, collection)
        services.library.start()
        services.library.wait(each.id for each in report.added)
    finally:
        unsubscribe()
    now = [services.library.document(each.id) for each in report.added]
    outcome = Outcome(
        indexed=tuple(each for each in now if each.status.value == "indexed"),
        failed=tuple(each for each in now if each.status.value != "indexed"),
        refused=report.refused,
    )
    for document in outcome.failed:
        printer.note(f"{document.path}: {document.reason} {document.hint}".strip())
    for refused in outcome.refused:
        printer.note(f"{refused.path}: {refused.reason} {refused.hint}".strip())
    return outcome


def catch_up(services: Services, printer: Printer) -> None:
    """Before the whole library is searched: go on with what an earlier run left unread."""
    pending = services.library.restore_missing()
    if not pending:
        return
    printer.note(f"Reading {len(pending)} documents that are not in the search index")
    unsubscribe = services.notices.subscribe(_ProgressLine(printer))
    try:
        services.library.start()
        services.library.wait(pending)
    except AppError as error:
        printer.note(f"{error} The search goes on without them.")
    finally:
        unsubscribe()


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as the JSON that commands print."""
    failed = [_failure_to_json(each) for each in outcome.failed]
    failed += [_failure_to_json(each) for each in outcome.refused]
    return {"indexed": [_document_to_json(each) for each in outcome.indexed], "failed": failed}


def _failure_to_json(failed: Document | Refused) -> dict[str, str]:
    return {"file": str(failed.path), "reason": failed.reason, "hint": failed.hint}


class _ProgressLine:
    """Tells how far the indexing is, once for every document that is done."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._last = 0

    def __call__(self, notice: Notice) -> None:
        if isinstance(notice, Activity) and notice.total > 1 and notice.done != self._last:
            self._last = notice.done
            self._printer.note(f"{notice.done} of {notice.total} documents")


def _add(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    collection = None
    if arguments.collection:
        collection = services.library.collection_named(arguments.collection).id
    outcome = bring_in(services, arguments.paths, collection, printer)
    lines = [f"{each.id}  {each.title}  ({each.chunks} chunks)" for each in outcome.indexed]
    printer.answer(outcome_to_json(outcome), "\n".join(lines) or "Nothing was added.")
    return 0 if outcome.indexed else NOTHING_INDEXED


def _list(services: Services, _arguments: argparse.Namespace, printer: Printer) -> int:
    documents = services.library.documents()
    lines = [f"{each.id}  {each.status.value:<9}  {each.path}" for each in documents]
    text = "\n".join(lines) or "The library is empty. Add files with: cairn library add PATH"
    printer.answer([_document_to_json(each) for each in documents], text)
    return 0


def _remove(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    library = services.library
    found = [library.document(each) for each in arguments.ids]  # all must exist before any goes
    library.remove(each.id for each in found)
    removed = [_document_to_json(each) for each in found]
    printer.answer({"removed": removed}, "\n".join(f"Removed {each.title}" for each in found))
    return 0


def _search(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.library.entities import Scope  # with the services, not for `--help`

    catch_up(services, printer)
    mode = SearchMode(arguments.mode)
    found = services.library.retrieve(
        arguments.query, Scope(), mode=mode, limit=max(1, arguments.top_k)
    )
    text = "\n\n".join(
        f"{each.path}, {each.place.label}  ({each.score:.2f})\n{each.text}" for each in found
    )
    printer.answer([_passage_to_json(each) for each in found], text or "Nothing was found.")
    return 0


def _document_to_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "file": str(document.path),
        "title": document.title,
        "kind": document.kind.value if document.kind else None,
        "status": document.status.value,
        "reason": document.reason,
        "hint": document.hint,
        "pages": document.pages,
        "chunks": document.chunks,
        "size_bytes": document.size_bytes,
        "added_at": document.added_at.isoformat(),
    }


def _passage_to_json(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.document_id,
        "file": str(passage.path),
        "title": passage.title,
        "page": passage.place.page,
        "section": passage.place.section,
        "text": passage.text,
        "score": round(passage.score, 4),
        "similarity": None if passage.similarity is None else round(passage.similarity, 4),
    }

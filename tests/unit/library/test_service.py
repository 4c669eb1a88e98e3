from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from app.base.changes import Notice, Notices, Topic
from app.base.errors import Cancelled, NotFound
from app.base.jobs import Activity, CancelToken
from app.base.paths import DataPaths
from app.library import store
from app.library.entities import Document, DocumentId, DocumentStatus, Scope
from app.library.ingestion import IngestionPaused
from app.library.protocol import ItemFailed, ItemIndexed
from app.library.service import CollectionError, LibraryService
from app.settings.store import SettingsStore
from app.storage.db import Database, Session
from tests.doubles.scripted_library import broken_library, scripted_library

BOUND_S = 60

Start = Callable[[], LibraryService]


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def start(data_paths: DataPaths, notices: Notices) -> Iterator[Start]:
    """Starts the service; calling it again stops the former one first, as a restart does."""
    running: list[tuple[LibraryService, Database]] = []

    def stop() -> None:
        for service, database in running:
            service.close()
            database.close()
        running.clear()

    def start() -> LibraryService:
        stop()
        database = Database(data_paths.database)
        database.open()
        service = LibraryService(
            data_paths, SettingsStore(data_paths.settings), database, notices, scripted_library
        )
        running.append((service, database))
        service.start()
        return service

    yield start
    stop()


@pytest.fixture
def library(start: Start) -> LibraryService:
    return start()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def write(files: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        path = files / f"{name}.txt"
        path.write_text(text)
        paths.append(path)
    return paths


def add(library: LibraryService, paths: list[Path]) -> tuple[Document, ...]:
    """Add files and wait until they are done."""
    report = library.add(paths)
    assert library.wait((each.id for each in report.added), BOUND_S)
    return tuple(library.document(each.id) for each in report.added)


def wait_for_status(library: LibraryService, document: Document, status: DocumentStatus) -> None:
    for _attempt in range(2000):
        if library.document(document.id).status is status:
            return
        threading.Event().wait(0.01)
    raise AssertionError(library.document(document.id))


def test_added_file_becomes_searchable(library: LibraryService, files: Path) -> None:
    (document,) = add(library, write(files, note="The notice period is three months."))
    assert document.status is DocumentStatus.INDEXED
    assert (document.chunks, document.chunks_done) == (4, 4)
    (passage,) = library.retrieve("notice", Scope())
    assert passage.document_id == document.id
    assert passage.path == files / "note.txt"


def test_one_bad_file_does_not_stop_the_rest(library: LibraryService, files: Path) -> None:
    good, bad, last = add(library, write(files, a="good", b="FAIL", c="also good"))
    assert (good.status, last.status) == (DocumentStatus.INDEXED, DocumentStatus.INDEXED)
    assert (bad.status, bad.reason, bad.hint) == (
        DocumentStatus.FAILED,
        "It cannot be read.",
        "Save it anew.",
    )


def test_document_read_in_part_is_indexed_and_says_what_is_missing(
    library: LibraryService, files: Path
) -> None:
    path = write(files, a="PARTLY readable")
    (document,) = add(library, path)
    assert (document.status, document.reason) == (DocumentStatus.INDEXED, "A page is a picture.")


def test_refused_paths_are_named_with_reasons(library: LibraryService, files: Path) -> None:
    write(files, a="good")
    (files / "photo.jpg").write_bytes(b"jpg")
    (files / "weights.gguf").write_bytes(b"GGUF")
    report = library.add([files, files / "missing.pdf", files / "weights.gguf"])
    assert [each.path.name for each in report.added] == ["a.txt"]
    reasons = {each.path.name: each.reason for each in report.refused}
    assert "not there" in reasons["missing.pdf"]
    assert ".jpg" in reasons["photo.jpg"]
    assert "model" in reasons["weights.gguf"]


def test_same_file_twice_is_one_document(library: LibraryService, files: Path) -> None:
    paths = write(files, a="good")
    (first,) = add(library, paths)
    (second,) = add(library, paths)
    assert first.id == second.id
    assert len(library.documents()) == 1


def test_same_content_in_two_files_is_indexed_once_and_kept_while_used(
    library: LibraryService, files: Path, data_paths: DataPaths
) -> None:
    first, second = add(library, write(files, a="same words", b="same words"))
    assert len(list(data_paths.library.iterdir())) == 1
    library.remove([first.id])
    assert [each.document_id for each in library.retrieve("same", Scope())] == [second.id]
    library.remove([second.id])
    assert library.retrieve("same", Scope()) == ()
    assert list(data_paths.library.iterdir()) == []


def test_changed_file_replaces_its_old_content(
    library: LibraryService, files: Path, data_paths: DataPaths
) -> None:
    (path,) = write(files, a="old words")
    add(library, [path])
    path.write_text("new words, and longer")
    (document,) = add(library, [path])
    assert document.status is DocumentStatus.INDEXED
    assert [each.text for each in library.retrieve("words", Scope())] == ["new words, and longer"]
    library.retrieve("new", Scope())  # after the removal, which was sent before
    assert len(list(data_paths.library.iterdir())) == 1


def test_crash_on_a_file_costs_nobody_else_and_is_tried_once_more(
    library: LibraryService, files: Path
) -> None:
    before, crashed, after = add(
        library, write(files, a="good", b="CRASH ONCE then fine", c="also good")
    )
    assert {before.status, crashed.status, after.status} == {DocumentStatus.INDEXED}


def test_second_crash_on_a_file_fails_it_with_the_reason(
    library: LibraryService, files: Path
) -> None:
    good, bad, last = add(library, write(files, a="good", b="CRASH ALWAYS", c="also good"))
    assert (good.status, last.status) == (DocumentStatus.INDEXED, DocumentStatus.INDEXED)
    assert bad.status is DocumentStatus.FAILED
    assert "SIGABRT" in bad.reason


def test_bug_in_the_child_fails_the_batch_with_words_and_goes_on(
    library: LibraryService, files: Path
) -> None:
    (bad,) = add(library, write(files, a="BUG"))
    assert bad.status is DocumentStatus.FAILED
    assert "a mistake of ours" in bad.reason
    (good,) = add(library, write(files, b="good"))
    assert good.status is DocumentStatus.INDEXED


def test_killed_child_goes_on_where_it_was(library: LibraryService, files: Path) -> None:
    (path,) = write(files, a="WAIT")
    (document,) = library.add([path]).added
    wait_for_status(library, document, DocumentStatus.EMBEDDING)
    path.write_text("no longer waiting")
    pid = library._child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert library.wait([document.id], BOUND_S)
    assert library.document(document.id).status is DocumentStatus.INDEXED


def test_search_is_answered_after_the_child_was_killed(
    library: LibraryService, files: Path
) -> None:
    add(library, write(files, a="good words"))
    pid = library._child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert len(library.retrieve("good", Scope())) == 1


def test_interrupted_documents_go_on_after_a_restart(start: Start, files: Path) -> None:
    paths = write(files, a="WAIT", b="good")
    library = start()
    first, second = library.add(paths).added
    wait_for_status(library, first, DocumentStatus.EMBEDDING)
    paths[0].write_text("ready now")
    library = start()
    assert library.wait([first.id, second.id], BOUND_S)
    assert [each.status for each in library.documents()] == [DocumentStatus.INDEXED] * 2


def test_restart_drops_orphans_and_reads_lost_contents_again(
    start: Start, files: Path, data_paths: DataPaths
) -> None:
    library = start()
    kept, lost = add(library, write(files, a="kept words", b="lost words"))
    assert lost.content is not None
    (data_paths.library / lost.content).unlink()
    (data_paths.library / "orphan").write_text("orphan words")
    library = start()
    for _attempt in range(2000):
        names = {each.name for each in data_paths.library.iterdir()}
        if names == {kept.content, lost.content}:
            break
        threading.Event().wait(0.01)
    assert names == {kept.content, lost.content}
    assert library.wait([lost.id], BOUND_S)
    assert library.document(lost.id).status is DocumentStatus.INDEXED


def test_cancel_stops_the_running_and_the_waiting(library: LibraryService, files: Path) -> None:
    running, waiting, other = library.add(write(files, a="WAIT", b="good", c="fine")).added
    wait_for_status(library, running, DocumentStatus.EMBEDDING)
    library.cancel([running.id, waiting.id])
    assert library.wait([running.id, waiting.id, other.id], BOUND_S)
    assert library.document(running.id).status is DocumentStatus.CANCELLED
    assert library.document(waiting.id).status is DocumentStatus.CANCELLED
    assert library.document(other.id).status is DocumentStatus.INDEXED


def test_retry_reads_a_failed_document_again(library: LibraryService, files: Path) -> None:
    (path,) = write(files, a="FAIL")
    (document,) = add(library, [path])
    path.write_text("mended")
    library.retry([document.id])
    assert library.wait([document.id], BOUND_S)
    mended = library.document(document.id)
    assert (mended.status, mended.reason) == (DocumentStatus.INDEXED, "")


def test_removed_while_indexing_leaves_no_trace(
    library: LibraryService, files: Path, data_paths: DataPaths
) -> None:
    (document,) = library.add(write(files, a="WAIT")).added
    wait_for_status(library, document, DocumentStatus.EMBEDDING)
    library.remove([document.id])
    with pytest.raises(NotFound):
        library.document(document.id)
    assert library.wait([document.id], BOUND_S)
    assert list(data_paths.library.iterdir()) == []


def test_progress_is_told_with_totals_and_an_end(
    library: LibraryService, files: Path, notices: Notices
) -> None:
    seen: list[Notice] = []
    ended = threading.Event()

    def listen(notice: Notice) -> None:
        seen.append(notice)
        if isinstance(notice, Activity) and notice.finished:
            ended.set()

    notices.subscribe(listen)
    add(library, write(files, a="one", b="two", c="three"))
    assert ended.wait(BOUND_S)
    activities = [each for each in seen if isinstance(each, Activity)]
    assert {each.total for each in activities[:-1]} == {3}
    assert activities[-2].done == 3
    assert frozenset({Topic.DOCUMENTS}) in seen


def test_scope_limits_the_search(library: LibraryService, files: Path) -> None:
    one, two = add(library, write(files, a="words one", b="words two"))
    collection = library.create_collection("Contracts")
    library.move([two.id], collection.id)

    def found(scope: Scope) -> list[DocumentId]:
        return sorted(each.document_id for each in library.retrieve("words", scope))

    assert found(Scope()) == [one.id, two.id]
    assert found(Scope(documents=(one.id,))) == [one.id]
    assert found(Scope(collections=(collection.id,))) == [two.id]
    assert found(Scope(documents=(DocumentId(999),))) == []


def test_deleted_collection_keeps_its_documents(library: LibraryService, files: Path) -> None:
    (document,) = add(library, write(files, a="words"))
    collection = library.create_collection("Contracts")
    library.move([document.id], collection.id)
    assert library.collections()[0].documents == 1
    library.delete_collection(collection.id)
    assert library.collections() == ()
    assert library.document(document.id).collection_id is None


@pytest.mark.parametrize("name", ["", "   ", "contracts", " Contracts "])
def test_collection_names_are_unique_and_not_empty(library: LibraryService, name: str) -> None:
    library.create_collection("Contracts")
    with pytest.raises(CollectionError):
        library.create_collection(name)


def test_waiting_search_can_be_given_up(library: LibraryService, files: Path) -> None:
    add(library, write(files, a="words"))
    cancel = CancelToken()
    cancel.cancel()
    os.kill(library._child.pid or 0, signal.SIGSTOP)
    try:
        with pytest.raises(Cancelled):
            library.retrieve("words", Scope(), cancel=cancel)
    finally:
        os.kill(library._child.pid or 0, signal.SIGCONT)


def test_thousands_of_chosen_documents_are_a_scope(library: LibraryService, files: Path) -> None:
    (document,) = add(library, write(files, a="words"))
    ids = tuple(DocumentId(each) for each in range(1, 20_000))
    assert document.id in ids
    assert len(library.retrieve("words", Scope(documents=ids))) == 1


def test_child_that_cannot_start_pauses_with_words_instead_of_spinning(
    data_paths: DataPaths, notices: Notices, files: Path
) -> None:
    database = Database(data_paths.database)
    database.open()
    settings = SettingsStore(data_paths.settings)
    library = LibraryService(data_paths, settings, database, notices, broken_library)
    ended: list[Activity] = []
    notices.subscribe(lambda notice: ended.append(notice) if isinstance(notice, Activity) else None)
    (document,) = library.add(write(files, a="good")).added
    library.start()
    with pytest.raises(IngestionPaused, match="code 1"):
        library.wait([document.id], BOUND_S)
    assert library.document(document.id).status is DocumentStatus.QUEUED
    library.close()
    database.close()
    assert "code 1" in ended[-1].problem


def test_content_removed_and_added_again_at_once_is_searchable(
    library: LibraryService, files: Path
) -> None:
    first, waiting = write(files, a="same words", b="WAIT")
    (document,) = add(library, [first])
    (blocker,) = library.add([waiting]).added
    wait_for_status(library, blocker, DocumentStatus.EMBEDDING)
    library.remove([document.id])
    (twin,) = library.add(write(files, c="same words")).added
    library.cancel([blocker.id])
    assert library.wait([twin.id], BOUND_S)
    assert [each.document_id for each in library.retrieve("same", Scope())] == [twin.id]


def test_lost_index_is_read_again_before_the_next_question(start: Start, files: Path) -> None:
    library = start()
    (document,) = add(library, write(files, ferry="ferry at noon"))
    for each in (files.parent / "data" / "library").iterdir():
        each.unlink()
    assert library.retrieve("ferry", Scope()) == ()
    assert library.restore_missing() == (document.id,)
    assert library.wait([document.id], BOUND_S)
    assert len(library.retrieve("ferry", Scope())) == 1
    assert library.restore_missing() == ()


def test_full_disk_pauses_and_goes_on_by_itself_when_there_is_room(
    library: LibraryService, notices: Notices, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [0, 0, 0]
    note_ended = store.note_ended

    def note_when_there_is_room(session: Session, events: Sequence[ItemIndexed | ItemFailed]):
        if refusals:
            refusals.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        return note_ended(session, events)

    told: list[str] = []
    notices.subscribe(
        lambda each: told.append(each.problem) if isinstance(each, Activity) else None
    )
    monkeypatch.setattr("app.library.ingestion.RETRY_S", 0.05)
    monkeypatch.setattr(store, "note_ended", note_when_there_is_room)
    (document,) = library.add(write(files, ferry="ferry at noon")).added
    wait_for_status(library, document, DocumentStatus.INDEXED)
    assert not refusals
    (problem,) = filter(None, told)
    assert "no room left" in problem
    assert len(library.retrieve("ferry", Scope())) == 1


def test_bug_in_the_worker_is_told_and_the_next_documents_are_read(
    library: LibraryService, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store, "next_batch", lambda _session, _size: 1 / 0)
        (document,) = library.add(write(files, ferry="ferry at noon")).added
        with pytest.raises(IngestionPaused, match="error of its own"):
            library.wait([document.id], BOUND_S)
    add(library, write(files, tram="tram at six"))
    assert library.document(document.id).status is DocumentStatus.INDEXED


def test_embed_gives_a_vector_for_each_text(start: Start):
    assert start().embed(["a", "bc"]) == ((1.0, 1.0), (2.0, 1.0))

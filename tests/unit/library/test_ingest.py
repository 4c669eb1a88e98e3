from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.base.errors import Cancelled, DiskFull
from app.base.jobs import CancelToken
from app.library import ingest
from app.library.entities import ContentHash, DocumentKind
from app.library.errors import ReaderError
from app.library.index_rows import EmbeddedDocument
from app.library.ingest import Ingestor
from app.library.protocol import (
    IngestItem,
    ItemEmbedding,
    ItemEvent,
    ItemFailed,
    ItemIndexed,
    ItemReading,
)
from app.library.readers import Part, ReadDocument
from tests.doubles.embedding import WordEncoder, content_of


class MemoryIndex:
    """Keeps what is written; can be told to fail."""

    def __init__(self) -> None:
        self.groups: list[tuple[EmbeddedDocument, ...]] = []
        self.fail: Callable[[Sequence[EmbeddedDocument]], None] = lambda _documents: None
        self.tidied = 0

    @property
    def documents(self) -> dict[ContentHash, EmbeddedDocument]:
        return {each.content: each for group in self.groups for each in group}

    @property
    def contents(self) -> frozenset[ContentHash]:
        return frozenset(self.documents)

    def count_chunks(self, content: ContentHash | None = None) -> int:
        wanted = self.documents.values() if content is None else [self.documents[content]]
        return sum(len(each.chunks) for each in wanted)

    def write(self, documents: Sequence[EmbeddedDocument]) -> None:
        self.fail(documents)
        self.groups.append(tuple(documents))

    def tidy(self) -> None:
        self.tidied += 1


class Reading:
    """Files by name; a value that is an exception is raised."""

    def __init__(self, **files: str | Exception | list[Part]) -> None:
        self.files = files
        self.read: list[str] = []

    def __call__(self, path: Path, cancel: CancelToken) -> ReadDocument:
        cancel.check()
        self.read.append(path.name)
        found = self.files[path.name]
        if isinstance(found, Exception):
            raise found
        parts = tuple(found) if isinstance(found, list) else (Part(found),)
        content = content_of("".join(part.text for part in parts))
        return ReadDocument(DocumentKind.TEXT, path.name.title(), parts, content)


class Run:
    def __init__(self, reading: Reading, index: MemoryIndex | None = None) -> None:
        self.index = index or MemoryIndex()
        self.encoder = WordEncoder()
        self.events: list[ItemEvent] = []
        self.cancel = CancelToken()
        self.reading = reading
        self.clock: Callable[[], float] = lambda: 0.0
        self.on_event: Callable[[ItemEvent], None] = lambda _event: None

    def __call__(self) -> list[ItemEvent]:
        items = [IngestItem(key, name) for key, name in enumerate(self.reading.files)]
        ingestor = Ingestor(self.index, self.encoder, self.reading, clock=self.clock)
        ingestor.run(items, self._emit, self.cancel)
        return self.events

    def _emit(self, event: ItemEvent) -> None:
        self.events.append(event)
        self.on_event(event)

    def ends(self) -> dict[int, ItemEvent]:
        return {e.key: e for e in self.events if isinstance(e, ItemIndexed | ItemFailed)}


def test_ingest_of_a_document_reports_each_step_and_stores_it() -> None:
    run = Run(Reading(lease="The lease ends after three months. The rent is due on Monday."))

    events = run()

    assert [type(each) for each in events] == [ItemReading, ItemEmbedding, ItemIndexed]
    assert events[1] == ItemEmbedding(0, 0, 1)
    (stored,) = run.index.documents.values()
    assert events[2] == ItemIndexed(
        0, stored.content, "Lease", DocumentKind.TEXT, pages=1, chunks=1, reused=False
    )
    assert stored.vectors.shape == (1, 384)
    assert stored.encoder == "words"


def test_embedded_text_begins_with_the_title() -> None:
    run = Run(Reading(lease="Three months."))
    run()

    assert run.encoder.embedded == ["Lease\nThree months."]


def test_endless_title_leaves_room_for_the_text() -> None:
    name = "many words " * 200
    text = " ".join(f"w{number}" for number in range(600))
    run = Run(Reading(**{name: text}))
    run()

    assert all(len(each.split()) <= 256 for each in run.encoder.embedded)
    assert sum("w599" in each for each in run.encoder.embedded) == 1


def test_pages_are_counted_by_page_number_when_there_is_one() -> None:
    pages = [Part("first page text", page=1), Part("last page text", page=9)]
    run = Run(Reading(book=pages, notes=[Part("a b", section="x"), Part("c d", section="y")]))
    run()

    assert [e.pages for e in run.ends().values() if isinstance(e, ItemIndexed)] == [9, 2]


def test_small_documents_share_one_commit() -> None:
    run = Run(Reading(**{f"n{number}": f"text {number}" for number in range(70)}))
    run()

    assert [len(group) for group in run.index.groups] == [32, 32, 6]
    assert len(run.ends()) == 70


def test_large_document_is_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "GROUP_CHUNKS", 5)
    text = " ".join(f"Sentence number {n} stands here." for n in range(400))
    run = Run(Reading(small="tiny text", large=text, after="more text"))
    run()

    assert [len(group) for group in run.index.groups] == [2, 1]
    large = run.ends()[1]
    assert isinstance(large, ItemIndexed)
    assert large.chunks > 5


def test_slow_reading_does_not_keep_finished_documents_waiting() -> None:
    run = Run(Reading(a="text a", b="text b", c="text c"))
    seconds = iter(range(0, 1000))
    run.clock = lambda: float(next(seconds))
    run()

    assert len(run.index.groups) > 1


def test_known_content_is_not_embedded_again() -> None:
    index = MemoryIndex()
    Run(Reading(first="the same text"), index)()
    again = Run(Reading(copy="the same text"), index)
    again()

    end = again.ends()[0]
    assert isinstance(end, ItemIndexed)
    assert (end.reused, end.chunks) == (True, 1)
    assert again.encoder.embedded == []
    assert len(index.groups) == 1


def test_copies_in_one_batch_are_embedded_once() -> None:
    run = Run(Reading(first="the same text", other="another text", copy="the same text"))
    run()

    ends = run.ends()
    assert [e.reused for e in ends.values() if isinstance(e, ItemIndexed)] == [False, True, False]
    assert len(run.encoder.embedded) == 2


def test_unreadable_file_fails_alone_with_its_reason() -> None:
    run = Run(Reading(bad=ReaderError("It is locked.", "Unlock it."), good="good text"))
    run()

    assert run.ends()[0] == ItemFailed(0, "It is locked.", "Unlock it.")
    assert isinstance(run.ends()[1], ItemIndexed)


def test_reader_bug_fails_that_file_alone_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(Reading(bad=ZeroDivisionError("oops"), good="good text"))
    with caplog.at_level(logging.ERROR):
        run()

    failed = run.ends()[0]
    assert isinstance(failed, ItemFailed)
    assert "ZeroDivisionError" in failed.message
    assert failed.hint
    assert "oops" in caplog.text
    assert isinstance(run.ends()[1], ItemIndexed)


def test_document_without_words_fails_with_a_reason() -> None:
    run = Run(Reading(blank="  \n\t ", good="good text"))
    run()

    assert isinstance(run.ends()[0], ItemFailed)
    assert isinstance(run.ends()[1], ItemIndexed)


def test_full_disk_fails_the_group_and_keeps_what_was_stored() -> None:
    index = MemoryIndex()
    Run(Reading(old="old text"), index)()

    def full(_documents: object) -> None:
        raise DiskFull("No room.", "Free some.")

    index.fail = full
    run = Run(Reading(a="text a", b="text b"), index)
    run()

    assert run.ends() == {k: ItemFailed(k, "No room.", "Free some.") for k in (0, 1)}
    assert len(index.contents) == 1


def test_document_that_breaks_the_store_does_not_fail_its_neighbours() -> None:
    index = MemoryIndex()

    def pick(documents: Sequence[EmbeddedDocument]) -> None:
        if any(each.title == "Poison" for each in documents):
            raise ValueError("cannot be stored")

    index.fail = pick
    run = Run(Reading(a="text a", poison="text p", b="text b"), index)
    run()

    ends = run.ends()
    assert isinstance(ends[1], ItemFailed)
    assert isinstance(ends[0], ItemIndexed)
    assert isinstance(ends[2], ItemIndexed)


def test_failed_tidying_fails_no_document() -> None:
    index = MemoryIndex()

    def full() -> None:
        raise DiskFull("No room.")

    index.tidy = full  # type: ignore[method-assign]
    run = Run(Reading(a="text a"), index)
    run()

    assert isinstance(run.ends()[0], ItemIndexed)


def test_cancel_while_embedding_stores_nothing_of_the_group() -> None:
    run = Run(Reading(**{f"n{number}": f"text {number}" for number in range(10)}))
    run.clock = _steps(0.3)

    def cancel_in_the_middle(event: ItemEvent) -> None:
        if isinstance(event, ItemEmbedding) and event.done:
            run.cancel.cancel()

    run.on_event = cancel_in_the_middle
    with pytest.raises(Cancelled):
        run()

    assert run.index.groups == []
    assert run.ends() == {}


def test_cancel_between_groups_keeps_the_finished_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "GROUP_DOCUMENTS", 2)
    run = Run(Reading(**{f"n{number}": f"text {number}" for number in range(6)}))

    def cancel_after_first(event: ItemEvent) -> None:
        if isinstance(event, ItemIndexed):
            run.cancel.cancel()

    run.on_event = cancel_after_first
    with pytest.raises(Cancelled):
        run()

    assert set(run.ends()) == {0, 1}
    assert len(run.index.contents) == 2
    assert run.reading.read == ["n0", "n1"]


def test_progress_grows_to_the_total_a_few_times_a_second() -> None:
    text = " ".join(f"Sentence number {n} stands here." for n in range(2_000))
    run = Run(Reading(large=text))
    run.clock = _steps(0.05)
    events = run()

    progress = [e for e in events if isinstance(e, ItemEmbedding)]
    done = [e.done for e in progress]
    assert done == sorted(done)
    assert len({e.total for e in progress}) == 1
    assert 3 < len(progress) < progress[0].total / 2


def _steps(step: float) -> Callable[[], float]:
    now = [0.0]

    def clock() -> float:
        now[0] += step
        return now[0]

    return clock


def test_vectors_belong_to_their_chunks() -> None:
    texts = {f"n{number}": f"unique{number} words here" for number in range(9)}
    run = Run(Reading(**texts))
    run()

    for each in run.index.documents.values():
        expected = run.encoder.embed([ingest.embedded_text(each.title, each.chunks[0].text)])
        np.testing.assert_allclose(each.vectors, expected)

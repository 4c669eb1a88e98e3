"""The library child as a real process, spoken to as the service speaks to it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.base.child import ChildProcess
from app.base.errors import AppError, Cancelled, ChildStopped, NotFound
from app.library.child import library_child
from app.library.entities import ContentHash, PagePicture
from app.library.protocol import (
    DescribeEmbedder,
    EmbedderFacts,
    EmbedTexts,
    Hit,
    Ingest,
    IngestItem,
    ItemEmbedding,
    ItemEvent,
    ItemFailed,
    ItemIndexed,
    KeepOnly,
    LibraryChildOptions,
    PickedSentence,
    PickSentences,
    ReadPart,
    RemoveContents,
    RenderPage,
    Search,
)
from app.library.serving import Late
from app.settings.schema import EmbedderPrecision, SearchMode
from tests import documents

LEASE = ["The lease begins in March.", "The notice period is three months. Rent is due on Monday."]
WAIT_S = 60.0


class Library:
    """A child on a folder of its own, with the embedder of all tests."""

    def __init__(self, folder: Path, artifacts: Path) -> None:
        self.index_dir = folder / "index"
        self.log = folder / "library.log"
        self.options = LibraryChildOptions(
            str(self.index_dir), str(artifacts), EmbedderPrecision.AUTOMATIC
        )
        self.child = ChildProcess("library", library_child, self.options, log_path=self.log)

    def ask(self, body: object, on_event: Callable[[ItemEvent], None] = lambda _e: None):
        return self.child.call(body, on_event).result(WAIT_S)

    def ingest(self, *paths: Path) -> list[ItemEvent]:
        events: list[ItemEvent] = []
        items = tuple(IngestItem(key, str(path)) for key, path in enumerate(paths))
        self.ask(Ingest(items), events.append)
        return events

    def search(self, question: str, mode: SearchMode = SearchMode.HYBRID, **named) -> list[Hit]:
        return list(self.ask(Search(question, mode, 8, **named)))


@pytest.fixture
def library(tmp_path: Path, artifacts: Path) -> Iterator[Library]:
    library = Library(tmp_path, artifacts)
    yield library
    library.child.stop()


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    return documents.pdf(tmp_path / "lease.pdf", LEASE, title="The lease")


def _indexed(events: list[ItemEvent]) -> list[ItemIndexed]:
    return [each for each in events if isinstance(each, ItemIndexed)]


def test_document_is_read_found_quoted_and_shown(library: Library, lease: Path) -> None:
    events = library.ingest(lease)
    (indexed,) = _indexed(events)
    assert (indexed.key, indexed.title, indexed.pages) == (0, "The lease", 2)

    hit = library.search("How long is the notice period?")[0]
    assert (hit.content, hit.page) == (indexed.content, 2)
    part = library.ask(ReadPart(hit.content, hit.part))
    assert part[hit.start : hit.end] == hit.text

    (quote, *_) = library.ask(PickSentences("How long is the notice period?", (hit.text,)))
    assert isinstance(quote, PickedSentence)
    assert quote.text == "The notice period is three months."
    assert library.ask(PickSentences("Who won the world cup?", (hit.text,))) == ()

    picture = library.ask(RenderPage(str(lease), 2, 500, quote.text))
    assert isinstance(picture, PagePicture)
    assert len(picture.marks) == 1


def test_messy_batch_says_for_each_file_what_became_of_it(
    library: Library, lease: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    copy = tmp_path / "copy of lease.pdf"
    copy.write_bytes(lease.read_bytes())
    good = documents.markdown(tmp_path / "good.md")
    locked = documents.pdf(tmp_path / "locked.pdf", LEASE, password="secret")

    events = library.ingest(lease, tmp_path / "gone.txt", empty, copy, locked, good)

    failed = {each.key for each in events if isinstance(each, ItemFailed)}
    assert failed == {1, 2, 4}
    assert all(e.message and e.hint for e in events if isinstance(e, ItemFailed))
    assert {each.key: each.reused for each in _indexed(events)} == {0: False, 3: True, 5: False}


def test_same_file_again_is_recognised(library: Library, lease: Path) -> None:
    first = _indexed(library.ingest(lease))[0]
    again = _indexed(library.ingest(lease))[0]

    assert (again.content, again.chunks, again.reused) == (first.content, first.chunks, True)


def test_removal_and_keep_only(library: Library, lease: Path, tmp_path: Path) -> None:
    other = documents.markdown(tmp_path / "other.md")
    kept, gone = (each.content for each in _indexed(library.ingest(lease, other)))

    assert library.ask(RemoveContents((gone,))) is None
    assert {each.content for each in library.search("notice", SearchMode.DENSE)} == {kept}
    with pytest.raises(NotFound):
        library.ask(ReadPart(gone, 0))

    lost = ContentHash("0" * 64)
    assert library.ask(KeepOnly((kept, lost))) == (lost,)
    assert library.ask(KeepOnly(())) == ()
    assert library.search("notice") == []


def test_texts_get_vectors_of_their_meaning(library: Library):
    rent, lease, tide = library.ask(EmbedTexts(("Rent.", "What the tenant pays.", "High water.")))
    assert np.dot(rent, lease) > np.dot(rent, tide)


def test_embedder_says_which_it_is_and_why(library: Library) -> None:
    facts = library.ask(DescribeEmbedder())

    assert isinstance(facts, EmbedderFacts)
    assert facts.name.startswith("all-MiniLM-L6-v2/onnx-")
    assert facts.dimensions == 384
    assert len(facts.measured) == 2


def test_search_answers_while_an_ingestion_runs(
    library: Library, lease: Path, tmp_path: Path
) -> None:
    library.ingest(lease)
    embedding = threading.Event()
    big = _big(tmp_path / "big.txt")

    def listen(event: ItemEvent) -> None:
        if isinstance(event, ItemEmbedding) and event.done:
            embedding.set()

    call = library.child.call(Ingest((IngestItem(1, str(big)),)), listen)
    assert embedding.wait(WAIT_S)
    hits = library.search("How long is the notice period?")
    removed = library.ask(RemoveContents((ContentHash("1" * 64),)))
    was_running = not call.future.done()
    call.cancel()
    with pytest.raises(Cancelled):
        call.result(WAIT_S)

    assert was_running
    assert removed is None
    assert hits[0].page == 2
    assert len({each.content for each in library.search("sentence", SearchMode.DENSE)}) == 1


def test_kill_while_embedding_loses_nothing_and_leaves_nothing_half(
    library: Library, lease: Path, tmp_path: Path
) -> None:
    (first,) = _indexed(library.ingest(lease))
    embedding = threading.Event()
    big = _big(tmp_path / "big.txt", sentences=3_000)

    def listen(event: ItemEvent) -> None:
        if isinstance(event, ItemEmbedding) and event.done:
            embedding.set()

    call = library.child.call(Ingest((IngestItem(1, str(big)),)), listen)
    assert embedding.wait(WAIT_S)
    library.child.kill()
    with pytest.raises(ChildStopped):
        call.result(WAIT_S)

    assert {e.content for e in library.search("notice", SearchMode.DENSE)} == {first.content}
    assert library.ask(KeepOnly((first.content,))) == ()


def test_damaged_index_fails_each_document_and_search_in_words(
    library: Library, lease: Path
) -> None:
    library.index_dir.mkdir()
    (library.index_dir / "chunks.lance").mkdir()
    (library.index_dir / "chunks.lance" / "_versions").write_bytes(b"nonsense")

    (failed,) = library.ingest(lease)
    assert isinstance(failed, ItemFailed)
    assert str(library.index_dir) in failed.hint
    with pytest.raises(AppError):
        library.search("notice")
    assert library.child.is_running

    library.index_dir.rename(library.index_dir.with_name("aside"))
    assert _indexed(library.ingest(lease))


def test_child_says_nothing_alarming(library: Library, lease: Path) -> None:
    library.ingest(lease)
    library.search("notice")
    library.child.stop()

    assert "WARN" not in library.log.read_text()
    assert "ERROR" not in library.log.read_text()
    assert library.child.last_exit is not None
    assert library.child.last_exit.code == 0


def test_parent_side_import_stays_light() -> None:
    script = (
        "import sys, app.library.child\n"
        "heavy = {'numpy', 'lancedb', 'pyarrow', 'onnxruntime', 'tokenizers', 'torch', 'pypdf',"
        " 'pypdfium2', 'bs4', 'lxml'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_late_opens_once_for_all_and_tries_again_after_a_failure() -> None:
    opened: list[int] = []

    def open_it() -> str:
        opened.append(1)
        if len(opened) == 1:
            raise AppError("Not yet.")
        return "open"

    late = Late(open_it)
    with pytest.raises(AppError):
        late.get()
    threads = [threading.Thread(target=late.get) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert late.if_open == "open"
    assert len(opened) == 2


def _big(path: Path, sentences: int = 20_000) -> Path:
    path.write_text(" ".join(f"This is sentence number {n} of the book." for n in range(sentences)))
    return path

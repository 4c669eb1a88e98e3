from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from app.base.errors import DiskFull, NotFound
from app.library import index as index_module
from app.library.index import Index, IndexDamaged
from app.library.index_rows import part_table
from tests.doubles.embedding import content_of, embedded_document, word_vector

LEASE = "The lease ends after three months of notice in writing."
PUMP = "Grease the ring of the pump with silicone."
BEES = "Bees shiver their flight muscles to keep the cluster warm."


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def test_new_index_is_empty_and_searchable(index: Index) -> None:
    assert index.contents == frozenset()
    assert index.nearest(word_vector("pump"), 10) == []
    assert index.matching("pump", 10) == []


def test_write_makes_documents_searchable_by_words_and_meaning(index: Index) -> None:
    index.write([embedded_document("lease", LEASE), embedded_document("pump", "intro", PUMP)])

    by_words = index.matching("silicone grease", 10)
    by_meaning = index.nearest(word_vector("silicone grease"), 10)

    assert [each.text for each in by_words] == [PUMP]
    assert by_meaning[0].text == PUMP
    first = by_words[0]
    assert (first.content, first.ordinal, first.part, first.page) == (content_of("pump"), 1, 1, 2)
    assert (first.start, first.end) == (0, len(PUMP))
    expected = float(word_vector("silicone grease") @ word_vector(PUMP))
    assert by_meaning[0].score == pytest.approx(expected, abs=1e-5)


def test_matching_with_a_vector_gives_the_cosine_too(index: Index) -> None:
    index.write([embedded_document("pump", PUMP)])

    (found,) = index.matching("pump", 10, vector=word_vector("pump"))

    assert found.similarity == pytest.approx(
        float(word_vector("pump") @ word_vector(PUMP)), abs=1e-5
    )


def test_write_of_a_known_content_changes_nothing(index: Index) -> None:
    index.write([embedded_document("lease", LEASE)])
    index.write([embedded_document("lease", LEASE), embedded_document("pump", PUMP)])

    assert index.count_chunks() == 2
    assert index.count_chunks(content_of("lease")) == 1


def test_index_opened_again_knows_its_contents(tmp_path: Path) -> None:
    Index(tmp_path).write([embedded_document("lease", LEASE, PUMP)])

    again = Index(tmp_path)

    assert again.contents == {content_of("lease")}
    assert again.count_chunks(content_of("lease")) == 2
    assert again.matching("silicone", 5)[0].text == PUMP


def test_one_group_is_one_commit(index: Index) -> None:
    before = _version(index)
    index.write([embedded_document(str(number), f"text {number}") for number in range(30)])
    made_with_indexes = _version(index) - before
    index.write([embedded_document(f"x{number}", f"text {number}") for number in range(30)])

    assert _version(index) - before - made_with_indexes == 1


def test_two_writers_on_one_folder_make_no_duplicates(tmp_path: Path) -> None:
    # A child whose parent died may still be in a commit when the next child starts.
    documents = [embedded_document(str(number), f"text number {number}") for number in range(12)]
    Index(tmp_path).write([embedded_document("first", LEASE)])
    writers = [Index(tmp_path), Index(tmp_path)]

    def write_all(writer: Index) -> None:
        for document in documents:
            writer.write([document])

    threads = [threading.Thread(target=write_all, args=(each,)) for each in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Index(tmp_path).count_chunks() == 1 + len(documents)


def test_remove_takes_all_of_a_content_and_nothing_else(index: Index) -> None:
    index.write([embedded_document("lease", LEASE, "annex"), embedded_document("pump", PUMP)])

    index.remove([content_of("lease"), content_of("never there")])

    assert index.contents == {content_of("pump")}
    assert index.count_chunks() == 1
    assert index.matching("lease", 10) == []
    with pytest.raises(NotFound):
        index.part_text(content_of("lease"), 0)
    assert index.part_text(content_of("pump"), 0) == PUMP


def test_removed_content_can_be_written_again(index: Index) -> None:
    index.write([embedded_document("lease", LEASE)])
    index.remove([content_of("lease")])
    index.write([embedded_document("lease", LEASE)])

    assert [each.text for each in index.matching("lease", 10)] == [LEASE]
    assert index.count_chunks() == 1


def test_remove_of_thousands_works(index: Index) -> None:
    names = [f"n{number}" for number in range(2_500)]
    index.write([embedded_document(name, f"text {name}") for name in names])

    index.remove([content_of(name) for name in names[1:]])

    assert index.contents == {content_of("n0")}
    assert index.count_chunks() == 1


def test_keep_only_removes_the_rest_and_names_what_is_missing(index: Index) -> None:
    index.write([embedded_document("lease", LEASE), embedded_document("pump", PUMP)])

    missing = index.keep_only([content_of("pump"), content_of("lost")])

    assert missing == (content_of("lost"),)
    assert index.contents == {content_of("pump")}


def test_part_text_is_the_whole_part(index: Index) -> None:
    index.write([embedded_document("book", LEASE, PUMP)])

    assert index.part_text(content_of("book"), 1) == PUMP
    with pytest.raises(NotFound) as caught:
        index.part_text(content_of("book"), 2)
    assert caught.value.hint


@pytest.mark.parametrize(
    "words",
    ['"', '"three months', "(lease", "lease)", "c++ -x AND OR NOT", "'; DROP TABLE chunks; --",
     "lease: ^2 ~3", "*", "\\", "🙂🙃", "the of and", "的 了", "%_", "{}[]", "a" * 10_000],
)  # fmt: skip
def test_matching_takes_any_text_as_words(index: Index, words: str) -> None:
    index.write([embedded_document("lease", LEASE)])

    assert len(index.matching(words, 5)) <= 1


def test_scope_keeps_to_the_named_contents(index: Index) -> None:
    index.write([embedded_document(name, f"the same pump text {name}") for name in "abcdef"])
    wanted = [content_of("b"), content_of("e"), content_of("unknown")]

    assert {each.content for each in index.matching("pump", 10, wanted)} == set(wanted[:2])
    assert {each.content for each in index.nearest(word_vector("pump"), 10, wanted)} == set(
        wanted[:2]
    )
    assert index.matching("pump", 10, []) == []
    assert index.nearest(word_vector("pump"), 10, [content_of("unknown")]) == []


def test_scope_of_nearly_all_or_all_contents_gives_just_these(index: Index) -> None:
    names = "abcdefgh"
    index.write([embedded_document(name, f"the same pump text {name}") for name in names])
    most = [content_of(name) for name in names[1:]]

    assert {each.content for each in index.matching("pump", 10, most)} == set(most)
    assert len(index.matching("pump", 10, [content_of(name) for name in names])) == 8


def test_scope_with_hostile_contents_is_harmless(index: Index) -> None:
    index.write([embedded_document("a", PUMP), embedded_document("b", LEASE)])
    hostile = ["x' OR '1'='1", "'); DELETE FROM chunks; --"]

    assert index.nearest(word_vector("pump"), 10, hostile) == []  # type: ignore[arg-type]
    index.remove(hostile)  # type: ignore[arg-type]
    assert index.count_chunks() == 2


def test_words_in_other_scripts_are_found(index: Index) -> None:
    index.write(
        [
            embedded_document("zh", "租约可以提前三个月书面通知终止。"),
            embedded_document("th", "สัญญาเช่าสิ้นสุดลงหลังจากแจ้งล่วงหน้าสามเดือน"),
            embedded_document("ru", "Договор аренды прекращается через три месяца."),
        ]
    )

    assert index.matching("书面 通知", 5)[0].content == content_of("zh")
    assert index.matching("สัญญาเช่า", 5)[0].content == content_of("th")
    assert index.matching("аренды", 5)[0].content == content_of("ru")


def test_broken_unicode_is_stored_with_its_length(index: Index) -> None:
    text = "pump \ud800 with a lone surrogate"
    index.write([embedded_document("odd", text)])

    (found,) = index.matching("surrogate", 5)

    assert len(found.text) == len(text)
    assert len(index.part_text(content_of("odd"), 0)) == len(text)


def _break(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(index_module, name, broken)


def test_full_disk_is_named_and_leaves_no_trace(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.write([embedded_document("lease", LEASE)])
    error = RuntimeError("lance error: IO: No space left on device (os error 28)")
    with monkeypatch.context() as patch:
        _break(patch, "chunk_table", error)  # the parts are written by then
        with pytest.raises(DiskFull) as caught:
            index.write([embedded_document("pump", PUMP)])
    assert caught.value.hint

    assert index.contents == {content_of("lease")}
    assert index.matching("lease", 5)[0].text == LEASE
    again = Index(tmp_path / "index")
    assert again.contents == {content_of("lease")}
    again.write([embedded_document("pump", PUMP)])
    assert again.part_text(content_of("pump"), 0) == PUMP
    assert _parts(again) == 2


def _write_then_die(folder: str) -> None:
    index = Index(Path(folder))
    index.write([embedded_document("lease", LEASE)])
    with mock.patch.object(index_module, "chunk_table", side_effect=lambda _documents: os._exit(9)):
        index.write([embedded_document("pump", PUMP, "more")])


def test_kill_between_parts_and_chunks_leaves_no_half_document(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_write_then_die, args=(str(tmp_path),)
    )
    process.start()
    process.join(60)
    assert process.exitcode == 9

    index = Index(tmp_path)
    assert index.contents == {content_of("lease")}
    assert _parts(index) == 3  # the killed writer got this far
    index.write([embedded_document("pump", PUMP, "more")])

    assert _parts(index) == 3
    assert index.count_chunks(content_of("pump")) == 2
    assert index.part_text(content_of("pump"), 0) == PUMP


def test_leftover_parts_of_a_document_that_never_returns_are_swept(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.write([embedded_document("lease", LEASE)])
    index._parts.add(part_table([embedded_document("gone", PUMP)]))
    clock = Clock()

    again = Index(tmp_path, clock=clock)
    clock.now += 3600
    again.tidy_when_idle()

    assert _parts(again) == 1


@pytest.mark.parametrize("damage", ["manifest", "data", "not a folder"])
def test_damaged_index_is_reported_with_a_way_out(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "index"
    Index(folder).write([embedded_document("lease", LEASE)])
    table = folder / "chunks.lance"
    if damage == "manifest":
        for file in (table / "_versions").iterdir():
            file.write_bytes(b"xx")
    elif damage == "data":
        for file in (table / "data").iterdir():
            file.unlink()
    else:
        shutil.rmtree(table)
        table.write_bytes(b"nonsense")

    with pytest.raises(IndexDamaged) as caught:
        Index(folder)

    assert str(folder) in caught.value.hint
    folder.rename(tmp_path / "aside")
    assert Index(folder).contents == frozenset()


def test_index_vanishing_while_open_is_an_expected_failure(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.write([embedded_document("lease", LEASE)])
    shutil.rmtree(tmp_path / "chunks.lance")

    with pytest.raises(IndexDamaged):
        index.nearest(word_vector("lease"), 5)


def test_searches_go_on_while_rows_come_and_go(index: Index) -> None:
    index.write([embedded_document("stays", "the anchor text stays")])
    stop = threading.Event()
    misses: list[object] = []

    def search() -> None:
        while not stop.is_set():
            found = index.matching("anchor", 5)
            nearest = index.nearest(word_vector("anchor text stays"), 5)
            if not found or nearest[0].content != content_of("stays"):
                misses.append((found, nearest))

    thread = threading.Thread(target=search)
    thread.start()
    try:
        for number in range(15):
            index.write([embedded_document(str(number), f"filler {number}")])
            index.tidy()
            if number % 3 == 0:
                index.remove([content_of(str(number))])
    finally:
        stop.set()
        thread.join()

    assert misses == []


def test_tidy_waits_until_enough_has_come_in(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "LOOSE_ROWS", 10)
    index.write([embedded_document("first", LEASE)])
    index.write([embedded_document(str(number), f"text {number}") for number in range(8)])
    index.tidy()
    assert _unindexed(index) == 8

    index.write([embedded_document("a", "one"), embedded_document("b", "two")])
    index.tidy()

    assert _unindexed(index) == 0
    assert index.matching("one", 5)[0].content == content_of("a")


@pytest.mark.filterwarnings("ignore:optimize.cleanup_older_than=0")
def test_idle_tidying_merges_files_and_drops_versions_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "KEEP_VERSIONS", timedelta(0))
    clock = Clock()
    index = Index(tmp_path, clock=clock)
    for number in range(12):
        index.write([embedded_document(str(number), f"text {number} " * 200)])
    data_files, versions = _data_files(index), len(index._chunks.list_versions())

    clock.now += 3600
    index.tidy_when_idle()

    assert len(index._chunks.list_versions()) < versions, index._chunks.list_versions()
    assert _data_files(index) < data_files
    assert index.count_chunks() == 12
    assert len(index.matching("text", 20)) == 12


def test_idle_tidying_with_nothing_new_does_nothing(tmp_path: Path) -> None:
    clock = Clock()
    index = Index(tmp_path, clock=clock)
    index.write([embedded_document("lease", LEASE)])
    clock.now += 3600
    index.tidy_when_idle()
    version = _version(index)

    clock.now += 3600
    index.tidy_when_idle()

    assert _version(index) == version


def test_large_index_gets_a_vector_index_that_finds_the_same(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "VECTOR_INDEX_ROWS", 600)
    monkeypatch.setattr(index_module, "LOOSE_ROWS", 100)
    random = np.random.default_rng(1)
    words = [f"w{number}" for number in range(60)]
    for group in range(3):
        index.write(
            [
                embedded_document(f"{group}.{number}", " ".join(random.choice(words, 12)))
                for number in range(300)
            ]
        )
    question = word_vector("w1 w2 w3")
    exact = [each.content for each in index.nearest(question, 10)]
    index.tidy()

    indexed = [each.content for each in index.nearest(question, 10)]
    assert any(each.columns == ["vector"] for each in index._chunks.list_indices())
    assert len(set(exact) & set(indexed)) >= 9

    index.write([embedded_document("new", "w1 w2 w3")])
    assert index.nearest(question, 1)[0].content == content_of("new")
    only = index.nearest(question, 5, [content_of("0.7")])
    assert [each.content for each in only] == [content_of("0.7")]


def _version(index: Index) -> int:
    return int(index._chunks.version)


def _parts(index: Index) -> int:
    return int(index._parts.count_rows())


def _unindexed(index: Index) -> int:
    return int(index._chunks.index_stats("text_idx").num_unindexed_rows)


def _data_files(index: Index) -> int:
    return sum(1 for _ in (index._folder / "chunks.lance" / "data").iterdir())

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.agents.entities import Risk
from app.agents.tools.library import ReadDocument, SearchDocuments, Sources, library_tools
from app.agents.tools.tool import ToolFault
from app.base.changes import Notices
from app.base.errors import Cancelled, NotFound
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.chat.context import cited
from app.chat.entities import Citation
from app.library.entities import (
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    Passage,
    Place,
)
from app.library.service import LibraryService
from app.settings.store import SettingsStore
from app.storage.db import Database
from tests.doubles.scripted_library import scripted_library
from tests.unit.agents.tools.grants import ran

BOUND_S = 60


@pytest.fixture
def library(data_paths: DataPaths) -> Iterator[LibraryService]:
    database = Database(data_paths.database)
    database.open()
    service = LibraryService(
        data_paths, SettingsStore(data_paths.settings), database, Notices(), scripted_library
    )
    service.start()
    yield service
    service.close()
    database.close()


def add(
    library: LibraryService, folder: Path, collection: CollectionId | None = None, **texts: str
) -> list[DocumentId]:
    paths = []
    for name, text in texts.items():
        paths.append(folder / f"{name}.txt")
        paths[-1].write_text(text)
    ids = [each.id for each in library.add(paths, collection).added]
    assert library.wait(ids, BOUND_S)
    return ids


def test_search_gives_numbered_passages_that_can_be_cited(library: LibraryService, tmp_path: Path):
    [lease, _] = add(library, tmp_path, lease="The rent is 900.", cats="Cats sleep.")
    search, _read = library_tools(library, ())
    result = ran(search, query="rent for the flat")
    assert result.text == f"[1] “lease”, part 1 (document {lease}, part 1)\nThe rent is 900."
    assert result.is_untrusted
    assert result.source == "documents in the library"
    [found] = cited("It is 900 [1].", result.citations)
    assert (found.document_id, found.quote) == (lease, "The rent is 900.")
    assert search.spec.risk is Risk.READ


def test_passage_found_again_keeps_its_number_and_others_go_on(
    library: LibraryService, tmp_path: Path
):
    add(library, tmp_path, lease="The rent is 900.", cats="Cats sleep.")
    search, _read = library_tools(library, ())
    numbers = [
        [each.number for each in ran(search, query=query).citations]
        for query in ("rent", "cats", "rent")
    ]
    assert numbers == [[1], [2], [1]]


def test_search_that_finds_nothing_says_so_and_cites_nothing(library: LibraryService):
    result = ran(library_tools(library, ())[0], query="anything")
    assert result.text.startswith("Nothing was found")
    assert result.citations == ()
    assert not result.is_untrusted


def test_only_the_collections_of_the_agent_are_searched_and_read(
    library: LibraryService, tmp_path: Path
):
    flats = library.create_collection("Flats").id
    [mine] = add(library, tmp_path, flats, lease="The rent is 900.")
    [other] = add(library, tmp_path, letter="The rent is secret.")
    search, read = library_tools(library, (flats,))
    assert [each.document_id for each in ran(search, query="rent").citations] == [mine]
    assert "900" in ran(read, document=mine).text
    for wanted in (other, 999):
        with pytest.raises(ToolFault, match=f"no document {wanted} that you may read"):
            ran(read, document=wanted)
    library.delete_collection(flats)
    assert ran(search, query="rent").text.startswith("Nothing was found")


def test_document_that_could_not_be_read_is_a_fault(library: LibraryService, tmp_path: Path):
    [failed] = add(library, tmp_path, broken="FAIL")
    with pytest.raises(ToolFault, match="not in the library yet"):
        ran(library_tools(library, ())[1], document=failed)


class Pages:
    """A library of one PDF with these pages."""

    def __init__(self, *pages: str) -> None:
        self._pages = pages

    def document(self, document_id: DocumentId) -> Document:
        return Document(
            id=document_id,
            path=Path("lease.pdf"),
            title="Lease",
            kind=DocumentKind.PDF,
            status=DocumentStatus.INDEXED,
            size_bytes=1,
            collection_id=None,
            added_at=datetime.now(UTC),
            content=ContentHash("c" * 64),
        )

    def part_text(self, _content: ContentHash, part: int) -> str:
        if not 0 <= part < len(self._pages):
            raise NotFound("There is no such part.")
        return self._pages[part]


def reader(*pages: str) -> ReadDocument:
    return ReadDocument(Pages(*pages), (), Sources())  # type: ignore[arg-type]  # what is asked of it


def test_read_gives_each_page_a_number_and_says_where_it_ends():
    result = ran(reader("One.", " \n", "Three."), document=7)
    assert result.text == (
        "[1] “Lease”, page 1 (document 7, part 1)\nOne.\n\n"
        "[2] “Lease”, page 3 (document 7, part 3)\nThree.\n\n"
        "[… the document ends here …]"
    )
    assert [each.place for each in result.citations] == [Place(0, 0, 4, 1), Place(2, 0, 6, 3)]
    assert result.source == "the document Lease"


def test_read_on_from_where_it_broke_off_gives_all_of_the_text():
    pages = ["a" * 7_000, "b" * 30_000, "c" * 10, "d" * 5]
    tool = reader(*pages)
    arguments, seen, calls = {"part": 1, "start": 0}, "", 0
    while True:
        text, calls = ran(tool, document=7, **arguments).text, calls + 1
        seen += "".join(each for each in text.split("\n") if each and each == each[0] * len(each))
        if "ends here" in text:
            break
        words = text.rpartition("part ")[2].split()
        arguments = {"part": int(words[0].rstrip(",")), "start": int(words[2])}
    assert seen == "".join(pages)
    assert calls == 4


@pytest.mark.parametrize("arguments", [{"part": 3}, {"part": 2, "start": 99}])
def test_read_beyond_the_end_is_a_fault(arguments: dict[str, int]):
    with pytest.raises(ToolFault, match="There is no text"):
        ran(reader("One.", "Two."), document=7, **arguments)


def test_read_of_a_document_of_very_many_empty_pages_ends():
    result = ran(reader("One.", *[""] * 500), document=7)
    assert "goes on: call read_document with document 7, part 51, start 0" in result.text


def test_numbers_go_on_after_those_of_a_run_that_is_continued():
    first = ran(reader("One.", "Two."), document=7).citations
    sources = Sources(first)
    again = ReadDocument(Pages("One.", "Two.", "Three."), (), sources)  # type: ignore[arg-type]  # as above
    assert [each.number for each in ran(again, document=7).citations] == [1, 2, 3]


def test_sources_numbered_from_many_threads_have_each_their_own_number():
    from concurrent.futures import ThreadPoolExecutor

    sources = Sources()

    def number(part: int) -> Citation:
        place = Place(part % 20, 0, 1)
        content, path = ContentHash("c"), Path("a.txt")
        return sources.numbered(
            Passage(DocumentId(1), content, "A", path, DocumentKind.TEXT, place, "a", 1.0)
        )

    with ThreadPoolExecutor(8) as pool:
        found = {each.place.part: each.number for each in pool.map(number, range(400))}
    assert sorted(found.values()) == list(range(1, 21))


def test_stopped_search_raises(library: LibraryService):
    cancel = CancelToken()
    cancel.cancel()
    search = SearchDocuments(library, (), Sources())
    with pytest.raises(Cancelled):
        search.run({"query": "rent"}, cancel)

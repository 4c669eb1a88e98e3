from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPersistentModelIndex, Qt, QUrl

from app.library.entities import Collection, CollectionId, DocumentKind, DocumentStatus
from app.ui.library.delegates import STATUS_LOOKS, place_text
from app.ui.library.items import (
    DocumentTableModel,
    ItemRole,
    dragged_documents,
)
from app.ui.library.rows import EVERYTHING, Column, Shelf, ShelfKind, StatusFilter
from app.ui.library.shelf_items import ShelfListModel
from app.ui.sources.kinds import KIND_ICONS, UNKNOWN_KIND_ICON
from tests.ui.library.fakes import NOW, make_document

CONTRACTS = CollectionId(1)


@pytest.fixture
def table(qapp):
    return DocumentTableModel(clock=lambda: NOW)


@pytest.mark.parametrize(
    ("title", "place"),
    [("Lease", "lease.pdf  ·  /files"), ("", "/files"), ("lease.pdf", "/files")],
)
def test_place_text_does_not_repeat_the_title(title: str, place: str):
    path = Path("/files/lease.pdf")
    assert place_text(make_document(1, title=title, path=path)) == place


def shown(table: DocumentTableModel) -> list[str]:
    return [table.index(row, 0).data() for row in range(table.rowCount())]


def test_document_table_keeps_qts_contract(table, qtmodeltester):
    table.set_documents(tuple(make_document(number) for number in range(5)))
    qtmodeltester.check(table)


def test_document_table_contract_holds_through_every_kind_of_update(table, qtmodeltester):
    qtmodeltester.check(table)
    everything = tuple(make_document(number) for number in range(300))
    for documents in (everything, everything[::2], everything[100:], (), everything[:3]):
        table.set_documents(documents)
        assert table.rowCount() == len(documents)
        qtmodeltester.check(table)


@pytest.mark.parametrize(
    ("changes", "column", "text"),
    [
        ({"title": " "}, Column.NAME, " .pdf"),
        ({"kind": None}, Column.KIND, ""),
        ({"kind": DocumentKind.SHEET}, Column.KIND, "Spreadsheet"),
        ({"pages": 1200}, Column.PAGES, "1,200"),
        ({"pages": 0}, Column.PAGES, ""),
        ({"size_bytes": 4_940_000}, Column.SIZE, "4.9 MB"),
        ({"status": DocumentStatus.QUEUED}, Column.STATUS, "Waiting"),
        (
            {"status": DocumentStatus.EMBEDDING, "chunks_done": 34, "chunks": 120},
            Column.STATUS,
            "Embedding 34 of 120",
        ),
        (
            {"status": DocumentStatus.FAILED, "reason": "It is encrypted."},
            Column.STATUS,
            "Failed: It is encrypted.",
        ),
        ({"added_at": NOW - timedelta(days=1)}, Column.ADDED, "Yesterday"),
    ],
)
def test_document_table_cell_reads_as_a_person_would_say_it(table, changes, column, text):
    table.set_documents((make_document(9, **changes),))
    assert table.index(0, column).data() == text


def test_document_table_failed_row_tells_reason_and_hint_in_its_tooltip(table):
    failed = {"status": DocumentStatus.FAILED, "reason": "It is empty.", "hint": "Export it again."}
    table.set_documents((make_document(1, **failed),))
    tip = table.index(0, Column.STATUS).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "Failed: It is empty.\nExport it again."


def test_document_table_progress_touches_one_row_only(table, qtbot):
    documents = tuple(make_document(number) for number in range(1000))
    table.set_documents(documents)
    with qtbot.waitSignal(table.dataChanged) as changed, qtbot.assertNotEmitted(table.modelReset):
        later = (*documents[:500], replace(documents[500], chunks_done=1), *documents[501:])
        table.set_documents(later)
    first, last = changed.args[0], changed.args[1]
    assert first.row() == last.row() == table.row_of(documents[500].id)


def test_document_table_unchanged_documents_emit_nothing(table, qtbot):
    table.set_documents(tuple(make_document(number) for number in range(10)))
    with qtbot.assertNotEmitted(table.dataChanged), qtbot.assertNotEmitted(table.layoutChanged):
        table.set_documents(tuple(make_document(number) for number in range(10)))


def test_document_table_sorting_carries_persistent_indexes_along(table):
    documents = tuple(make_document(number, title=f"Part {number}") for number in range(12))
    table.set_documents(documents)
    held = QPersistentModelIndex(table.index(table.row_of(documents[10].id), Column.STATUS))
    table.sort(Column.NAME, Qt.SortOrder.AscendingOrder)
    assert shown(table)[:3] == ["Part 0", "Part 1", "Part 2"]
    assert held.data(ItemRole.ENTITY) == documents[10]
    assert held.column() == Column.STATUS


def test_document_table_update_together_with_a_new_order_keeps_persistent_indexes(table):
    documents = tuple(make_document(number, size_bytes=number) for number in range(6))
    table.set_documents(documents)
    table.sort(Column.SIZE, Qt.SortOrder.AscendingOrder)
    held = QPersistentModelIndex(table.index(1, 0))
    table.set_documents((*documents[1:], make_document(20, size_bytes=0)))
    assert held.data(ItemRole.ENTITY) == documents[1]


def test_document_table_chip_and_shelf_narrow_the_rows(table):
    failed = make_document(1, status=DocumentStatus.FAILED, collection_id=CONTRACTS)
    table.set_documents((failed, make_document(2, status=DocumentStatus.FAILED), make_document(3)))
    table.set_status_filter(StatusFilter.FAILED)
    assert table.rowCount() == 2
    table.set_shelf(Shelf(ShelfKind.COLLECTION, CONTRACTS))
    assert shown(table) == ["Document 1"]
    assert table.counts()[StatusFilter.ALL] == 1
    assert len(table.documents) == 3


def test_document_table_drag_carries_each_document_once(table):
    table.set_documents(tuple(make_document(number) for number in (1, 2, 3)))
    cells = [table.index(row, column) for row in (0, 2) for column in range(3)]
    assert dragged_documents(table.mimeData(cells)) == [1, 3]


@pytest.fixture
def shelves(qapp):
    model = ShelfListModel()
    model.set_collections(
        (Collection(CollectionId(2), "Zoning", 4), Collection(CONTRACTS, "contracts", 1)), 9, 4
    )
    return model


def test_shelf_list_keeps_qts_contract(shelves, qtmodeltester):
    qtmodeltester.check(shelves)


def test_shelf_list_shows_all_loose_and_sorted_collections(shelves):
    titles = [shelves.index(row).data() for row in range(shelves.rowCount())]
    assert titles == ["All documents", "Not in a collection", "Collections", "contracts", "Zoning"]


def test_shelf_list_without_collections_shows_only_all_documents(shelves):
    shelves.set_collections((), 9, 9)
    assert shelves.rowCount() == 1


def test_shelf_list_new_counts_do_not_reset_the_list(shelves, qtbot):
    with qtbot.assertNotEmitted(shelves.modelReset), qtbot.waitSignal(shelves.dataChanged):
        shelves.set_collections(
            (Collection(CollectionId(2), "Zoning", 5), Collection(CONTRACTS, "contracts", 1)), 10, 4
        )


def test_shelf_list_heading_cannot_be_chosen(shelves):
    assert shelves.flags(shelves.index(2)) == Qt.ItemFlag.NoItemFlags


def test_shelf_list_says_its_count_to_screen_readers(shelves):
    name = shelves.index(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert name == "contracts, 1 document"


def test_shelf_list_documents_dropped_on_a_collection_are_told(shelves, table, qtbot):
    table.set_documents((make_document(5),))
    drag = table.mimeData([table.index(0, 0)])
    target = shelves.index(shelves.row_of(Shelf(ShelfKind.COLLECTION, CONTRACTS)))
    with qtbot.waitSignal(shelves.documents_dropped) as dropped:
        assert shelves.dropMimeData(drag, Qt.DropAction.MoveAction, -1, -1, target)
    assert dropped.args == [[5], CONTRACTS]


def test_shelf_list_files_dropped_on_a_collection_are_told(shelves, qtbot, tmp_path):
    drag = QMimeData()
    drag.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.pdf")), QUrl("https://example.org/b.pdf")])
    target = shelves.index(4)
    with qtbot.waitSignal(shelves.files_dropped) as dropped:
        assert shelves.dropMimeData(drag, Qt.DropAction.CopyAction, -1, -1, target)
    assert dropped.args == [[Path(tmp_path / "a.pdf")], CollectionId(2)]


@pytest.mark.parametrize("row", [0, 2], ids=["all documents", "heading"])
def test_shelf_list_all_documents_and_headings_take_no_drop(shelves, table, row):
    table.set_documents((make_document(5),))
    drag = table.mimeData([table.index(0, 0)])
    target = shelves.index(row)
    assert not shelves.canDropMimeData(drag, Qt.DropAction.MoveAction, -1, -1, target)
    assert not shelves.dropMimeData(drag, Qt.DropAction.MoveAction, -1, -1, target)


def test_dragged_documents_foreign_bytes_are_ignored(qapp):
    data = QMimeData()
    data.setData("application/x-cairn-documents", b"1,x,\xff,3")
    assert dragged_documents(data) == [1, 3]


def test_shelf_list_row_of_a_shelf_that_is_gone_is_none(shelves):
    assert shelves.row_of(EVERYTHING) == 0
    assert shelves.row_of(Shelf(ShelfKind.COLLECTION, CollectionId(99))) is None


def test_every_icon_of_the_library_exists(icons):
    named = {*KIND_ICONS.values(), UNKNOWN_KIND_ICON, *(icon for icon, _ in STATUS_LOOKS.values())}
    assert named <= icons.names()

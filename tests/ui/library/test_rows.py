from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from app.library.entities import CollectionId, DocumentStatus, Scope
from app.ui.library.rows import (
    EVERYTHING,
    MOST_RUNS,
    Column,
    RowOrder,
    Shelf,
    ShelfKind,
    StatusFilter,
    arrange,
    count_by_filter,
    natural_key,
    plan_rows,
    runs,
)
from tests.ui.library.fakes import NOW, make_document

CONTRACTS = CollectionId(7)
CONTRACTS_SHELF = Shelf(ShelfKind.COLLECTION, CONTRACTS)


def test_natural_key_numbers_inside_names_sort_by_value():
    names = ["Part 10", "part 9", "Part", "9 lives", "Ärger", "Part 9b", "٣ notes"]
    assert sorted(names, key=natural_key) == [
        "٣ notes", "9 lives", "Part", "part 9", "Part 9b", "Part 10", "Ärger",
    ]  # fmt: skip


def test_arrange_default_order_shows_newest_first():
    old, new = make_document(1, added_at=NOW), make_document(2, added_at=NOW + timedelta(1))
    assert arrange([old, new], EVERYTHING, StatusFilter.ALL, RowOrder()) == [new, old]


@pytest.mark.parametrize("descending", [False, True])
def test_arrange_equal_keys_keep_the_newest_id_first_in_both_directions(descending):
    same = [make_document(number, size_bytes=5) for number in (1, 2, 3)]
    rows = arrange(same, EVERYTHING, StatusFilter.ALL, RowOrder(Column.SIZE, descending))
    assert [each.id for each in rows] == [3, 2, 1]


def test_arrange_by_status_puts_failures_first_and_indexed_last():
    rows = arrange(
        [make_document(n, status=status) for n, status in enumerate(DocumentStatus)],
        EVERYTHING,
        StatusFilter.ALL,
        RowOrder(Column.STATUS, descending=False),
    )
    assert rows[0].status is DocumentStatus.FAILED
    assert rows[-1].status is DocumentStatus.INDEXED


def test_arrange_shelf_and_chip_both_filter():
    inside = make_document(1, collection_id=CONTRACTS)
    failed = make_document(2, collection_id=CONTRACTS, status=DocumentStatus.FAILED)
    outside = make_document(3, status=DocumentStatus.FAILED)
    rows = arrange([inside, failed, outside], CONTRACTS_SHELF, StatusFilter.FAILED, RowOrder())
    assert rows == [failed]


def test_count_by_filter_counts_only_the_shelf():
    documents = [
        make_document(1, collection_id=CONTRACTS),
        make_document(2, collection_id=CONTRACTS, status=DocumentStatus.READING),
        make_document(3, collection_id=CONTRACTS, status=DocumentStatus.QUEUED),
        make_document(4, status=DocumentStatus.FAILED),
    ]
    assert count_by_filter(documents, CONTRACTS_SHELF) == {
        StatusFilter.ALL: 3,
        StatusFilter.INDEXED: 1,
        StatusFilter.IN_PROGRESS: 2,
        StatusFilter.FAILED: 0,
        StatusFilter.CANCELLED: 0,
    }


def test_shelf_scope_of_each_kind():
    loose, held = make_document(1), make_document(2, collection_id=CONTRACTS)
    assert EVERYTHING.scope([loose, held]) == Scope()
    assert CONTRACTS_SHELF.scope([loose, held]) == Scope(collections=(CONTRACTS,))
    assert Shelf(ShelfKind.LOOSE).scope([loose, held]) == Scope(documents=(loose.id,))


def test_runs_neighbours_are_gathered():
    assert runs([0, 1, 2, 5, 7, 8]) == ((0, 2), (5, 5), (7, 8))
    assert runs([]) == ()


def test_plan_rows_same_documents_plans_nothing():
    documents = [make_document(number) for number in range(3)]
    again = [make_document(number) for number in range(3)]
    plan = plan_rows(documents, again)
    assert plan is not None
    assert plan == type(plan)((), False, (), ())


def test_plan_rows_progress_of_one_document_changes_one_row():
    documents = [make_document(number) for number in range(5)]
    later = [*documents]
    later[3] = replace(documents[3], chunks_done=99)
    plan = plan_rows(documents, later)
    assert plan is not None
    assert plan.changed == ((3, 3),)
    assert not plan.removed
    assert not plan.inserted
    assert not plan.reordered


def test_plan_rows_scattered_changes_ask_to_start_over():
    documents = [make_document(number) for number in range(4 * MOST_RUNS)]
    assert plan_rows(documents, documents[::2]) is None


@pytest.mark.parametrize("seed", range(20))
def test_plan_rows_carried_out_on_a_list_gives_the_new_list(seed):
    chance = random.Random(seed)
    old = [make_document(number) for number in chance.sample(range(40), 20)]
    new = [make_document(number) for number in chance.sample(range(40), 20)]
    plan = plan_rows(old, new)
    assert plan is not None
    rows = list(old)
    for first, last in plan.removed:
        del rows[first : last + 1]
    if plan.reordered:
        rows = [each for each in new if each in rows]
    for first, last in plan.inserted:
        rows[first:first] = new[first : last + 1]
    assert rows == new

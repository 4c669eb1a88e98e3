from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.llama.kv.cells import CellLedger


def test_copied_beginning_is_counted_once() -> None:
    ledger = CellLedger(100)
    ledger.grow(0, 40)
    ledger.copy(0, 1, 30)
    ledger.grow(1, 5)
    assert (ledger.used, ledger.length(1), ledger.own(1), ledger.own(0)) == (45, 35, 5, 10)


def test_dropping_the_source_keeps_what_the_copy_shares() -> None:
    ledger = CellLedger(100)
    ledger.grow(0, 40)
    ledger.copy(0, 1, 30)
    ledger.drop(0)
    assert (ledger.used, ledger.length(1)) == (30, 30)
    ledger.drop(1)
    assert (ledger.used, ledger.free) == (0, 100)


def test_sequence_that_was_cut_grows_beside_the_one_it_shared_with() -> None:
    ledger = CellLedger(100)
    ledger.grow(0, 40)
    ledger.copy(0, 1, 40)
    ledger.cut(1, 10)
    ledger.grow(1, 7)
    assert (ledger.used, ledger.length(0), ledger.length(1)) == (47, 40, 17)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grow", "copy", "cut", "drop"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 30),
    ),
    max_size=60,
)


@given(_STEPS)
@settings(max_examples=200, deadline=None)
def test_ledger_counts_what_a_list_of_cells_would(steps: list[tuple[str, int, int, int]]) -> None:
    ledger, cells, fresh = CellLedger(10_000), {each: list[int]() for each in range(4)}, 0
    for step, one, other, number in steps:
        if step == "grow" and number:
            ledger.grow(one, number)
            cells[one] += range(fresh, fresh + number)
            fresh += number
        elif step == "copy" and one != other and not cells[other]:
            ledger.copy(one, other, number)
            cells[other] = cells[one][:number]
        elif step == "cut":
            ledger.cut(one, number)
            cells[one] = cells[one][:number]
        elif step == "drop":
            ledger.drop(one)
            cells[one] = []
        used = set().union(*map(set, cells.values()))
        assert ledger.used == len(used)
        for each, held in cells.items():
            others = set().union(*(set(more) for key, more in cells.items() if key != each))
            assert ledger.length(each) == len(held)
            assert ledger.own(each) == len(set(held) - others)
